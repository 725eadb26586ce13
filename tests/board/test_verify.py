"""Verifying runs: what passes, and every way to fail."""
from __future__ import absolute_import, division

import io
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from board import verify
from board.simulator import Simulator, answers
from common.errors import run
from common.overlays import HIGHEST_OUTPUT, OVERLAYS
from tests.board import runs
from tests.shared import ROOT


@pytest.fixture(scope='module')
def made(tmpdir_factory):
    """Two correct runs: an LFC and a CNV."""
    root = tmpdir_factory.mktemp('made')
    yield {name: runs.make(root, name) for name in ('mnist-lfcW1A2', 'cifar10-cnvW1A1')}
    shutil.rmtree(str(root))


@pytest.fixture
def lfc(made, tmpdir):
    """A copy of the LFC's run, to change."""
    path = str(tmpdir.join('mnist-lfcW1A2'))
    shutil.copytree(made['mnist-lfcW1A2'], path, ignore=shutil.ignore_patterns('verify.json'))
    return path


def outcome(capsys, path, *options):
    """The exit status, stdout and stderr of verify.py."""
    status = run(verify.main, ['--run', path] + list(options))
    return (status,) + tuple(capsys.readouterr())


def refused(capsys, path, *options):
    """The one line of error of a verification that fails."""
    status, _, error = outcome(capsys, path, *options)
    assert status == 1 and error.count('\n') == 1 and 'Traceback' not in error
    return error


def result_of(path):
    with io.open(os.path.join(path, 'verify.json'), encoding='ascii') as handle:
        return json.load(handle)


def rewrite(path, **changed):
    """Change some arrays of an .npz file."""
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays.update(changed)
    runs.write_npz(path, {name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize('name', ['mnist-lfcW1A2', 'cifar10-cnvW1A1'])
def test_what_is_counted(made, capsys, name):
    path = made[name]
    status, printed, error = outcome(capsys, path)
    assert (status, error) == (0, '')
    overlay = OVERLAYS[name.split('-')[1]]
    with np.load(os.path.join(path, 'test-set.npz')) as archive:
        images, labels = archive['x_test'], archive['y_test']
    with np.load(os.path.join(path, 'test-outputs.npz')) as archive:
        trained = archive['outputs'].argmax(axis=1)
    board = answers(overlay, Simulator(os.path.join(path, overlay.name), overlay, 'numpy').scores(images))
    result = result_of(path)
    assert result['accuracy']['trained'] == pytest.approx(100 * np.mean(trained == labels))
    assert result['accuracy']['packed'] == pytest.approx(100 * np.mean(board == labels))
    assert result['agreement'] == pytest.approx(100 * np.mean(board == trained))
    assert [entry['image'] for entry in result['differences']] == np.flatnonzero(board != trained).tolist()
    for entry in result['differences']:
        index = entry['image']
        assert (entry['label'], entry['trained'], entry['board']) == (labels[index], trained[index], board[index])
    assert sum(result['reasons'].values()) == len(result['differences'])
    for label in range(6):
        for answer in range(6):
            assert result['confusion'][label][answer] == np.sum((labels == label) & (board == answer))
    assert result['passed'] and result['exact_images'] == len(images) and result['problems'] == []
    assert '%.2f %% right' % result['accuracy']['packed'] in printed


def test_the_board_rule_warns_and_is_no_failure(made, capsys):
    status, printed, _ = outcome(capsys, made['mnist-lfcW1A2'])
    result = result_of(made['mnist-lfcW1A2'])
    assert result['accuracy']['trained'] - result['accuracy']['packed'] > 1    # a random network: it must differ
    assert result['trained_by_board_rule'] == result['accuracy']['packed']
    assert set(result['reasons']) <= {'no bit set', 'several bits set'}
    assert status == 0 and 'warning: the board\'s rule' in printed


def test_a_network_that_was_trained_for_the_boards_rule(lfc, capsys):
    """It answers exactly as the board does: nothing can differ."""
    with open(os.path.join(lfc, 'settings.json'), 'w') as handle:
        json.dump({'decision': HIGHEST_OUTPUT}, handle)
    status, printed, _ = outcome(capsys, lfc)
    result = result_of(lfc)
    assert result['accuracy']['trained'] == result['trained_by_board_rule']
    assert result['agreement'] == 100 and result['reasons'] == {}
    assert status == 0 and 'warning' not in printed and 'right, by the highest output that reaches 0' in printed


def test_tolerance(tmpdir, capsys):
    layers = runs.layers_of(OVERLAYS['cnvW1A2'], negative=True, seed=6)
    path = runs.make(tmpdir, 'cifar10-cnvW1A2', layers)
    error = refused(capsys, path)
    result = result_of(path)
    lost = result['accuracy']['trained'] - result['accuracy']['packed']
    assert lost > 1 and not result['passed'] and 'tolerance is 1' in error
    assert outcome(capsys, path, '--tolerance', '%.1f' % (lost + 0.1))[0] == 0 and result_of(path)['passed']
    assert outcome(capsys, path, '--tolerance', '%.1f' % (lost - 0.1))[0] == 1
    assert outcome(capsys, path, '--tolerance', '%r' % lost)[0] == 0


@pytest.mark.parametrize('tolerance', ['-1', 'nan', 'much', '101'])
def test_tolerances_that_are_none(made, tolerance, capsys):
    with pytest.raises(SystemExit) as stop:
        run(verify.main, ['--run', made['cifar10-cnvW1A1'], '--tolerance=' + tolerance])
    assert stop.value.code == 2 and capsys.readouterr()[1].count('\n') == 1


def flip(path):
    with open(path, 'r+b') as handle:
        handle.seek(9)
        byte = bytearray(handle.read(1))
        handle.seek(9)
        handle.write(bytearray([byte[0] ^ 1]))


def cut(path):
    with open(path, 'r+b') as handle:
        handle.truncate(16)


def replace(path):
    os.remove(path)
    os.mkdir(path)


def write(path):
    with open(path, 'wb') as handle:
        handle.write(b'seven')


@pytest.mark.parametrize('name, damage, named', [
    ('1-3-weights.bin', flip, '1-3-weights.bin differs in 1 of'),
    ('2-0-thres.bin', flip, '2-0-thres.bin differs in 1 of'),
    ('0-31-thres.bin', cut, '0-31-thres.bin has 16 bytes instead of'),
    ('3-15-weights.bin', os.remove, '3-15-weights.bin is missing'),
    ('3-15-weights.bin', replace, '3-15-weights.bin is not a file'),
    ('4-0-weights.bin', write, '4-0-weights.bin does not belong there'),
    ('hw/notes', os.mkdir, 'hw/notes does not belong there'),
    ('classes.txt', write, 'classes.txt has 5 bytes instead of'),
    ('hw/config.h', flip, 'hw/config.h differs in 1 of'),
    ('hw/config.h', os.remove, 'hw/config.h is missing')])
def test_a_damaged_folder_is_named(lfc, capsys, name, damage, named):
    assert outcome(capsys, lfc)[0] == 0
    damage(os.path.join(lfc, 'lfcW1A2', name))
    assert named in refused(capsys, lfc)
    result = result_of(lfc)
    assert not result['passed'] and 'files' not in result and 'accuracy' not in result
    assert any(problem.startswith(named) for problem in result['problems'])


def test_the_folder_of_other_parameters(lfc, tmpdir, capsys):
    other = runs.make(tmpdir.mkdir('other'), 'mnist-lfcW1A2', runs.layers_of(OVERLAYS['lfcW1A2'], seed=8), count=3)
    shutil.rmtree(os.path.join(lfc, 'lfcW1A2'))
    shutil.copytree(os.path.join(other, 'lfcW1A2'), os.path.join(lfc, 'lfcW1A2'))
    error = refused(capsys, lfc)
    assert 'does not match mnist-1w-2a.npz' in error and 'listed in' in error and len(error) < 600
    assert len(result_of(lfc)['problems']) > 200


def test_names_of_foreign_files_reach_the_terminal_as_ascii(lfc, capsys):
    write(os.path.join(lfc.encode('utf-8'), b'lfcW1A2', b'\xff\x1b[31m\n'))
    assert '?' in refused(capsys, lfc)


@pytest.mark.parametrize('name, named', [
    ('mnist-1w-2a.npz', 'run make train first'), ('test-set.npz', 'run make train first'),
    ('test-outputs.npz', 'run make train first'), ('lfcW1A2', 'run make weights first')])
def test_what_is_missing_is_named(lfc, capsys, name, named):
    path = os.path.join(lfc, name)
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    error = refused(capsys, lfc)
    assert name in error and named in error
    assert not os.path.exists(os.path.join(lfc, 'verify.json'))


def test_outputs_of_other_parameters(lfc, capsys):
    rewrite(os.path.join(lfc, 'test-outputs.npz'), parameters_sha256=np.array('0' * 64))
    assert 'test-outputs.npz does not match' in refused(capsys, lfc)


@pytest.mark.parametrize('name, changed', [
    ('test-set.npz', {'y_test': np.full(20, 6)}), ('test-set.npz', {'y_test': np.zeros(19, int)}),
    ('test-set.npz', {'y_test': np.zeros(20)}), ('test-set.npz', {'y_test': None}),
    ('test-set.npz', {'x_test': np.zeros((20, 32, 32, 3), np.uint8)}),
    ('test-outputs.npz', {'outputs': np.zeros((20, 7), np.float32)}), ('test-outputs.npz', {'outputs': None}),
    ('test-outputs.npz', {'outputs': np.full((20, 6), np.nan)}),
    ('test-outputs.npz', {'parameters_sha256': np.array(b'\xff')}), ('test-outputs.npz', {'parameters_sha256': None})])
def test_arrays_that_do_not_fit(lfc, capsys, name, changed):
    rewrite(os.path.join(lfc, name), **changed)
    assert name in refused(capsys, lfc)


@pytest.mark.parametrize('name', ['test-set.npz', 'test-outputs.npz', 'mnist-1w-2a.npz'])
@pytest.mark.parametrize('content', [b'', b'PK\x03\x04', b'\x93NUMPY\x01\x00', b'cos\nsystem\n', None])
def test_damaged_archives(lfc, capsys, name, content):
    path = os.path.join(lfc, name)
    with open(path, 'r+b') as handle:
        handle.truncate(os.path.getsize(path) // 2 if content is None else 0)
        handle.write(content or b'')
    assert name in refused(capsys, lfc)


def test_as_a_command_from_elsewhere_and_without_a_compiler(lfc, tmpdir):
    command = [sys.executable, os.path.join(ROOT, 'board', 'verify.py'), '--run', lfc]
    environment = dict(os.environ, CC='no-compiler')
    printed = subprocess.check_output(command, cwd=str(tmpdir), env=environment).decode('ascii')
    assert 'numpy (there is no no-compiler' in printed
    with_numpy = result_of(lfc)
    subprocess.check_output(command, cwd=str(tmpdir))
    with_c = result_of(lfc)
    assert with_numpy.pop('simulator') != with_c.pop('simulator') and with_numpy == with_c


def test_a_full_disk_leaves_the_old_result(lfc, capsys, monkeypatch):
    assert outcome(capsys, lfc)[0] == 0
    before = result_of(lfc)

    def full(*arguments):
        raise IOError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    assert 'free some space' in refused(capsys, lfc)
    assert result_of(lfc) == before
    assert not [name for name in os.listdir(lfc) if name.endswith('.tmp')]
