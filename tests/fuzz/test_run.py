"""How tests.fuzz.run handles the output of searches, with mock searches."""
from __future__ import absolute_import

import json
import os
import sys

import pytest

if sys.version_info < (3,):
    pytest.skip('fuzzing is for Python 3.11', allow_module_level=True)

from common.files import sha256
from tests.fuzz import run

TRACEBACK = '#12\tNEW cov: 3\n=== Uncaught Python exception: ===\nKeyError: 3\nstat::number_of_executed_units: 40\n'
DONE = '#1024\tpulse  cov: 17\nstat::number_of_executed_units: 5000\n'


@pytest.fixture
def searches(tmpdir, monkeypatch):
    """Have searches answer in turn: (status, output, names of finds); returns the list of calls."""
    monkeypatch.setattr(run, 'CORPUS', str(tmpdir.join('corpus')))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmpdir.join('cache')))
    monkeypatch.setattr(run.importlib.util, 'find_spec', lambda name: True)
    calls, answers, now = [], [], [0]
    monkeypatch.setattr(run, 'time', type('Clock', (), {'time': staticmethod(lambda: now[0])}))

    def libfuzzer(name, options, artifacts):
        calls.append(options)
        status, output, found = answers.pop(0) if answers else (0, DONE, [])
        for file in found:
            with open(os.path.join(artifacts, file), 'w') as handle:
                handle.write(file)
        now[0] += 1 if answers else 10 ** 6     # the time is over
        return status, output
    monkeypatch.setattr(run, 'libfuzzer', libfuzzer)
    return calls, answers


def main(tmpdir, *arguments):
    status = run.main(['idx', '--json', str(tmpdir.join('fuzz.json'))] + list(arguments))
    with open(str(tmpdir.join('fuzz.json'))) as handle:
        return status, json.load(handle)['idx']


def test_a_quiet_search(tmpdir, searches):
    status, told = main(tmpdir)
    assert not status and told['tried'] == 5000 and not any(told[kind] for kind in run.FINDS)
    assert not os.path.exists(run.CORPUS)


def test_a_traceback_is_kept_for_the_tests(tmpdir, searches, capsys):
    searches[1].extend([(77, TRACEBACK, ['crash-1']), (0, DONE, [])])
    status, told = main(tmpdir)
    assert status and (told['tried'], told['tracebacks'], told['crashes']) == (5040, 1, 0)
    name, = os.listdir(os.path.join(run.CORPUS, 'idx'))
    assert name == 'find-' + sha256(os.path.join(run.CORPUS, 'idx', name))[:12]
    assert 'KeyError: 3' in capsys.readouterr()[0]


def test_a_crash_is_told_from_a_traceback(tmpdir, searches):
    searches[1].append((77, '==3== ERROR: libFuzzer: deadly signal\n#7\tNEW\n', ['crash-1']))
    told = main(tmpdir)[1]
    assert (told['tried'], told['tracebacks'], told['crashes']) == (7, 0, 1)


@pytest.mark.parametrize('again, hangs', [(70, 1), (0, 0)])
def test_what_takes_long_must_do_so_twice(tmpdir, searches, again, hangs):
    searches[1].extend([(70, DONE, ['timeout-1']), (again, '', [])])
    status, told = main(tmpdir)
    assert (bool(status), told['hangs']) == (bool(hangs), hangs)


def test_a_search_that_fails_itself_is_no_find(tmpdir, searches):
    searches[1].extend([(1, 'no such module', [])] * 2)
    with pytest.raises(run.Broken, match='failed with status 1: no such module'):
        main(tmpdir)


def test_a_few_small_files_are_kept_for_the_tests(tmpdir, searches):
    main(tmpdir)
    kept = tmpdir.join('cache', 'bnn-pynq-training', 'fuzz', 'idx')
    for number in range(run.KEPT + 5):
        kept.join('%d' % number).write('x' * number)
    kept.join('large').write('x' * (run.KEPT_BYTES + 1))
    main(tmpdir, '--keep')
    assert len(os.listdir(os.path.join(run.CORPUS, 'idx'))) == run.KEPT
    main(tmpdir, '--keep')
    assert len(os.listdir(os.path.join(run.CORPUS, 'idx'))) == run.KEPT


def test_names_that_are_none(searches, capsys):
    with pytest.raises(SystemExit):
        run.main(['nothing'])
    assert 'no reader nothing' in capsys.readouterr()[1]
