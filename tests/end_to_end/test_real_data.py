"""Training and weights on real MNIST and CIFAR-10, with the commands that a user types: make test-long."""
import csv
import json
import os
import subprocess
import sys

import pytest

from common import machine
from tests.shared import GOLDEN, ROOT, SHARED, needs_golden

UNPACK = os.path.join(SHARED, 'data', 'unpack.py')
CACHE = machine.cache_folder('data')

pytestmark = [pytest.mark.long, pytest.mark.skipif(not os.path.exists(UNPACK), reason='no data: %s is not there' % UNPACK)]


@pytest.fixture(scope='module')
def data_dir():
    """mnist.npz and cifar10.npz, unpacked once and kept in the user's cache."""
    if not all(os.path.exists(os.path.join(CACHE, name)) for name in ('mnist.npz', 'cifar10.npz')):
        subprocess.run([sys.executable, UNPACK, CACHE], check=True)
    return CACHE


def run(*command):
    """Run a command of the project; its output is shown if it fails."""
    process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             universal_newlines=True)
    assert process.returncode == 0, process.stdout
    return process.stdout


def column(run_folder, name):
    """One column of a run's history, epoch by epoch."""
    with open(str(run_folder / 'history.csv')) as handle:
        return [float(row[name]) for row in csv.DictReader(handle)]


def make(target, out, data_dir, net, bits, **variables):
    choices = ['NET=' + net, 'WB=%d' % bits[0], 'AB=%d' % bits[1], 'OUT=%s' % out, 'DATA_DIR=' + data_dir]
    return run('make', target, *(choices + ['%s=%s' % pair for pair in variables.items()]))


def expected_files(overlay):
    with open(os.path.join(GOLDEN, 'weights_sha256.json')) as handle:
        return sorted(name.split(' ')[0] for name in json.load(handle)[overlay + ' seed 1'])


def files(folder):
    """The paths of a folder's files, relative to it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


@needs_golden
@pytest.mark.parametrize('net, bits, train_size, worst_error', [
    ('lfc', (1, 1), 50000, 9), ('lfc', (1, 2), 20000, 12),      # validation error after the first epoch, %
    ('cnv', (1, 1), 2000, None), ('cnv', (1, 2), 2000, None), ('cnv', (2, 2), 2000, None)])
def test_train_and_weights(tmp_path, data_dir, net, bits, train_size, worst_error):
    overlay = '%sW%dA%d' % ((net,) + bits)
    dataset = {'lfc': 'mnist', 'cnv': 'cifar10'}[net]
    folder = tmp_path / ('%s-%s' % (dataset, overlay))
    print(make('train', tmp_path, data_dir, net, bits, EPOCHS=2, TRAIN_SIZE=train_size))
    losses = column(folder, 'training_loss')
    assert losses[1] < losses[0]
    if worst_error is not None:
        assert column(folder, 'validation_error_rate')[0] < worst_error
    assert (folder / ('%s-%dw-%da.npz' % ((dataset,) + bits))).exists()

    make('weights', tmp_path, data_dir, net, bits)
    assert files(folder / overlay) == expected_files(overlay)
    assert (folder / 'classes.txt').read_bytes() == (folder / overlay / 'classes.txt').read_bytes()


@pytest.mark.parametrize('script, folder, train_size', [
    ('mnist_mod.py', 'mnist-lfcW1A1', 2000), ('cifar10_mod.py', 'cifar10-cnvW1A1', 200)])
def test_both_pythons_start_alike(tmp_path, data_dir, script, folder, train_size):
    losses = []
    for kind in ('2.7', '3'):
        out = tmp_path / kind
        run('scripts/in_env.sh', '--tests', kind, 'python', 'training/' + script, '--data-dir', data_dir, '--epochs', '1',
            '--train-size', str(train_size), '--out', str(out))
        losses.append(column(out / folder, 'training_loss')[0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
