"""The image's entrypoint, run on this machine, on a copy of the project."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from common.options import TARGETS
from common.overlays import NETWORKS
from tests.environment.conftest import ROOT


@pytest.fixture
def program(tmp_path):
    """Runs the entrypoint; its in_env.sh only prints the command and some variables."""
    if os.getuid() == 0 and not all(os.stat(str(folder)).st_mode & 0o001 for folder in pathlib.Path(ROOT, 'x').parents):
        pytest.skip('it runs as another user, and the project lies in a folder that only its owner may enter')
    home = tmp_path / 'image'
    (home / 'scripts').mkdir(parents=True)
    for name in ('Makefile', 'training', 'weights_gen', 'common', 'datasets', 'board'):
        (home / name).symlink_to(os.path.join(ROOT, name))
    for name in ('target.sh', 'help.sh', 'demo.sh'):
        shutil.copy(os.path.join(ROOT, 'scripts', name), str(home / 'scripts' / name))
    in_env = home / 'scripts' / 'in_env.sh'
    in_env.write_text('#!/bin/sh\n[ "$1" != --light ] || shift\necho "$@"\n'
                      'env | grep -E "^(OUT|RESUME|NET|KERAS_HOME|THEANO_FLAGS|HOME)="\n')
    in_env.chmod(0o755)

    def run(*words, **variables):
        environment = dict({'PATH': os.environ['PATH'], 'BNN_HOME': str(home), 'OUT': str(tmp_path / 'runs'),
                            'TMPDIR': str(tmp_path), 'BNN_CACHE': str(tmp_path)}, **variables)
        process = subprocess.run([os.path.join(ROOT, 'docker/entrypoint.sh')] + list(words), env=environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
                                 preexec_fn=(lambda: (os.setgid(65534), os.setuid(65534))) if os.getuid() == 0 else None)
        return process.returncode, process.stdout, process.stderr
    for folder in [tmp_path] + list(tmp_path.parents)[:3]:
        if os.stat(str(folder)).st_uid == os.getuid():
            folder.chmod(0o1777 if folder == tmp_path else folder.stat().st_mode | 0o055)
    return run


def test_help_lists_the_journey(program):
    status, output, _ = program()
    assert status == 0
    for word in ('doctor', 'selftest', 'demo', 'all', 'train', 'weights', 'verify', 'NET'):
        assert '\n  %s ' % word in output
    for word in ('setup', 'image', 'prove', 'bench'):           # for the host machine
        assert '\n  %s ' % word not in output


def test_a_target_with_variables(program, tmp_path):
    status, output, errors = program('train', 'NET=cnv')
    assert (status, errors) == (0, '')
    lines = output.splitlines()
    assert lines[:2] == ['python -m training.experiment --net=cnv --runs=%s --resume=auto' % (tmp_path / 'runs')] * 2
    assert 'NET=cnv' in lines and 'RESUME=auto' in lines and 'OUT=%s' % (tmp_path / 'runs') in lines
    assert any(line.startswith('THEANO_FLAGS=base_compiledir=') for line in lines)


def test_the_callers_choices_stay(program):
    _, output, _ = program('train', 'RESUME=0', THEANO_FLAGS='profile=True', KERAS_HOME='/tmp')
    assert 'RESUME=0' in output and ',profile=True' in output and 'KERAS_HOME=/tmp' in output


@pytest.mark.parametrize('there, words, is_read', [
    ('mnist', ['train'], True), ('mnist', ['train', 'NET=cnv'], False), ('letters', ['train'], False),
    ('cifar10', ['train', 'NET=CNV'], True), ('cifar10', ['train'], False),
    ('mnist', ['train', 'NET=cnv', 'DATASET=mnist'], True), ('mnist', ['train', 'DATASET=letters.npz'], False),
    ('cifar10', ['evaluate', 'RUN=/runs/cifar10-cnvW1A1/'], True), ('cifar10', ['doctor'], True),
    ('mnist', ['evaluate', 'RUN=/runs/cifar10-cnvW1A1'], False)])
def test_data_is_read_from_its_folder_if_it_is_there(program, tmp_path, there, words, is_read):
    folder = tmp_path / 'data'
    folder.mkdir()
    (folder / (there + '.npz')).touch()
    status, output, errors = program(*words, BNN_DATA=str(folder))
    assert (status, errors) == (0, '')
    assert ('--data-dir=%s' % folder in output.splitlines()[0]) == is_read
    assert ' --data-dir=/given' in program(*(words + ['DATA_DIR=/given']), BNN_DATA=str(folder))[1]


@pytest.mark.parametrize('net', list(NETWORKS))
def test_every_networks_own_data_is_found(program, tmp_path, net):
    (tmp_path / (NETWORKS[net].dataset + '.npz')).touch()
    assert '--data-dir=%s' % tmp_path in program('train', 'NET=' + net, BNN_DATA=str(tmp_path))[1]


def test_all_is_every_stage_of_the_journey(program):
    _, output, _ = program('all')
    assert [line.split()[2] for line in output.splitlines() if line.startswith('python ')][::2] == [
        TARGETS[stage].command.split()[2] for stage in TARGETS['all'].command.split()[1:]]


def test_home_is_a_folder_that_can_be_written(program):
    for home in ('', '/', '/proc'):
        _, output, _ = program('train', HOME=home)
        [home] = [line[5:] for line in output.splitlines() if line.startswith('HOME=')]
        assert os.path.isdir(home) and home not in ('/', '/proc')


def test_any_other_command_runs_in_the_environment(program):
    status, output, _ = program('python', '-c', 'print(1)')
    assert status == 0 and output.startswith('python -c print(1)\n') and 'RESUME' not in output


@pytest.mark.parametrize('words, message', [
    (('train', 'cnv'), 'cnv: expected VARIABLE=value'), (('train', 'x=1'), 'there is no variable x'),
    (('train', 'EPOCH=1'), 'there is no variable EPOCH: did you mean EPOCHS?'),
    (('train', 'OUT=/proc/runs'), '/proc/runs cannot be written')])
def test_what_is_wrong_is_one_line(program, words, message):
    status, output, errors = program(*words)
    assert (status, output, errors.count('\n')) == (2, '', 1)
    assert message in errors


def test_targets_beside_the_journey(program):
    status, output, errors = program('predict', 'IMAGE=i.png')
    assert (status, errors) == (0, '') and output.startswith('python -m board.predict ') and '--images=i.png' in output


def test_selftest_writes_its_report_beside_the_runs(program, tmp_path):
    status, output, errors = program('selftest', DEVICE='cuda')
    assert (status, errors) == (0, '')
    assert output.splitlines()[0] == 'python -m training.selftest --runs=%s --device=cuda' % (tmp_path / 'runs')


def test_runs_side_by_side(program, tmp_path):
    status, output, errors = program('compare')
    assert (status, errors) == (0, '')
    assert output.splitlines()[0] == 'python -m report.compare --runs=%s' % (tmp_path / 'runs')


@pytest.mark.parametrize('mode', [0o700, 0o777])
def test_a_cache_that_others_may_have_filled_is_not_used(program, tmp_path, mode):
    """Theano runs the code it finds there."""
    user = 65534 if os.getuid() == 0 else os.getuid()
    tmp_path.chmod(0o1777)
    cache = tmp_path / str(user)
    cache.mkdir()
    cache.chmod(mode)
    if os.getuid() == 0:
        os.chown(str(cache), user, user)
    _, output, errors = program('train')
    [used] = [line.split('=')[2] for line in output.splitlines() if line.startswith('THEANO_FLAGS=base_compiledir=')]
    assert (used == '%s/theano' % cache) == (mode == 0o700)
    assert ('can be written by others' in errors and errors.count('\n') == 1) == (mode == 0o777)


@pytest.mark.skipif(os.getuid() != 0, reason='only root can give a folder to somebody else')
def test_a_cache_of_somebody_else_is_not_used(program, tmp_path):
    tmp_path.chmod(0o1777)
    cache = tmp_path / '65534'
    cache.mkdir()
    cache.chmod(0o777)
    os.chown(str(cache), 54321, 54321)
    _, output, errors = program('train')
    assert 'belongs to user 54321' in errors and '%s/theano' % cache not in output


def stopped(target, folder, scripts):
    """The status of a target, with these scripts beside target.sh, when all get SIGTERM, as from dumb-init."""
    home = folder / 'image'
    (home / 'scripts').mkdir(parents=True)
    for name in ('common', 'training'):
        (home / name).symlink_to(os.path.join(ROOT, name))
    shutil.copy(os.path.join(ROOT, 'scripts/target.sh'), str(home / 'scripts'))
    for name, text in scripts.items():
        (home / 'scripts' / name).write_text(text)
        (home / 'scripts' / name).chmod(0o755)
    environment = {'PATH': os.environ['PATH'], 'OUT': str(folder)}
    process = subprocess.Popen([str(home / 'scripts/target.sh'), target], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                               universal_newlines=True)
    while process.stdout.readline() not in ('waiting\n', ''):
        pass
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    return process.returncode


@pytest.mark.parametrize('target', ['train', 'all', 'verify'])
def test_sigterm_while_the_environment_is_looked_at(tmp_path, target):
    with open(os.path.join(ROOT, 'scripts/in_env.sh')) as handle:
        in_env = handle.read()
    assert stopped(target, tmp_path, {'in_env.sh': in_env, 'setup.sh': '#!/bin/sh\necho waiting\nexec sleep 20\n'}) == 75


@pytest.mark.parametrize('answer', ['exec sleep 20', "trap 'exit 143' TERM; sleep 20", "trap 'exit 75' TERM; sleep 20"])
def test_all_is_started_again_whichever_stage_sigterm_meets(tmp_path, answer):
    """Only a training writes a checkpoint; later stages start over."""
    assert stopped('all', tmp_path, {'in_env.sh': '#!/bin/bash\necho waiting\n%s\n' % answer}) == 75


def test_a_stage_that_fails_by_itself_keeps_its_status(tmp_path):
    assert stopped('all', tmp_path, {'in_env.sh': '#!/bin/bash\nexit 3\n'}) == 3
