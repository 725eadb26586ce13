"""make watch: the page follows the run's files, and reloads itself only while the run trains."""
from __future__ import absolute_import, unicode_literals

import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from common.run_folder import RunFolder
from report import watch
from tests.report.test_compare import HEAD, ROWS
from tests.shared import ROOT

REFRESH = '<meta http-equiv="refresh"'


def epochs(folder, count, in_all=3):
    """Make a run as training leaves it after so many epochs."""
    folder.join('settings.json').write(json.dumps({'net': 'lfc', 'epochs': in_all}))
    folder.join('history.csv').write(HEAD + ''.join(line + '\n' for line in ROWS.splitlines()[:count]))


def page(folder):
    with io.open(str(folder.join('report.html')), encoding='utf-8') as handle:
        return handle.read()


def test_it_follows_the_run_and_ends_with_it(tmpdir, monkeypatch):
    folder, told, pages = tmpdir.join('pets-lfcW1A1'), [], []
    steps = [lambda: folder.mkdir(), lambda: epochs(folder, 0), lambda: epochs(folder, 2),
             lambda: folder.join('train.log').write('nothing new'), lambda: epochs(folder, 3)]

    def sleep(seconds):
        if folder.join('report.html').exists():
            pages.append(page(folder))
        steps.pop(0)()

    monkeypatch.setattr(time, 'sleep', sleep)
    watch.watch(str(folder), tell=told.append)
    assert told[0].startswith('waiting for ') and 'make train' in told[0]
    assert [line.partition('report.html: ')[2] for line in told[1:-1]] == [
        'epoch 0 of 3', 'epoch 2 of 3, validation error 9.50 %, the best 9.50 % in epoch 2',
        'epoch 2 of 3, validation error 9.50 %, the best 9.50 % in epoch 2',
        'epoch 3 of 3, validation error 11.00 %, the best 9.50 % in epoch 2']
    assert told[-1].startswith('%s is finished: ' % folder)
    assert all(REFRESH in text and 'In training' in text for text in pages)
    assert 'epoch 2 of 3' in pages[-1] and 'Trained for 2 of 3 epochs so far' in pages[-1] and 'RESUME' not in pages[-1]
    assert REFRESH not in page(folder) and 'In training' not in page(folder) and 'Trained for 3 epochs' in page(folder)


def test_a_finished_run_is_shown_once_where_nothing_trains(tmpdir, monkeypatch):
    folder, told = tmpdir.mkdir('pets-lfcW1A1'), []
    epochs(folder, 3)
    monkeypatch.delattr(time, 'sleep')
    watch.watch(str(folder), tell=told.append)
    assert len(told) == 2 and 'report.html: epoch 3 of 3' in told[0]
    assert told[1] == '%s is finished: to watch the next training in its place, start that first' % folder
    assert REFRESH not in page(folder)


@pytest.mark.parametrize('fails, expected', [
    (False, ['epoch 3 of 3', 'epoch 1 of 2', 'epoch 2 of 2']),      # also where the last epoch and the end are one step
    (True, ['epoch 3 of 3'])])                                      # before the finished run is put aside
def test_where_a_training_starts_it_waits_for_the_new_run(tmpdir, monkeypatch, fails, expected):
    folder, told = tmpdir.mkdir('pets-lfcW1A1'), []
    epochs(folder, 3)
    training = RunFolder(str(folder)).only_writer()

    def end():
        if not fails:
            epochs(folder, 2, in_all=2)
        training.__exit__(None, None, None)

    steps = [lambda: None] + [lambda: folder.move(tmpdir.join('pets-lfcW1A1.1')), lambda: folder.mkdir(),
                              lambda: epochs(folder, 1, in_all=2)] * (not fails) + [end]
    monkeypatch.setattr(time, 'sleep', lambda seconds: steps.pop(0)())
    training.__enter__()
    watch.watch(str(folder), tell=told.append)
    assert not steps and told.pop().startswith('%s is finished: ' % folder)
    assert [line.partition('report.html: ')[2].split(',')[0] for line in told] == expected
    assert REFRESH not in page(folder)


@pytest.mark.parametrize('number, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_it_leaves_a_page_that_does_not_reload(tmpdir, number, status):
    folder = tmpdir.mkdir('pets-lfcW1A1')
    epochs(folder, 1)
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, 'report', 'watch.py'), '--run', str(folder)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert b'epoch 1 of 3' in process.stdout.readline()
    assert REFRESH in page(folder)
    process.send_signal(number)
    errors = process.communicate()[1].decode('utf-8')
    assert process.returncode == status and 'Traceback' not in errors
    assert REFRESH not in page(folder) and 'RESUME=1' in page(folder)


def test_a_run_whose_name_is_none(tmpdir, capsys):
    folder = tmpdir.mkdir('pets')
    epochs(folder, 1)
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, 'report', 'watch.py'), '--run', str(folder)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    assert process.returncode == 1 and b'does not name a run' in errors and errors.count(b'\n') == 1
