"""The front door: make's targets, and the command that each stage of the journey becomes."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.environment.conftest import ROOT
from training.settings import Settings

needs_make = pytest.mark.skipif(not shutil.which('make'), reason='there is no make')


def make(*arguments):
    return subprocess.run(['make', '--no-print-directory'] + list(arguments), cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)


def journey(stage, cwd=None, **variables):
    """What scripts/journey.py does for a stage: exit status, output, errors."""
    process = subprocess.run([sys.executable, os.path.join(ROOT, 'scripts/journey.py'), stage], cwd=cwd,
                             env=dict(variables, PATH=os.environ['PATH']), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, universal_newlines=True)
    return process.returncode, process.stdout, process.stderr


def command(stage, tmp_path, **variables):
    """The command line of a stage, which is stopped by a network that it does not find, or by its own refusal."""
    return journey(stage, OUT=str(tmp_path), **variables)[1].splitlines()[0]


@needs_make
def test_every_target_has_a_line_of_help():
    with open(os.path.join(ROOT, 'Makefile')) as handle:
        text = handle.read()
    journey = re.search('JOURNEY := (.*)', text).group(1)
    stages = re.search('STAGES := (.*)', text).group(1).replace('$(JOURNEY)', journey)
    targets = re.search(r'\.PHONY: (.*)', text).group(1).replace('$(STAGES)', stages).split()
    listed = re.findall(r'^  ([a-z-]+) +\S', make('help').stdout.split('Variables:')[0], re.M)
    assert sorted(listed) == sorted(targets)


@needs_make
def test_every_target_has_its_script():
    for target in re.findall(r'^  ([a-z-]+) ', make('help').stdout.split('Variables:')[0], re.M):
        said = make('-n', target)
        assert said.returncode == 0, said.stderr
        for script in re.findall(r'scripts/[a-z_]+\.\w+', said.stdout):
            assert os.access(os.path.join(ROOT, script), os.X_OK if script.endswith('.sh') else os.R_OK), script


@needs_make
def test_make_alone_is_help():
    assert make().stdout == make('help').stdout


@pytest.mark.parametrize('variables, message', [
    (dict(NET='lfc', WB='2'), '2-bit weights'), (dict(NET='resnet'), 'lfcW1A1'), (dict(NET='cnv', WB='2', AB='1'), 'cnvW2A2'),
    (dict(WB='one'), 'WB=one is not a whole number'), (dict(RESUME='yes'), 'RESUME=yes is not a whole number')])
def test_a_wrong_variable_is_one_line(variables, message):
    status, output, errors = journey('train', **variables)
    assert (status, output) == (1, '')
    assert message in errors and errors.count('\n') == 1


def test_a_stage_that_there_is_not():
    status, _, errors = journey('fly')
    assert status == 1 and 'train' in errors and errors.count('\n') == 1


def test_weights_before_training(tmp_path):
    status, _, errors = journey('weights', OUT=str(tmp_path), NET='cnv', DATASET='digits')
    assert status == 1 and errors.count('\n') == 1
    assert str(tmp_path / 'digits-cnvW1A1/digits-1w-1a.npz') in errors and 'make train' in errors


def test_only_given_options_are_passed(tmp_path):
    # no such data, and where Theano is missing not even that: the command line is what is looked at
    assert command('train', tmp_path, NET='lfc', DATASET='nothing', SEED='') == (
        'python training/mnist_mod.py -wb 1 -ab 1 --dataset nothing --out %s' % tmp_path)
    assert command('train', tmp_path, NET='cnv', WB='2', AB='2', DATASET='nothing', EPOCHS='3', DATA_DIR='d', SEED='7',
                   TRAIN_SIZE='500', RESUME='1', INIT='i.npz', THRESHOLD='90', INVERT='no', BROKEN='stop',
                   RECIPE='best', MIRRORED='yes', DEVICE='cuda') == (
        'python training/cifar10_mod.py -wb 2 -ab 2 --dataset nothing --out %s --epochs 3 --data-dir d '
        '--train-size 500 --seed 7 --init i.npz --recipe best --mirrored yes --device cuda --threshold 90 --invert no '
        '--broken stop --resume' % tmp_path)
    assert '--resume' not in command('train', tmp_path, DATASET='nothing', RESUME='0')


def test_predicting_by_ones_own_network_first(tmp_path):
    status, _, errors = journey('predict', OUT=str(tmp_path), IMAGE='')
    assert status == 1 and 'make predict IMAGE=' in errors
    status, _, errors = journey('predict', OUT=str(tmp_path), IMAGE='i.png', NET='cnv', DATASET='nothing')
    assert status == 1 and 'pretrained/nothing-cnvW1A1.tar.gz' in errors and errors.count('\n') == 1
    package = tmp_path / 'nothing-cnvW1A1' / 'nothing-cnvW1A1.tar.gz'
    package.parent.mkdir()
    (package.parent / 'nothing-1w-1a.npz').touch()
    status, _, errors = journey('predict', OUT=str(tmp_path), IMAGE='i.png', NET='cnv', DATASET='nothing')
    assert status == 1 and 'is trained and not packed' in errors
    package.touch()
    assert command('predict', tmp_path, IMAGE='i.png', NET='cnv', DATASET='nothing') == (
        'python board/predict.py --package %s --images i.png' % package)
    os.utime(str(package), (1, 1))
    assert 'was made before the last training' in journey('predict', OUT=str(tmp_path), IMAGE='i.png', NET='cnv',
                                                          DATASET='nothing')[2]


@pytest.mark.parametrize('made, resumes', [
    (dict(), True), (dict(epochs=4), False), (dict(recipe='best'), False), (dict(seed=8), False), (dict(train_size=None), False), (None, False)])
def test_resuming_by_itself_where_the_settings_are_the_same(tmp_path, made, resumes):
    folder = tmp_path / 'nothing-cnvW2A2'
    folder.mkdir()
    settings = Settings('cnv', 2, 2, 'nothing', epochs=3, train_size=500, seed=7).deciding()
    variables = dict(NET='cnv', WB='2', AB='2', DATASET='nothing', EPOCHS='3', TRAIN_SIZE='500', SEED='7', RESUME='auto')
    (folder / 'settings.json').write_text('[' if made is None else json.dumps(dict(settings, **made)))
    assert '--resume' not in command('train', tmp_path, **variables)       # no checkpoint yet
    (folder / 'checkpoint.npz').touch()
    assert command('train', tmp_path, **variables).endswith(' --resume') == resumes
