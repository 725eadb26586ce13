"""scripts/setup.sh on mock machines: which Python it chooses, what it prints, what it leaves behind."""
import os
import signal
import time
import zipfile

import pytest

from tests.environment.conftest import Machine


def refusal(answer, status=1):
    """The single error line of a setup that failed."""
    returned, output, errors = answer
    assert returned == status
    assert errors.count('\n') == 1 and errors.startswith('setup: error: ')
    assert 'Traceback' not in errors + output
    return errors


# --- which Python -----------------------------------------------------------------------------------------------------

def test_without_any_python_one_line_names_the_ways_out(machine):
    line = refusal(machine.setup(), status=3)
    for way in ('3.8 to 3.14', '2.7', 'pyenv install', 'PYTHON='):
        assert way in line
    assert not (machine.root / '.venv').exists()


@pytest.mark.parametrize('text', ['#!/bin/sh\necho "python2.7: command not found" >&2\nexit 127\n', 'not a program'])
def test_a_python_that_does_not_run_is_none(machine, text):
    machine.program('python2.7', text)
    assert 'bin/python2.7 does not run' in refusal(machine.setup(), status=3)


def test_a_broken_shim_does_not_hide_the_pyenv_version(machine):
    machine.program('python2.7', '#!/bin/sh\nexit 127\n')
    real = machine.python('python2.7', (2, 7), folder=machine.home / '.pyenv/versions/2.7.18/bin')
    _, output, _ = machine.setup(RUNTIME='venv')
    assert 'making .venv/2.7 from Python 2.7 (%s;' % real in output


def test_a_broken_shim_does_not_hide_a_python_later_on_the_path(machine):
    machine.program('python2.7', '#!/bin/sh\nexit 127\n')
    real = machine.python('python2.7', (2, 7), folder=machine.home / 'bin')
    _, output, _ = machine.setup(PATH='%s:%s' % (machine.bin, machine.home / 'bin'))
    assert str(real) in output


def test_pyenvs_own_folder_is_respected(machine):
    real = machine.python('python2.7', (2, 7), folder=machine.root / 'elsewhere/versions/2.7.18/bin')
    _, output, _ = machine.setup(PYENV_ROOT=str(machine.root / 'elsewhere'))
    assert str(real) in output


def test_without_headers_a_python_does_not_fit(machine):
    machine.python('python3.11', (3, 11), headers=False)
    assert 'bin/python3.11 lacks its headers (Python.h)' in refusal(machine.setup(), status=3)


@pytest.mark.parametrize('module', ['ssl', 'zlib', 'venv', 'ensurepip'])
def test_a_python_that_lacks_a_module_does_not_fit(machine, module):
    machine.python('python3.11', (3, 11), missing=[module])
    assert 'bin/python3.11 lacks the module ' + module in refusal(machine.setup(), status=3)


def test_where_27_is_without_headers_a_python_3_is_taken_and_said(machine):
    machine.python('python2.7', (2, 7), headers=False)
    machine.python('python3.10', (3, 10))
    _, output, _ = machine.setup()
    assert 'making .venv/3.10 from Python 3.10' in output
    assert 'no usable Python 2.7 here' in output


@pytest.mark.parametrize('minors, taken', [((8, 11, 12, 13, 9), 11), ((14, 12, 13), 12), ((7, 15, 14, 13), 13), ((14,), 14)])
def test_of_python_3_the_newest_is_taken_that_theano_knows_and_else_the_oldest(machine, minors, taken):
    for minor in minors:
        machine.python('python3.%d' % minor, (3, minor))
    assert 'making .venv/3.%d from' % taken in machine.setup()[1]


@pytest.mark.parametrize('version', [(3, 6), (3, 7), (3, 15), (3, 20)])
def test_python_3_that_theano_does_not_know_is_refused(machine, version):
    machine.python('python3', version)
    assert 'bin/python3 is %d.%d' % version in refusal(machine.setup(), status=3)


def test_a_named_python_is_taken_or_nothing(machine):
    machine.python('python2.7', (2, 7))
    machine.python('python3.11', (3, 11))
    assert 'making .venv/3.11 from' in machine.setup(PYTHON='python3.11')[1]
    assert 'making .venv/3.11 from' in machine.setup(PYTHON=str(machine.bin / 'python3.11'))[1]
    machine.python('python3.15', (3, 15))
    for name in ('python3.15', 'python3.10', '/nowhere/python', 'ls'):
        assert 'PYTHON=' + name in refusal(machine.setup(PYTHON=name))


def test_a_named_version_may_be_pyenvs(machine):
    machine.program('python3.9', '#!/bin/sh\nexit 127\n')
    machine.python('python3', (3, 9), folder=machine.home / '.pyenv/versions/3.9.18/bin')
    assert 'making .venv/3.9 from' in machine.setup(PYTHON='python3.9')[1]


# --- what else it needs -----------------------------------------------------------------------------------------------

def test_without_a_compiler_it_stops_and_names_the_command(machine):
    machine.python('python3.11', (3, 11))
    (machine.bin / 'g++').unlink()
    machine.program('apt-get', '#!/bin/sh\n')
    assert 'apt-get install g++' in refusal(machine.setup())
    (machine.bin / 'apt-get').unlink()
    machine.program('dnf', '#!/bin/sh\n')
    assert 'dnf install gcc-c++' in refusal(machine.setup())


@pytest.mark.parametrize('runtime', ['docker', 'conda', 'podman'])
def test_a_runtime_that_is_not_there_is_refused(machine, runtime):
    assert 'RUNTIME=' + runtime in refusal(machine.setup(RUNTIME=runtime))


def test_tensorflow_is_for_27(machine):
    machine.python('python3.11', (3, 11))
    assert 'WITH_TENSORFLOW' in refusal(machine.setup(WITH_TENSORFLOW='1'))


def test_a_theano_that_cannot_compile_is_no_environment(machine):
    machine.python('python3.11', (3, 11), works=True)
    machine.empty_locks()                           # so there is no Theano
    status, output, errors = machine.setup()
    assert status == 1 and 'making' in output
    assert errors.count('\n') == 1 and 'Theano cannot compile here' in errors
    assert not (machine.root / '.venv/active').exists()
    assert not (machine.root / '.venv/3.11/.complete').exists()


# --- a project folder whose name is not ASCII -------------------------------------------------------------------------

@pytest.fixture
def elsewhere(machine):
    machine.root = machine.root.rename(machine.root.parent / u'm\xfchle')
    return machine


def test_a_folder_of_another_alphabet_takes_python_3_and_says_why(elsewhere):
    elsewhere.python('python2.7', (2, 7))
    elsewhere.python('python3.12', (3, 12))
    output = elsewhere.setup()[1]
    assert 'making .venv/3.12 from Python 3.12 (%s; ' % (elsewhere.bin / 'python3.12') in output
    assert 'Python 2.7 cannot make an environment in a folder whose name is not ASCII' in output


def test_a_folder_of_another_alphabet_has_no_python_27(elsewhere):
    elsewhere.python('python2.7', (2, 7))
    for variables in ({}, {'PYTHON': 'python2.7'}):
        errors = refusal(elsewhere.setup(**variables), status=1 if variables else 3)
        assert 'python2.7 cannot make an environment in a folder whose name is not ASCII' in errors


# --- a light environment ----------------------------------------------------------------------------------------------

def test_what_needs_no_theano_runs_on_any_python_3_before_there_is_an_environment(machine):
    machine.python('python3.15', (3, 15), headers=False, works=True)
    (machine.bin / 'g++').unlink()
    machine.empty_locks()
    status, output, errors = machine.run('scripts/in_env.sh', '--light', 'python', '-c', 'import sys; print(sys.prefix)')
    assert (status, output) == (0, '%s\n' % (machine.root / '.venv/light')), errors
    assert 'making .venv/light from Python 3.15' in errors
    assert machine.run('scripts/in_env.sh', '--light', 'sh', '-c', ':') == (0, '', '')
    assert not (machine.root / '.venv/active').exists()


def test_without_a_python_3_what_needs_no_theano_wants_the_environment(machine):
    errors = refusal(machine.run('scripts/in_env.sh', '--light', 'true'), status=3)
    assert 'no suitable Python' in errors


def test_a_choice_is_for_what_needs_no_theano_too(machine):
    machine.python('python3.12', (3, 12), works=True)
    assert 'PYTHON=nothing is not suitable' in refusal(machine.run('scripts/in_env.sh', '--light', 'true', PYTHON='nothing'))


def test_fuzzing_wants_the_python_that_atheris_is_made_for(machine):
    machine.python('python3.12', (3, 12), works=True)
    errors = refusal(machine.setup('--for', 'fuzz'), status=3)
    assert 'atheris needs Python 3.11' in errors and 'pyenv install 3.11' in errors
    machine.python('python3.11', (3, 11), headers=False, works=True)
    machine.empty_locks()
    assert 'making .venv/fuzz from Python 3.11' in machine.setup('--for', 'fuzz')[1]


# --- made once --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope='module')
def light(tmp_path_factory):
    """A machine with an environment for commands without Theano."""
    machine = Machine(tmp_path_factory.mktemp('light'))
    machine.python('python3.12', (3, 12), works=True)
    machine.empty_locks()
    assert made(machine) == 1
    return machine


def made(machine):
    """How many environments a setup made."""
    status, output, errors = machine.setup('--for', 'light')
    assert (status, errors) == (0, '')
    return output.count('making .venv/light')


def stamp(machine):
    """What an environment has when it is complete."""
    return machine.root / '.venv/light/.complete'


def test_the_second_call_does_nothing_and_quickly(light):
    made(light)
    before = os.times()
    assert light.setup('--for', 'light') == (0, '', '')
    assert sum(os.times()[2:4]) - sum(before[2:4]) < 1       # seconds of processor time: other tests run beside it


def test_an_unfinished_environment_is_made_again(light):
    stamp(light).unlink()
    (light.root / '.venv/light/left').touch()
    assert made(light) == 1
    assert not (light.root / '.venv/light/left').exists()


def test_a_changed_lock_makes_it_again(light):
    (light.root / 'requirements/light.txt').write_text('# other\n')
    assert (made(light), made(light)) == (1, 0)


def test_a_moved_project_makes_it_again(light):
    light.root = light.root.rename(light.root.parent / 'moved')
    assert (made(light), made(light)) == (1, 0)


def test_an_interpreter_that_has_gone_is_noticed(light):
    (light.root / '.venv/light/bin/python').unlink()
    assert made(light) == 1


def test_a_setup_killed_in_the_middle_is_made_good(light):
    for _ in range(10):     # until it was not ready before the kill: it needs less than 0.3 s in all
        stamp(light).unlink()
        process = light.start('scripts/setup.sh', '--for', 'light')
        assert 'making' in process.stdout.readline()
        time.sleep(.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if not stamp(light).exists():
            break
    assert not stamp(light).exists()
    assert (made(light), made(light)) == (1, 0)


def test_two_at_once_make_it_once(light):
    stamp(light).unlink()
    both = [light.start('scripts/setup.sh', '--for', 'light') for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert ''.join(output for output, _ in outputs).count('making') == 1


def test_a_command_runs_in_the_environment(light):
    status, output, _ = light.run('scripts/in_env.sh', '--for', 'light', 'python', '-c', 'import os, sys; print('
                                  'sys.prefix, os.environ["KERAS_BACKEND"], os.environ["MPLBACKEND"], sys.argv[1])',
                                  'a b', PYTHONPATH='/nowhere')
    assert status == 0
    assert output == '%s theano Agg a b\n' % (light.root / '.venv/light')
    assert light.run('scripts/in_env.sh', '--for', 'light', 'sh', '-c', 'exit 7')[0] == 7


# --- what can go wrong while installing -------------------------------------------------------------------------------

@pytest.fixture
def lock(light):
    """The light lock, for a test to write; it is emptied afterwards."""
    path = light.root / 'requirements/light.txt'
    yield path
    path.write_text('')


def test_without_a_network_one_line_says_so(light, lock):
    lock.write_text('six==1.17.0 --hash=sha256:%s\n' % ('0' * 64))
    status, _, errors = light.setup('--for', 'light', PIP_INDEX_URL='http://127.0.0.1:9/simple')
    assert status == 1 and 'the package registry cannot be reached' in errors and errors.count('\n') == 1
    assert not stamp(light).exists()


def test_a_file_with_another_hash_is_refused(light, lock):
    with zipfile.ZipFile(str(light.root / 'changed-1.0-py3-none-any.whl'), 'w') as wheel:
        wheel.writestr('changed-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: changed\nVersion: 1.0\n')
    lock.write_text('changed==1.0 --hash=sha256:%s\n' % ('0' * 64))
    status, _, errors = light.setup('--for', 'light', PIP_NO_INDEX='1', PIP_FIND_LINKS=str(light.root))
    assert status == 1 and 'does not match the hash in the lock' in errors and errors.count('\n') == 1
    assert not stamp(light).exists()
