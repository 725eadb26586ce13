"""The user's own .theanorc and THEANO_FLAGS: how they are read, and trainings with those known to fail."""
from __future__ import absolute_import

import os
import subprocess
import sys

import pytest
import theano

from common.errors import UserError
from tests.shared import ROOT
from training import theano_settings


@pytest.fixture
def settings(tmpdir, monkeypatch):
    """Reads the settings of a .theanorc with given lines, and of THEANO_FLAGS."""
    def read(text='', flags=''):
        monkeypatch.setenv('HOME', str(tmpdir))
        monkeypatch.delenv('THEANORC', raising=False)
        monkeypatch.setenv('THEANO_FLAGS', flags)
        tmpdir.join('.theanorc').write(text)
        return theano_settings.read()
    return read


def test_flags_go_before_files_and_later_files_before_earlier(settings, tmpdir, monkeypatch):
    found = settings('[global]\ndevice = cuda\nfloatX = float64\n[blas]\nldflags = -lmkl\n', 'device=cpu,openmp=False')
    assert [(name, found[name].value) for name in sorted(found)] == [
        ('blas.ldflags', '-lmkl'), ('device', 'cpu'), ('floatx', 'float64'), ('openmp', 'False')]
    assert theano_settings.shown(found['device']) == 'THEANO_FLAGS: device = cpu'
    assert theano_settings.shown(found['blas.ldflags']) == '~/.theanorc: blas.ldflags = -lmkl'
    other = tmpdir.join('other')
    other.write('[global]\ndevice = cuda1\n')
    monkeypatch.setenv('THEANORC', '~/.theanorc%s%s' % (os.pathsep, other))
    monkeypatch.setenv('THEANO_FLAGS', '')
    assert theano_settings.read()['device'] == ('device', 'cuda1', str(other))


def test_what_is_reported(settings):
    found = settings('[global]\nopenmp = True\nallow_gc = True\nfloatX = float64\nbase_compiledir = /x\n', 'optimizer=None')
    usual = {'openmp': 'True', 'allow_gc': 'False', 'floatX': 'float32'}
    assert sorted(theano_settings.told(found, usual)) == [
        'THEANO_FLAGS: optimizer = None', '~/.theanorc: allow_gc = True',
        '~/.theanorc: floatx = float64, which is ignored: training computes in float32']
    assert theano_settings.told(settings(), usual) == []


@pytest.mark.parametrize('text', ['device = cuda', '[global\n', '[global]\n%%%\n'])
def test_a_file_that_cannot_be_read(settings, text):
    with pytest.raises(UserError) as caught:
        settings(text)
    assert '.theanorc cannot be read: correct or remove it' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('line, answer', [
    ('device = gpu', 'write device = cuda'), ('device = gpu0', 'write device = cuda'),
    ('device = opencl', 'write device = cpu'),
    ('mode = FAST_COMPILE', 'leave mode out'), ('mode = ProfileMode', 'leave mode out'), ('linker = py', 'leave linker out'),
    ('cxx =', 'leave cxx out'), ('compute_test_value = raise', 'leave compute_test_value out')])
def test_what_no_training_can_use(settings, line, answer):
    [problem] = theano_settings.problems(settings('[global]\n%s\n' % line))
    assert problem.startswith('~/.theanorc: %s' % line) and answer in problem


@pytest.mark.parametrize('line', ['device = cpu', 'device = cuda', 'device = cuda0', 'device = opencl0:0',
                                  'mode = FAST_RUN', 'linker = cvm', 'cxx = /usr/bin/g++', 'compute_test_value = off'])
def test_what_training_can_use(settings, line):
    assert theano_settings.problems(settings('[global]\n%s\n' % line)) == []


def train(tmpdir, text, *options, **variables):
    """Exit status and error lines of a training with a .theanorc; at the latest, its missing data ends it."""
    tmpdir.join('.theanorc').write(text)
    environment = {name: value for name, value in os.environ.items() if name not in ('THEANO_FLAGS', 'THEANORC', 'DEVICE')}
    process = subprocess.Popen(
        [sys.executable, '-m', 'training.experiment', '--data-dir', 'no-such-folder', '--runs', str(tmpdir)] + list(options),
        cwd=ROOT, env=dict(environment, HOME=str(tmpdir), **variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = [text.decode('utf-8') for text in process.communicate()]
    assert not output
    return process.returncode, errors.splitlines()


@pytest.mark.parametrize('text, answer', [
    ('[global]\ndevice = gpu\n', '~/.theanorc: device = gpu: Theano 1.0 calls a GPU cuda'),
    ('[blas]\nldflags = -lno_such_library\n', '~/.theanorc: blas.ldflags = -lno_such_library: g++ cannot link this')])
def test_a_training_with_a_known_trouble_is_one_line(tmpdir, text, answer):
    status, errors = train(tmpdir, text)
    assert status == 1 and len(errors) == 1 and answer in errors[0]


def test_a_gpu_without_pygpu_is_one_line_and_can_be_overruled(tmpdir):
    try:
        import pygpu        # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip('this environment has pygpu')
    status, errors = train(tmpdir, '[global]\ndevice = cuda\n')
    assert status == 1 and len(errors) == 1
    assert '~/.theanorc: device = cuda: Theano cannot use a GPU here' in errors[0] and 'DEVICE=cpu' in errors[0]
    for options, variables in ((['--device', 'cpu'], {}), ([], {'DEVICE': 'cpu'})):
        status, errors = train(tmpdir, '[global]\ndevice = cuda\n', *options, **variables)
        assert status == 1 and len(errors) == 1 and 'no-such-folder' in errors[0]
    status, errors = train(tmpdir, '[global]\ndevice = cpu\n', DEVICE='cuda')
    assert status == 1 and len(errors) == 1 and 'DEVICE=cuda: Theano cannot use a GPU here' in errors[0]


def test_what_decides_is_told_first(tmpdir):
    status, errors = train(tmpdir, '[global]\nopenmp = False\n')
    assert status == 1 and errors[0] == 'Theano setting from ~/.theanorc: openmp = False' and 'no-such-folder' in errors[1]


def test_theano_has_no_fast_math_to_turn_on():
    """docs/containers.md, Rounding: nothing reads [nvcc] of the original .theanorc."""
    names = [variable.fullname for variable in theano.configparser._config_var_list]
    assert 'floatX' in names and not [name for name in names if 'nvcc' in name or 'fast' in name.replace('fast_run', '')]
