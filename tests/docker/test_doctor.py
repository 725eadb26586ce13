"""scripts/doctor.py: a line for every check, whatever is missing, and never a traceback."""
import ctypes
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from datasets import downloads
from scripts import doctor as doctor_script
from tests.datasets.test_inputs import idx, noise
from tests.docker.test_cuda import libraries
from tests.environment.conftest import ROOT


def doctor(*options, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in ('DEVICE', 'DATA_DIR', 'OUT')}
    command = [sys.executable, os.path.join(ROOT, 'scripts/doctor.py')] + list(options)
    process = subprocess.run(command, env=dict(environment, **variables),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert process.stderr == ''
    lines = process.stdout.splitlines()
    for line in lines:
        assert re.match('(ok|warning|failure) +[^ ]', line), line
    assert process.returncode == any(line.startswith('failure') for line in lines)
    return lines


def about(lines, text):
    [line] = [line for line in lines if text in line]
    return line.split()[0], line.partition('  -> ')[2]


def test_what_is_missing_is_a_line_with_what_fixes_it(tmp_path):
    (tmp_path / 'empty').mkdir()
    lines = doctor('--runs=/proc/runs', '--data-dir=%s' % tmp_path, PATH=str(tmp_path / 'empty'))
    assert about(lines, 'no g++')[0] == 'failure' and 'install' in about(lines, 'no g++')[1]
    assert about(lines, 'runs: /proc/runs cannot be written')[0] == 'failure'
    assert about(lines, 'mnist: %s is not there: ' % (tmp_path / 'mnist.npz'))[0] == 'warning'


def test_data_sets_are_read_as_a_training_reads_them(tmp_path):
    for part, count in (('train', 60), ('t10k', 10)):
        (tmp_path / (part + '-images-idx3-ubyte')).write_bytes(idx(noise((28, 28), count)))
        (tmp_path / (part + '-labels-idx1-ubyte')).write_bytes(idx(np.arange(count, dtype=np.uint8) % 10))
    (tmp_path / 'cifar10.npz').write_bytes(b'PK')
    lines = doctor('--data-dir=%s' % tmp_path)
    assert about(lines, 'mnist: 50 training images')[0] == 'ok'
    assert about(lines, 'cifar10.npz cannot be read')[0] == 'warning'
    assert has_driver() or about(lines, 'no NVIDIA driver')[0] == 'ok'      # none was asked for


@pytest.mark.parametrize('source', [downloads.MNIST, downloads.CIFAR10])
def test_what_is_downloaded_already_is_not_announced(tmp_path, source):
    (tmp_path / 'datasets').mkdir()
    (tmp_path / 'datasets' / source.cached_as).touch()
    lines = doctor(KERAS_HOME=str(tmp_path))
    name = {downloads.MNIST: 'mnist', downloads.CIFAR10: 'cifar10'}[source]
    assert about(lines, name + ': downloaded, in %s' % (tmp_path / 'datasets'))[0] == 'ok'
    assert len([line for line in lines if ': will be downloaded' in line]) == 1


def test_a_wrong_theanorc_is_a_line(tmp_path):
    (tmp_path / 'theanorc').write_text('device = cuda')
    assert about(doctor(THEANORC=str(tmp_path / 'theanorc')), 'theanorc cannot be read')[0] == 'failure'


def test_the_users_own_theano_settings_are_lines(tmp_path):
    own = [('device = gpu', 'failure', 'write device = cuda'), ('mode = FAST_COMPILE', 'failure', 'leave mode out'),
           ('openmp = False', 'ok', 'your own')]
    (tmp_path / '.theanorc').write_text('[global]\n%s\n' % '\n'.join(line for line, _, _ in own))
    lines = doctor(THEANORC='~/.theanorc', THEANO_FLAGS='', HOME=str(tmp_path))
    for line, state, words in own:
        [reported] = [text for text in lines if '~/.theanorc: ' + line in text]
        assert reported.startswith(state) and words in reported


def has_driver():
    for name in ('libcuda.so', 'libcuda.so.1'):
        try:
            return bool(ctypes.CDLL(name))
        except OSError:
            pass
    return False


@pytest.mark.skipif(has_driver(), reason='this machine has an NVIDIA driver')
def test_a_gpu_is_looked_for_where_it_is_asked_for(monkeypatch):
    state, fix = about(doctor('--device=cuda', THEANO_FLAGS='device=cpu'), 'no NVIDIA driver')
    assert state == 'failure' and '440.33' in fix
    monkeypatch.setenv('THEANO_FLAGS', 'device=cpu')
    monkeypatch.setenv('DEVICE', 'cuda')
    assert doctor_script.gpu_is_asked_for(None)
    monkeypatch.delenv('DEVICE')
    assert not doctor_script.gpu_is_asked_for(None)


def gpu_lines(check, **variables):
    """What one check of scripts/doctor_gpu.py says, in a process with these variables."""
    process = subprocess.run([sys.executable, '-c', 'from scripts import doctor_gpu as gpu, doctor_report as report\n'
                              'for line in gpu.%s(): report.show(line)' % check], cwd=ROOT,
                             env=dict(os.environ, **variables), stdout=subprocess.PIPE, universal_newlines=True)
    assert process.returncode == 0
    return process.stdout.splitlines()


@pytest.mark.skipif(has_driver(), reason='this machine has an NVIDIA driver')
def test_a_driver_without_the_name_that_pygpu_loads(tmp_path):
    libraries(tmp_path, names=['cuda'])
    (tmp_path / 'libcuda.so').rename(tmp_path / 'libcuda.so.1')
    [line] = gpu_lines('driver', LD_LIBRARY_PATH=str(tmp_path))
    assert line.startswith('failure') and 'no libcuda.so, which pygpu loads' in line and 'ln -s libcuda.so.1' in line


@pytest.mark.parametrize('capability, state, words', [
    ('7.5', 'ok', 'compute capability 7.5'), ('8.0', 'failure', 'newer than Turing (7.5)'),
    ('2.1', 'failure', 'too old for cuDNN 7.6')])
def test_what_a_driver_says_of_its_gpu(tmp_path, capability, state, words):
    libraries(tmp_path, names=['cuda'])
    lines = gpu_lines('driver', LD_LIBRARY_PATH=str(tmp_path), STAND_IN_CAPABILITY=capability)
    assert about(lines, 'for CUDA up to 12.2')[0] == 'ok'
    assert about(lines, 'GPU 0: no GPU, a stand-in, 16 GB')[0] == state and words in lines[-1]


def test_the_libraries_that_are_loaded_say_their_versions(tmp_path):
    lines = gpu_lines('cuda_libraries', LD_LIBRARY_PATH=str(libraries(tmp_path)))
    for text in ('libnvrtc.so 10.2: %s/', 'libcublas.so 10.2.2: %s/', 'libcudnn.so 7.6.5 for CUDA 10.2: %s/'):
        [line] = [line for line in lines if text % tmp_path in line]
        assert line.startswith('ok')


PYGPU = {'__init__.py': """__version__ = '0.7.6'
class Context(object):
    devname = 'Tesla T4'
def init(name):
    %(init)s
    return Context()
def array(host, context):
    return host
""", 'blas.py': """def gemm(alpha, a, b, beta):
    return a.dot(b) + %(error)s
""", 'elemwise.py': """def elemwise2(a, op, b, array):
    %(compile)s
    return a + b
"""}


@pytest.mark.parametrize('changes, state, words', [
    ({}, 'ok', 'pygpu 0.7.6 Tesla T4 multiplies, compiles and computes'),
    ({'init': 'raise RuntimeError("no device")'}, 'failure', 'cannot start on the GPU: RuntimeError: no device'),
    ({'compile': 'raise RuntimeError("log:\\nnvrtc: error: invalid value for --gpu-architecture (-arch)")'}, 'failure',
     'no kernel can be compiled and run: nvrtc: error: invalid value for --gpu-architecture (-arch)'),
    ({'compile': 'import os; os.abort()'}, 'failure', 'it ended with status -6'),
    ({'error': 1}, 'failure', 'computes wrongly')])
def test_the_gpu_multiplies_and_runs_a_kernel(tmp_path, changes, state, words):
    """With a mock pygpu: an architecture that CUDA does not know fails when something is compiled for it."""
    (tmp_path / 'pygpu').mkdir()
    for name, text in PYGPU.items():
        (tmp_path / 'pygpu' / name).write_text(text % dict({'init': 'pass', 'compile': 'pass', 'error': 0}, **changes))
    [line] = gpu_lines('pygpu', PYTHONPATH=str(tmp_path))
    assert line.startswith(state) and words in line
