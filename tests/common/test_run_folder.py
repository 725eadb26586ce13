"""A run folder: its files, what they hold, who writes it."""
from __future__ import absolute_import

import errno
import fcntl
import os

import pytest

from common import run_folder
from common.run_folder import HISTORY, BadRun, RunFolder

ROWS = [(1, .003, .5, .4, 12., 1, 12., .4, 13.), (2, 1e-3, 1 / 3., .3, 9.5, 2, 9.5, .3, 10.25)]


@pytest.fixture
def run(tmpdir):
    return RunFolder(str(tmpdir.mkdir('digits-lfcW1A2')))


def test_the_files(run):
    assert (run.dataset, run.overlay.name, run.name) == ('digits', 'lfcW1A2', 'digits-lfcW1A2')
    assert os.path.relpath(run.parameters, run.path) == 'digits-1w-2a.npz'
    assert os.path.relpath(run.package, run.path) == 'digits-lfcW1A2.tar.gz'
    assert os.path.relpath(run.folder, run.path) == 'lfcW1A2'


@pytest.mark.parametrize('name, dataset, network', [
    ('my-pets-cnvW1A1.3', 'my-pets', 'cnvW1A1'), ('mnist-lfcW1A1-original', 'mnist', 'lfcW1A1'),
    ('a-lfcW1A1-cnvW2A2', 'a-lfcW1A1', 'cnvW2A2')])
def test_names(tmpdir, name, dataset, network):
    run = RunFolder(str(tmpdir.mkdir(name)))
    assert (run.dataset, run.overlay.name) == (dataset, network)


@pytest.mark.parametrize('name', ['digits', 'cnvW1A1', '-cnvW1A1', 'digits-lfcW2A2', 'digits-cnvW1A10', '/'])
def test_what_is_no_name_of_a_run(name):
    with pytest.raises(BadRun) as refused:
        RunFolder(name, exists=False)
    assert 'does not name a run' in str(refused.value)


def test_a_folder_that_is_not_there(tmpdir):
    path = str(tmpdir.join('digits-lfcW1A2'))
    assert RunFolder(path, exists=False).path == path
    with pytest.raises(BadRun) as refused:
        RunFolder(path)
    assert 'run make train first' in str(refused.value)


# --- history.csv -----------------------------------------------------------------------------------------------------

def test_the_history_reads_back_as_the_same_numbers(run):
    assert run.read_history() is None
    run.write_history([])
    assert run.read_history() is None
    run.write_history(ROWS)
    assert run.read_history() == {name: list(column) for name, column in zip(HISTORY, zip(*ROWS))}
    with open(run.history, 'rb') as handle:
        lines = handle.read().split(b'\n')
    assert lines[0].split(b',') == [name.encode('ascii') for name in HISTORY] and lines[3:] == [b'']
    assert lines[2] == b'2,0.001,0.3333333333333333,0.3,9.5,2,9.5,0.3,10.25'


@pytest.mark.parametrize('text', [
    b'epoch,LR\n1,2\n', b'1,2\n3\n', b'\xff\n1,2\n', ','.join(HISTORY).encode('ascii') + b'\n' + b',,,,,,,,\n',
    ','.join(HISTORY).encode('ascii') + b'\n1,1,1,1,1,2,1,1,1\n'])
def test_a_damaged_history(run, text):
    with open(run.history, 'wb') as handle:
        handle.write(text)
    with pytest.raises(BadRun) as refused:
        run.read_history()
    assert 'history.csv is damaged' in str(refused.value)


# --- settings.json, verify.json --------------------------------------------------------------------------------------

def put(path, text):
    with open(path, 'w') as handle:
        handle.write(text)


def test_settings(run):
    assert run.read_settings() is None
    put(run.settings, '{"net": "lfc", "epochs": 3, "train_size": null, "own": [1]}')
    assert run.read_settings() == {'net': 'lfc', 'epochs': 3, 'train_size': None, 'own': [1]}


@pytest.mark.parametrize('text', ['', '{', '[]', '7', '{"net": 1}', '{"epochs": "3"}', '{"epochs": true}', '{"init": 5}',
                                  '{"seed": 1.5}', '{"dataset": "\\ud800"}', '{"own": ["\\udfff"]}', '[' * 100000])
def test_damaged_settings(run, text):
    put(run.settings, text)
    with pytest.raises(BadRun) as refused:
        run.read_settings()
    assert 'settings.json is damaged' in str(refused.value) and '\n' not in str(refused.value)


def test_whether_a_run_can_be_resumed(run):
    settings = {'net': 'lfc', 'seed': 5}
    assert not run.can_resume(settings)
    put(run.settings, '{"net": "lfc", "seed": 5, "recipe": "best"}')
    assert not run.can_resume(settings)
    put(run_folder.previous(run.checkpoint), '')
    assert run.has_checkpoint() and run.can_resume(settings) and not run.can_resume(dict(settings, seed=6))
    put(run.settings, '{')
    assert not run.can_resume(settings)


# --- whole folders ---------------------------------------------------------------------------------------------------

def test_put_aside(tmpdir):
    run = RunFolder(str(tmpdir.join('digits-lfcW1A1')), exists=False)
    assert run.put_aside() is None      # nothing there
    run.prepare()
    assert run.put_aside() is None      # nothing in it
    for expected in ('.1', '.2', '.3'):
        run.prepare()
        put(run.checkpoint, expected)
        put(os.path.join(run.path, '.checkpoint.npz.%s.tmp' % ('0' * 32)), 'of a killed run')
        assert run.put_aside() == run.path + expected and not os.path.exists(run.path)
        assert tmpdir.join('digits-lfcW1A1' + expected, 'checkpoint.npz').read() == expected
        assert len(tmpdir.join('digits-lfcW1A1' + expected).listdir()) == 1
        assert RunFolder(run.path + expected).name == run.name


def test_only_writer(tmpdir):
    run, other = (RunFolder(str(tmpdir.join('a', 'b', name)), exists=False) for name in ('x-lfcW1A1', 'x-lfcW1A2'))
    assert not run.is_being_written() and not tmpdir.listdir()
    with run.only_writer():
        assert run.is_being_written() and not other.is_being_written()
        with pytest.raises(BadRun) as refused:
            with run.only_writer():
                pass
        assert 'another run is writing %s' % run.path in str(refused.value)
        with other.only_writer():
            pass
    assert not run.is_being_written()
    with run.only_writer():
        pass


@pytest.mark.parametrize('code', [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(run, monkeypatch, code):
    def flock(handle, operation):
        raise EnvironmentError(code, os.strerror(code))
    monkeypatch.setattr(fcntl, 'flock', flock)
    with run.only_writer():
        run.write_history(ROWS)
        assert not run.is_being_written()
    assert run.read_history()['epoch'] == [1, 2]


def test_runs_in_a_folder(tmpdir):
    for name in ('a-lfcW1A1', 'b-lfcW1A1.1', '.hidden', 'else'):
        tmpdir.mkdir(name)
        if name != 'else':
            tmpdir.join(name, 'settings.json').write('{}')
    assert sorted(run_folder.run_folders(str(tmpdir))) == [str(tmpdir.join(name)) for name in ('a-lfcW1A1', 'b-lfcW1A1.1')]
