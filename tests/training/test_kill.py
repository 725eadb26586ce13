"""Runs that are killed at random moments and resumed end with the same bytes as one that was never stopped."""
from __future__ import absolute_import, division, print_function

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from common.files import sha256
from tests.shared import ROOT
from training import checkpoint
from training.stopping import STOPPED

SAME_FILES = ('digits-1w-1a.npz', 'history.csv', 'test-outputs.npz', 'classes.txt', 'test-set.npz')
ARGUMENTS = {'lfc': ['training/mnist_mod.py', '--dataset', 'digits', '--epochs', '2', '--train-size', '500'],
             'cnv': ['training/cifar10_mod.py', '--dataset', 'digits', '--epochs', '2', '--train-size', '200']}


def start(net, out, *options, **variables):
    """Start a training in its own process, by default with a checkpoint after every batch."""
    environment = dict(os.environ, PYTHONUNBUFFERED='1', BNN_CHECKPOINT_SECONDS='0')
    environment.update(variables)
    return subprocess.Popen([sys.executable] + ARGUMENTS[net] + ['--out', str(out)] + list(options), cwd=ROOT,
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(process):
    """(exit status, what was printed)"""
    output = process.communicate()[0].decode('utf-8', 'replace')
    return process.returncode, output


def folder(net, out):
    return os.path.join(str(out), 'digits-%sW1A1' % net)


def wait_for(process, path):
    """Wait until a file is there, or the process has ended."""
    while process.poll() is None and not os.path.exists(path):
        time.sleep(.02)


def flip_a_bit(path):
    with open(path, 'r+b') as handle:
        handle.seek(os.path.getsize(path) // 2)
        byte = handle.read(1)
        handle.seek(-1, os.SEEK_CUR)
        handle.write(bytearray([ord(byte) ^ 1]))


def figures(log):
    """train.log without the times, which differ between runs."""
    with open(log) as handle:
        return [line for line in handle if not line.startswith(('Epoch', 'save_path'))]


def assert_same(net, first, second):
    assert not [name for name in os.listdir(folder(net, second)) if name.endswith('.tmp')], 'what a kill left'
    for name in SAME_FILES:
        assert sha256(os.path.join(folder(net, first), name)) == sha256(os.path.join(folder(net, second), name)), name
    assert figures(os.path.join(folder(net, first), 'train.log')) == figures(
        os.path.join(folder(net, second), 'train.log'))


@pytest.fixture(scope='module', params=['lfc', pytest.param('cnv', marks=pytest.mark.long)])
def uninterrupted(request, tmp_path_factory):
    """(net, out) of an uninterrupted run."""
    out = tmp_path_factory.mktemp('uninterrupted-' + request.param)
    status, output = finish(start(request.param, out, BNN_CHECKPOINT_SECONDS='1000'))
    assert status == 0, output
    return request.param, out


def killed_until_done(net, out, kills, seed):
    """Kill a run `kills` times, at random moments after its first checkpoint; then let it end."""
    moments = random.Random(seed)
    killed = 0
    last = os.path.join(folder(net, out), 'checkpoint.npz')
    while killed < kills:
        before = os.stat(last).st_mtime if os.path.exists(last) else None
        process = start(net, out, '--resume')
        while process.poll() is None and (not os.path.exists(last) or os.stat(last).st_mtime == before):
            time.sleep(.01)
        time.sleep(moments.uniform(0, .6))
        if process.poll() is not None:          # it ended before it could be killed
            break
        process.kill()
        process.wait()
        killed += 1
    status, output = finish(start(net, out, '--resume'))
    assert status == 0, output
    return killed


@pytest.mark.once
def test_stopped_in_every_way(uninterrupted, tmp_path):
    """SIGTERM, then kill -9 and a damaged checkpoint, then run to the end."""
    net, out = uninterrupted
    path = os.path.join(folder(net, tmp_path), 'checkpoint.npz')
    process = start(net, tmp_path)
    wait_for(process, path)
    asked = time.time()
    for _ in range(2):      # the group gets the signal, and make passes it on: twice
        process.send_signal(signal.SIGTERM)
    status, output = finish(process)
    assert status == STOPPED and time.time() - asked < 60, output
    assert 'resume with --resume' in output and 'Traceback' not in output

    os.rename(path, checkpoint.previous(path))          # the checkpoint to fall back on
    process = start(net, tmp_path, '--resume')
    wait_for(process, path)
    process.kill()
    process.wait()
    newest = path if os.path.exists(path) else checkpoint.previous(path)    # the kill may come between two renames
    if newest == path:
        flip_a_bit(path)
    status, output = finish(start(net, tmp_path, '--resume'))
    assert status == 0 and 'Resuming at epoch' in output
    assert newest != path or ('is damaged' in output and 'using the previous checkpoint' in output)
    assert_same(net, out, tmp_path)


def test_stopped_while_compiling(tmp_path):
    """Before the first batch nothing is lost; with this status a supervisor restarts it."""
    flags = ','.join(filter(None, [os.environ.get('THEANO_FLAGS'), 'base_compiledir=%s' % (tmp_path / 'compiled')]))
    process = start('lfc', tmp_path, THEANO_FLAGS=flags)
    line = b''
    while not line.startswith(b'Compiling') and process.poll() is None:
        line = process.stdout.readline()
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
    status, output = finish(process)
    assert status == STOPPED and 'stopped before the first batch (SIGTERM): start it again' in output
    assert 'Traceback' not in output and not os.path.exists(os.path.join(folder('lfc', tmp_path), 'checkpoint.npz'))


@pytest.mark.parametrize('seed', [pytest.param(0, marks=pytest.mark.thorough)] +
                         [pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 10)])
def test_killed_many_times(uninterrupted, tmp_path, seed):
    net, out = uninterrupted
    assert killed_until_done(net, tmp_path, 3, seed) >= 2
    assert_same(net, out, tmp_path)


@pytest.mark.long
def test_same_seed_same_bytes(uninterrupted, tmp_path):
    net, out = uninterrupted
    status, output = finish(start(net, tmp_path))
    assert status == 0, output
    assert_same(net, out, tmp_path)


def test_no_checkpoint_can_be_used(tmp_path):
    path = str(tmp_path / 'checkpoint.npz')
    for contents in ({'a': np.zeros(3)}, {'a': np.ones(3)}):
        checkpoint.save(path, contents)
    for name in (path, checkpoint.previous(path)):
        with open(name, 'r+b') as handle:
            handle.truncate(100)
    with pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.load(path)
    assert str(refused.value).count('is damaged') == 2 and 'start over with RESUME=0' in str(refused.value)
