"""scripts/target.sh, for make and for the image: targets, variables, and the command line of each stage."""
import os
import shutil
import subprocess

import pytest

from common.options import OPTIONS, TARGETS
from tests.environment.conftest import ROOT

needs_make = pytest.mark.skipif(not shutil.which('make'), reason='there is no make')


@pytest.fixture(scope='session')
def project(tmp_path_factory):
    """The project with an in_env.sh that only records its arguments, a line each, and the variable DATASET."""
    home = tmp_path_factory.mktemp('project')
    for name in ('Makefile', 'scripts', 'common/options.txt', 'docker/entrypoint.sh'):
        (home / name).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if os.path.isdir(os.path.join(ROOT, name)) else shutil.copy
        copy(os.path.join(ROOT, name), str(home / name))
    for name in ('in_env.sh', 'test.sh'):
        (home / 'scripts' / name).write_text('#!/bin/sh\n[ "$1" != --light ] || shift\n'
                                              'for word; do echo "<$word>"; done\n[ -z "$FAILS" ] || exit "$FAILS"\n')
    return home


@pytest.fixture(params=['make', 'image'])
def front(request, project, tmp_path):
    """Runs a target with make, or as the image does: exit status, output, errors."""
    if request.param == 'make' and not shutil.which('make'):
        pytest.skip('there is no make')

    def run(*words, **environment):
        command = (['make', '--no-print-directory'] if request.param == 'make' else ['scripts/target.sh']) + list(words)
        process = subprocess.run(command, cwd=str(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=dict({'PATH': os.environ['PATH'], 'HOME': str(tmp_path)}, **environment),
                                 universal_newlines=True)
        return process.returncode, process.stdout.splitlines(), process.stderr.splitlines()
    run.by_make = request.param == 'make'
    return run


def options_of(lines):
    """What follows the module on the command line of a stage."""
    return [line[1:-1] for line in lines if line.startswith('<')][3:]


def test_help_lists_every_target_and_variable(front):
    status, output, errors = front('help')
    assert (status, errors) == (0, [])
    for name in list(TARGETS) + list(OPTIONS):
        assert any(line.startswith('  %s ' % name) for line in output), name
    assert front()[1] == output


def test_variables_become_options(front):
    status, output, errors = front('train', 'NET=CNV', 'WB=w2', 'SEED=7', 'RESUME=auto', 'EPOCHS=', 'DATA_DIR=my data')
    assert (status, errors) == (0, [])
    assert options_of(output) == ['--net=CNV', '--weight-bits=w2', '--data-dir=my data', '--seed=7', '--resume=auto']
    assert output[0].startswith('python -m training.experiment --net=CNV --weight-bits=w2 ')


def test_variables_of_the_environment_count_too(front):
    assert options_of(front('train', 'WB=2', THRESHOLD='90', WB='1')[1]) == ['--weight-bits=2', '--threshold=90']


def test_the_name_of_a_set_is_not_taken_from_the_environment(front):
    """WSL sets NAME to the machine's name."""
    assert options_of(front('package', NAME='DESKTOP-1')[1]) == ['build']
    assert options_of(front('package', 'NAME=mine', NAME='DESKTOP-1')[1]) == ['build', '--name=mine']


def test_a_switch(front):
    assert options_of(front('deploy', 'FORCE=1')[1]) == ['--force']
    assert options_of(front('deploy', 'FORCE=0')[1]) == []
    status, output, errors = front('deploy', 'FORCE=yes')
    assert status and not output and 'deploy: error: FORCE=yes: choose 1 or 0' in errors


@pytest.mark.parametrize('name, answer', [
    ('EPOCH', 'there is no variable EPOCH: did you mean EPOCHS?'), ('net', 'there is no variable net: did you mean NET?'),
    ('TRAINSIZE', 'there is no variable TRAINSIZE: did you mean TRAIN_SIZE?'),
    ('TEST', 'there is no variable TEST: did you mean TESTS?'),
    ('Q', 'there is no variable Q; make help lists them')])
@pytest.mark.parametrize('target', ['train', 'all', 'demo', 'verify'])
def test_a_variable_that_does_not_exist_is_an_error_before_anything_runs(front, target, name, answer):
    status, output, errors = front(target, 'NET=cnv', '%s=3' % name)
    assert status and output == []
    assert len(errors) == 1 + front.by_make and answer in errors[0]       # make adds its own line


def test_a_target_that_does_not_exist(front):
    status, output, errors = front('trian')
    assert status and not output and 'trian: error: there is no target trian: did you mean train?' in errors


def test_a_variable_that_the_target_does_not_read_is_said(front):
    status, output, errors = front('predict', 'THRESHOLD=90', 'IMAGE=x')
    assert status == 0 and errors == ['predict: THRESHOLD is ignored: predict does not read it']
    assert front('all', 'TOLERANCE=3', 'EPOCHS=2', 'NAME=x')[2] == []       # each read by one of its stages
    assert front('predict', 'IMAGE=x', THRESHOLD='90')[2] == []             # from the environment: perhaps for other targets


def test_variables_of_other_programs_may_be_given(front):
    assert front('train', 'OMP_NUM_THREADS=1', 'THEANO_FLAGS=profile=True', 'KERAS_HOME=/x')[2] == []


@needs_make
def test_several_targets_share_their_variables(project):
    process = subprocess.run(['make', '--no-print-directory', 'weights', 'verify', 'TOLERANCE=3', 'EPOCHS=2'],
                             cwd=str(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert process.stderr == 'weights: EPOCHS is ignored: weights verify do not read it\n'
    assert process.returncode == 0 and '<--tolerance=3>' in process.stdout


@pytest.mark.parametrize('variable, target', [('DATASET', 'train'), ('TESTS', 'test'), ('RUNS', 'compare'),
                                              ('TARGET', 'image'), ('BENCH', 'bench'), ('NOTHING', 'train'),
                                              ('IMAGE', 'predict')])
@pytest.mark.parametrize('text', ['$(shell touch %s)', '$(touch %s)', '`touch %s`', '; touch %s;', "';touch %s;'"])
def test_a_value_is_text(front, tmp_path, variable, target, text):
    """On the command line and in the environment, whatever the result."""
    ran = tmp_path / 'ran'
    value = text % ran
    front(target, '%s=%s' % (variable, value))
    front(target, **{variable: value})
    assert not ran.exists()
    if target == 'train' and variable == 'DATASET':
        assert options_of(front(target, 'DATASET=' + value)[1]) == ['--dataset=' + value]


def test_a_value_with_a_leading_dash_is_a_value(front):
    assert options_of(front('train', 'DATASET=-x', 'INIT=--y')[1]) == ['--dataset=-x', '--init=--y']


def test_words_of_a_value(front):
    assert [line[1:-1] for line in front('test', "TESTS=-k 'a or b' -x")[1]] == ['-k', 'a or b', '-x']
    assert options_of(front('compare', 'RUNS=common/opt* "a b"')[1]) == ['common/options.txt', 'a b']
    status, output, errors = front('test', "TESTS=-k 'a")
    assert status and not output and "TESTS=-k 'a: a quote is not closed" in errors[0]


def test_all_is_each_stage_in_its_order(front):
    status, output, _ = front('all', 'NET=cnv')
    assert [line.split()[2] for line in output if line.startswith('python -m')] == [
        TARGETS[stage].command.split()[2] for stage in TARGETS['all'].command.split()[1:]]
    status, output, _ = front('all', 'NET=cnv', FAILS='3')
    assert status == (2 if front.by_make else 3) and len([line for line in output if line.startswith('python -m')]) == 1


def test_nothing_but_where_changes_the_demo(front, tmp_path):
    def stages(*words, **environment):
        return [line for line in front('demo', 'OUT=%s' % tmp_path, *words, **environment)[1] if line.startswith('python ')]
    demo = stages()
    assert '--recipe=best' in demo[0] and '--net=cnv' in demo[len(demo) // 2]
    assert all('--net=lfc' in line for line in demo[:len(demo) // 2])
    assert stages('NET=cnv', 'RECIPE=original', 'TOLERANCE=9', THRESHOLD='90', EPOCHS='2', INIT='x', RUN='y') == demo


@needs_make
def test_what_each_target_runs_is_there():
    for target in TARGETS.values():
        word = target.command.split()[0]
        assert word in ('python', 'any-python', '=') or os.access(os.path.join(ROOT, word), os.X_OK), target
