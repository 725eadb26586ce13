"""RUNTIME=docker and conda: when each is chosen, and how the engine is called. The engine is a mock that records its
calls, on a mock machine; scripts/prove_image.sh runs the image itself."""
import os
import re
import shutil

import pytest

from tests.environment.conftest import ROOT, machine  # noqa: F401

ENGINE = '''#!/bin/sh
echo "$@" >> "$HOME/calls"
case $1 in
    info) [ -e "$HOME/engine-answers" ] ;;
    image) [ -e "$HOME/image-is-built" ] ;;
    build) touch "$HOME/image-is-built" ;;
    run) [ ! -e "$HOME/cannot-run" ] ;;
esac
'''


@pytest.fixture
def engine(machine):  # noqa: F811
    machine.program('docker', ENGINE)
    for name in ('id', 'head', 'timeout'):
        machine.link(name)
    (machine.home / 'engine-answers').touch()
    return machine


def calls(engine, word):
    path = engine.home / 'calls'
    return [line for line in path.read_text().splitlines() if line.startswith(word)] if path.exists() else []


def active(engine):
    return os.readlink(str(engine.root / '.venv/active'))


def test_the_image_is_built_once(engine):
    for _ in range(2):
        status, output, errors = engine.setup(RUNTIME='docker')
        assert (status, errors) == (0, '')
        assert 'ready: the image bnn-train:cpu, by docker' in output
    [build] = calls(engine, 'build')
    assert '--target cpu --tag bnn-train:cpu' in build and active(engine) == 'docker'


def test_auto_takes_the_image_where_it_is_built(engine):
    engine.python('python3.11', (3, 11))
    (engine.home / 'image-is-built').touch()
    assert engine.setup()[0] == 0 and active(engine) == 'docker' and not calls(engine, 'build')


def test_auto_leaves_an_engine_that_cannot_run_the_image(engine):
    engine.python('python3.11', (3, 11))
    (engine.home / 'image-is-built').touch()
    (engine.home / 'cannot-run').touch()
    assert 'python3.11' in engine.setup()[2]


def test_auto_builds_the_image_where_there_is_no_python(engine):
    assert engine.setup()[0] == 0 and active(engine) == 'docker' and len(calls(engine, 'build')) == 1


def test_auto_prefers_a_python_to_an_image_that_is_not_built(engine):
    engine.python('python3.11', (3, 11))        # a mock that can do nothing else: setup ends here
    assert 'python3.11' in engine.setup()[2] and not calls(engine, 'build')


@pytest.mark.parametrize('runtime, message', [
    ('docker', 'docker is there but does not answer'), ('conda', 'no conda, mamba or micromamba'),
    ('lxc', 'RUNTIME=lxc: auto, venv, conda or docker')])
def test_a_runtime_that_cannot_be_is_one_line(engine, runtime, message):
    (engine.home / 'engine-answers').unlink()
    status, output, errors = engine.setup(RUNTIME=runtime)
    assert status == 1 and message in errors and errors.count('\n') == 1


def test_a_command_runs_in_the_image_under_the_same_paths(engine, tmp_path):
    (engine.home / 'image-is-built').touch()
    data, runs = tmp_path / 'my data', tmp_path / 'results'
    data.mkdir()
    status, _, errors = engine.run('scripts/in_env.sh', 'python', '-m', 'training.experiment', RUNTIME='docker',
                                   NET='cnv', OUT=str(runs), DATA_DIR=str(data), SEED='')
    assert (status, errors.count('error')) == (0, 0)
    [call] = calls(engine, 'run')
    assert call.endswith(' bnn-train:cpu python -m training.experiment')
    for part in ('--rm', '--user %d:%d' % (os.getuid(), os.getgid()), '--env NET', '--env OUT', '--env DATA_DIR',
                 '--workdir %s' % engine.root, '--volume %s:%s ' % (runs, runs), '--volume %s:%s ' % (data, data)):
        assert part in call + ' '
    assert '--env SEED' not in call and '--gpus' not in call
    assert call.count('--volume %s:%s ' % (engine.root, engine.root)) == 1
    assert runs.is_dir()        # made by the caller: the engine would have made it as root


def mounted(engine, **variables):
    """The folders outside the project that the image gets."""
    (engine.home / 'image-is-built').touch()
    status, _, errors = engine.run('scripts/in_env.sh', 'true', RUNTIME='docker', **variables)
    assert (status, errors.count('error')) == (0, 0)
    [call] = calls(engine, 'run')
    return set(re.findall(r'--volume (/[^:]*):\1 ', call)) - {str(engine.root)}


def test_the_folder_of_a_file_that_will_be_written_is_mounted(engine, tmp_path):
    (tmp_path / 'out dir').mkdir()
    assert mounted(engine, PREVIEW=str(tmp_path / 'out dir/seen.png'), INIT=str(tmp_path / 'none.npz')) == {
        str(tmp_path / 'out dir')}


def test_every_run_that_is_compared_is_mounted(engine, tmp_path):
    engine.link('xargs')
    engine.link('printf')       # which xargs calls
    for name in ('a', 'b c', 'd/1', 'd/2'):
        (tmp_path / name).mkdir(parents=True)
    assert mounted(engine, RUNS='{0}/a "{0}/b c" {0}/d/* {0}/none'.format(tmp_path)) == {
        '%s/%s' % (tmp_path, name) for name in ('a', 'b c', 'd/1', 'd/2')}


def test_runs_outside_the_project_are_made_by_the_caller(engine, tmp_path):
    assert mounted(engine, OUT='../results') == {str(tmp_path / 'results')}


def test_a_gpu_is_asked_for_with_the_gpu_image(engine):
    (engine.home / 'image-is-built').touch()
    assert engine.run('scripts/in_env.sh', 'true', RUNTIME='docker', DEVICE='cuda')[0] == 0
    assert ' --gpus all ' in calls(engine, 'run')[0] and calls(engine, 'run')[0].endswith(' bnn-train:gpu true')


def test_conda_makes_the_environment_of_its_file(engine):
    engine.program('conda', '''#!/bin/sh
echo "$@" >> "$HOME/conda-calls"
if [ "$1" = env ]; then echo 'ResolvePackageNotFound: tensorflow'; exit 1; fi
''')
    status, _, errors = engine.setup(RUNTIME='conda')
    assert status == 1 and 'ResolvePackageNotFound: tensorflow' in errors and errors.count('\n') == 1
    made = [line for line in (engine.home / 'conda-calls').read_text().splitlines() if line.startswith('env create')]
    assert made == ['env create --quiet --prefix {0}/.venv/conda --file {0}/environment.yml'.format(engine.root)]


def test_the_terms_of_condas_channel_are_never_agreed_to_by_itself(engine):
    """With what conda 25 prints; it makes no environment until somebody types the command."""
    shutil.copy(os.path.join(ROOT, 'environment.yml'), str(engine.root))
    engine.program('conda', '''#!/bin/sh
echo "$@" >> "$HOME/conda-calls"
[ "$1" = env ] || exit 0
cat >&2 <<END
CondaToSNonInteractiveError: Terms of Service have not been accepted for the following channels.
    - https://repo.anaconda.com/pkgs/main

To accept these channels' Terms of Service, run the following commands:
    conda tos accept --override-channels --channel https://repo.anaconda.com/pkgs/main
END
exit 1
''')
    status, _, errors = engine.setup(RUNTIME='conda')
    assert status == 1 and errors.count('\n') == 1 and 'anaconda.com/legal' in errors
    assert 'conda tos accept --override-channels --channel https://repo.anaconda.com/pkgs/main, then make setup' in errors
    assert 'tos' not in (engine.home / 'conda-calls').read_text()
    assert not (engine.root / '.venv/active').exists()
