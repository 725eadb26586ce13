"""BNN-PYNQ's training scripts as a user runs them: what they print, write and reject."""
from __future__ import absolute_import, division

import csv
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import theano

from common import overlays
from common.run_folder import HISTORY, PRETRAINED, RunFolder
from tests.datasets import drawings
from tests.shared import ROOT
from training import experiment, networks
from training.settings import Settings
from weights_gen import parameters

NOTES = 'lfcW', 'cnvW', 'Loading ', 'Starting Theano', 'Compiling ', 'Another training'  # printed before slow steps
TINY = ['--dataset', 'digits', '--epochs', '2', '--train-size', '100']
FLOAT = r'[-+.\de]+'
BLOCK = r'''Epoch %%d of 2 took %(f)ss
  LR:                            %%s
  training loss:                 %(f)s
  validation loss:               %(f)s
  validation error rate:         %(f)s%%%%
  best epoch:                    [12]
  best validation error rate:    %(f)s%%%%
  test loss:                     %(f)s
  test error rate:               %(f)s%%%%
''' % {'f': FLOAT}


def call(*arguments, **options):
    """(exit status, stdout, stderr) of a script, by default LFC's."""
    script = options.pop('script', 'mnist_mod.py')
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, 'training', script)] + [str(a) for a in arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    output, errors = process.communicate()
    return process.returncode, output.decode('utf-8'), errors.decode('utf-8')


def train(*arguments, **options):
    """What :func:`call` returns, without NOTES."""
    status, output, errors = call(*arguments, **options)
    return status, output, ''.join(line for line in errors.splitlines(True) if not line.startswith(NOTES))


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """(out folder, stdout, stderr) of a finished run."""
    out = tmp_path_factory.mktemp('done')
    status, output, errors = call('-ab', 2, '--out', out, *TINY, env=dict(os.environ, OMP_NUM_THREADS='1'))
    assert status == 0, errors
    return out, output, errors


@pytest.fixture
def done(finished):
    """(out folder, stdout) of a finished run."""
    return finished[:2]


def test_the_first_seconds_say_what_is_trained_where_and_that_it_compiles(finished):
    out, _, errors = finished
    lines = errors.splitlines()
    at = lines.index('lfcW1A2 on digits, by the recipe original, seed 1234: 2 epochs in batches of 100, '
                     'on the CPU (1 thread), into %s' % (out / 'digits-lfcW1A2'))
    assert lines[at + 1].startswith('Compiling lfcW1A2')


def test_what_is_printed(done):
    out, output = done
    folder = str(out / 'digits-lfcW1A2')
    assert output.startswith('activation_bits = 2\nweight_bits = 1\nbatch_size = 100\n')
    head, _, epochs = output.partition('Loading digits dataset...\nTraining...\n')
    assert head.endswith('save_path = %s/digits-1w-2a.npz\nshuffle_parts = 1\n' % folder)
    assert re.match('^' + BLOCK % (1, '0.003') + BLOCK % (2, '3e-05') + '$', epochs), epochs
    with open(os.path.join(folder, 'train.log')) as handle:
        assert handle.read() == output


def test_what_is_written(done):
    out, output = done
    folder = str(out / 'digits-lfcW1A2')
    assert set(os.listdir(folder)) == {
        'digits-1w-2a.npz', 'train.log', 'history.csv', 'checkpoint.npz', 'checkpoint-previous.npz', 'classes.txt',
        'settings.json', 'test-set.npz', 'test-outputs.npz'}
    with open(os.path.join(folder, 'history.csv')) as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 2 and set(rows[0]) == set(HISTORY)
    assert 'training loss:                 %s\n' % rows[1]['training_loss'] in output
    with open(os.path.join(folder, 'settings.json')) as handle:
        assert json.load(handle)['epochs'] == 2
    read = parameters.read(os.path.join(folder, 'digits-1w-2a.npz'), overlays.find('lfc', 1, 2))
    assert parameters.classes(read) == 10
    with np.load(os.path.join(folder, 'test-set.npz')) as images, \
            np.load(os.path.join(folder, 'test-outputs.npz')) as outputs:
        wrong = np.mean(outputs['outputs'].argmax(1) != images['y_test'])
    assert 100 * wrong == pytest.approx(float(rows[1]['test_error_rate']))


@pytest.mark.once
def test_starting_from_parameters(done, tmp_path):
    """Archives of 1 and 2 bits have the same form: a network of one can start from the other."""
    out, _ = done
    first = out / 'digits-lfcW1A2' / 'digits-1w-2a.npz'
    status, output, errors = train('--init', first, '--out', tmp_path, '--dataset', 'digits', '--epochs', 1,
                                   '--train-size', 100)
    assert status == 0, errors
    with np.load(str(first)) as old, np.load(str(tmp_path / 'digits-lfcW1A1' / 'digits-1w-1a.npz')) as new:
        moved = np.abs(new['arr_0'] - old['arr_0'])
    assert 0 < moved.max() < .003 * 34.72 * 1.001       # in one step: the rate times the layer's scale


@pytest.mark.once
def test_finished_runs_and_other_settings(done):
    out, _ = done
    status, output, _ = train('-ab', 2, '--resume', '--out', out, *TINY)
    assert status == 0 and 'This run is finished: 2 epochs' in output
    status, output, errors = train('-ab', 2, '--resume', '--out', out, '--dataset', 'digits', '--epochs', 3,
                                   '--train-size', 100, '--seed', 5)
    assert status == 1
    assert 'epochs was 2, is 3' in errors and 'seed was 1234, is 5' in errors and 'schedule depends' in errors
    assert errors.count('\n') == 1


@pytest.mark.once
def test_results_are_put_aside(done):
    out, _ = done
    folder = out / 'digits-lfcW1A2'
    before = (folder / 'digits-1w-2a.npz').read_bytes()
    status, _, errors = train('-ab', 2, '--out', out, *TINY)
    assert status == 0 and 'are now in %s.1' % folder in errors
    assert (out / 'digits-lfcW1A2.1' / 'digits-1w-2a.npz').read_bytes() == before
    assert (folder / 'digits-1w-2a.npz').read_bytes() == before, 'the same seed gives the same bytes'


@pytest.mark.once
def test_resuming_without_a_checkpoint_destroys_nothing(done, tmp_path):
    folder = tmp_path / 'digits-lfcW1A2'
    shutil.copytree(str(done[0] / 'digits-lfcW1A2'), str(folder))
    before = (folder / 'digits-1w-2a.npz').read_bytes()
    for name in ('checkpoint.npz', 'checkpoint-previous.npz'):
        (folder / name).unlink()
    status, _, errors = train('-ab', 2, '--out', tmp_path, '--resume', '--seed', 7, *TINY)
    assert status == 0 and 'no checkpoint' in errors and 'are now in %s.1' % folder in errors
    assert (tmp_path / 'digits-lfcW1A2.1' / 'digits-1w-2a.npz').read_bytes() == before


def test_no_gpu_no_training(tmp_path):
    """Rather than training on the CPU for a week. (Theano prints lines of its own about what is missing.)"""
    if theano.config.device.startswith('cuda'):
        pytest.skip('this machine has a GPU')
    status, _, errors = train('--out', tmp_path, '--device', 'cuda', *TINY)
    assert status == 1 and 'cannot use a GPU here' in errors.splitlines()[-1] and not os.listdir(str(tmp_path))


def test_no_place_for_what_is_compiled(tmp_path):
    (tmp_path / 'home').write_text(u'no folder')
    environment = {name: value for name, value in os.environ.items() if name not in ('THEANO_FLAGS', 'THEANORC')}
    status, _, errors = train('--out', tmp_path, *TINY, env=dict(environment, HOME=str(tmp_path / 'home')))
    assert status == 1 and 'base_compiledir=' in errors and errors.count('\n') == 1


@pytest.mark.once
def test_how_own_pictures_are_fitted_is_kept(tmp_path):
    own = tmp_path / 'own'
    drawings.folder(str(own), 70, classes=drawings.SHAPES[:2])
    status, _, errors = train('--dataset', own, '--out', tmp_path / 'runs', '--epochs', 1, '--threshold', 60, '--invert',
                              'yes', env=dict(os.environ, XDG_CACHE_HOME=str(tmp_path)))
    with open(str(tmp_path / 'runs' / 'own-lfcW1A1' / 'settings.json')) as handle:
        made = json.load(handle)
    assert (made['threshold'], made['invert']) == (60, 'yes'), errors


@pytest.mark.parametrize('net, arguments, expected', [
    ('cnv', [], True), ('cnv', ['--init', 'none'], False), ('cnv', ['--recipe', 'original'], False), ('lfc', [], False),
    ('cnv', ['-ab', '2'], True), ('cnv', ['-wb', '2', '-ab', '2'], True), ('cnv', ['--dataset', 'digits'], False)])
def test_own_pictures_start_from_the_network_that_comes_with_the_project(tmp_path, net, arguments, expected):
    given = experiment.parse(net, ['--dataset', str(tmp_path)] + arguments)
    settings = Settings(net, given.weight_bits, given.activation_bits, given.dataset, recipe=given.recipe)
    path = experiment.start(given, settings, resumes=False)
    assert (path is not None) == expected
    found, init, resume = experiment.beginning(given, settings)
    assert (init, resume) == (path, False)
    assert (found.network.LR_start < settings.network.LR_start) == expected     # otherwise it forgets what it knows
    if expected:
        arrays = parameters.arrays(parameters.read(path, settings.overlay))
        network = networks.build(settings.overlay, 3, np.random.RandomState(0))
        assert networks.start_from(network, arrays)
        assert (networks.parameter_values(network)[0] == arrays[0]).all()


def test_what_a_run_started_from_stays_when_it_is_resumed(tmp_path, monkeypatch):
    files = RunFolder(str(tmp_path / 'own-cnvW1A1'), exists=False)
    assert experiment.started_from(files) is None
    os.mkdir(files.path)
    monkeypatch.chdir(tmp_path)
    own = os.path.join(PRETRAINED, 'cifar10-cnvW1A1.npz')       # recorded from another working directory
    for text, expected in (('{}', None), ('{"init": "a.npz"}', 'a.npz'), ('{', None),
                           ('{"init": "pretrained/cifar10-cnvW1A1.npz"}', own),
                           ('{"init": "mine/cifar10-cnvW1A1.npz"}', 'mine/cifar10-cnvW1A1.npz')):
        with open(files.settings, 'w') as handle:
            handle.write(text)
        assert experiment.started_from(files) == expected
    given = experiment.parse('cnv', ['--dataset', str(tmp_path / 'own'), '--recipe', 'best'])
    settings = Settings('cnv', 1, 1, given.dataset, out=str(tmp_path), recipe=given.recipe)
    assert settings.files.path == files.path
    with open(files.settings, 'w') as handle:
        handle.write('{}')      # as in runs of versions without a network to start from
    assert experiment.start(given, settings, resumes=True) is None


@pytest.mark.parametrize('resume', ['0', '1', 'auto'])
@pytest.mark.parametrize('changes', [{}, {'seed': 7}])
@pytest.mark.parametrize('init', [None, 'a.npz'])
def test_how_a_run_began_need_not_be_said_again(tmp_path, init, changes, resume):
    """Neither the start nor its learning rate, which depends on it; a new run begins as if there were no old one."""
    given = experiment.parse('cnv', ['--dataset', str(tmp_path / 'own'), '--recipe', 'best', '--resume', resume])
    settings = Settings('cnv', 1, 1, given.dataset, out=str(tmp_path), recipe=given.recipe)
    new = experiment.beginning(given, settings)[:2] + (False,)
    assert new[1] and new[0] == settings.fine_tuning() != settings
    os.mkdir(settings.run_folder)
    began = settings.fine_tuning() if init else settings
    with open(settings.files.settings, 'w') as handle:
        json.dump(dict(began.deciding(), **dict({'init': init} if init else {}, **changes)), handle)
    open(settings.files.checkpoint, 'w').close()
    resumes = resume == '1' or resume == 'auto' and not changes
    assert experiment.beginning(given, settings) == ((began, init, True) if resumes else new)


@pytest.mark.parametrize('recipe, init, rate', [('best', 'a.npz', .0003), ('best', None, .001), ('original', 'a.npz', .001)])
def test_where_training_starts_decides_the_first_learning_rate(tmp_path, recipe, init, rate):
    given = experiment.parse('cnv', ['--recipe', recipe] + (['--init', init] if init else []))
    settings = Settings('cnv', 2, 2, 'cifar10', out=str(tmp_path), recipe=recipe)
    assert experiment.beginning(given, settings)[0].learning_rate(0) == rate


def test_one_writer(tmp_path):
    with open(str(tmp_path / '.digits-lfcW1A1.lock'), 'w') as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        status, _, errors = train('--out', tmp_path, *TINY)
    assert status == 1 and 'another run is writing %s' % (tmp_path / 'digits-lfcW1A1') in errors


@pytest.mark.parametrize('arguments, message, status', [
    (['-wb', 2, '-ab', 2], 'the board has no overlay lfcW2A2', 1),
    (['-ab', 3], 'the board has no overlay lfcW1A3', 1),
    (['-wb', 'one'], 'one is not a whole number', 2),
    (['--epochs', 0], '--epochs: 0 is not a whole number', 2),
    (['--epochs', '1e3'], '1e3 is not a whole number', 2),
    (['--seed', -5], '-5 is not a whole number', 2),
    (['--train-size', 7], 'train-size is 7', 1),
    (['--dataset', 'imagenet'], 'there is no data set imagenet', 1),
    (['--data-dir', '/nowhere'], '/nowhere/mnist.npz is not there', 1),
    (['--init', '/nowhere.npz', '--dataset', 'digits'], '/nowhere.npz: No such file', 1),
    (['--device', 'tpu'], 'invalid choice', 2),
    (['--depth', 3], 'unrecognized arguments', 2)])
def test_refusals(tmp_path, arguments, message, status):
    answer, output, errors = train('--out', tmp_path / 'out', *arguments)
    assert (answer, output) == (status, '') and message in errors
    assert errors.count('\n') == 1 and 'Traceback' not in errors
    assert not (tmp_path / 'out').exists() or not [name for name in os.listdir(str(tmp_path / 'out')) if name[0] != '.']


def test_archives_of_other_networks(done, tmp_path):
    out, _ = done
    status, _, errors = train('--init', out / 'digits-lfcW1A2' / 'digits-1w-2a.npz', '--out', tmp_path, *TINY,
                              **{'script': 'cifar10_mod.py'})
    assert status == 1 and errors.count('\n') == 1 and 'arr_' in errors


def test_no_compiler(tmp_path):
    status, _, errors = train('--out', tmp_path, *TINY, env={'PATH': str(tmp_path), 'HOME': str(tmp_path)})
    assert status == 1 and 'no C++ compiler (g++)' in errors and 'apt-get install g++' in errors


def test_a_folder_that_cannot_be_written():
    status, _, errors = train('--out', '/proc/runs', *TINY)
    assert status == 1 and errors.count('\n') == 1 and '/proc/runs' in errors
