"""training/removed.py: Theano finds again what newer Pythons and numpys removed, and builds the same graphs."""
from __future__ import absolute_import

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from theano import tensor
from theano.configparser import parse_config_string

import training.compatibility  # noqa: F401 (numbers become constants as before)
from tests.shared import ROOT
from training import backend, removed

NUMPY_1 = np.__version__.startswith('1.')


@pytest.mark.parametrize('number, dtype', [
    (0, 'int8'), (127, 'int8'), (128, 'int16'), (-128, 'int8'), (-129, 'int16'), (300, 'int16'), (32768, 'int32'),
    (2 ** 31 - 1, 'int32'), (2 ** 31, 'int64'), (-2 ** 63, 'int64'), (2 ** 63, 'uint64'),
    (1.5, 'float32'), (300., 'float32')])
def test_a_number_becomes_the_smallest_type_that_holds_it(number, dtype):
    """numpy 2 raises an OverflowError that Theano does not expect: without the fix, most numbers become uint64."""
    constant = tensor.constant(number)
    assert constant.dtype == dtype and constant.data == number


def test_graphs_stay_float32():
    x = tensor.fmatrix()
    for y in (x * 300, x / 1000, 32767 - x, x % 300):
        assert y.dtype == 'float32'


def test_constants_are_folded():
    """Without numpy.complex none would be: Theano takes the error for a value that is not a number."""
    assert tensor.get_scalar_constant_value(tensor.constant(np.float32(3)) * 2) == 6
    assert tensor.get_scalar_constant_value(tensor.constant(np.ones((2, 1), np.float32))) == 1


def test_the_names_are_there_and_nothing_is_changed_that_was():
    names = 'bool', 'complex', 'product', 'cast', 'sctype2char', 'ComplexWarning'
    removed.restore()
    before = [getattr(np, name) for name in names]
    removed.restore()
    assert all(getattr(np, name) is value for name, value in zip(names, before))
    assert np.cast['float32'](1).dtype == 'float32' and np.sctype2char('float32') == 'f' and np.product([2, 3]) == 6
    assert isinstance(np.complex(1, 2), complex) and issubclass(np.ComplexWarning, Warning)


@pytest.mark.skipif(NUMPY_1, reason='numpy 1 has what Theano asks for')
def test_the_header_is_found_wherever_the_project_is(tmpdir, monkeypatch):
    folder = tmpdir.mkdir(u'two words, m\xfchle')
    shutil.copy(os.path.join(removed.INCLUDE, 'numpy1.h'), str(folder))
    monkeypatch.setattr(removed, 'INCLUDE', str(folder))
    monkeypatch.setenv('CPLUS_INCLUDE_PATH', '/usr/include')
    flags = removed.compiler_flags()
    assert removed.compiler_flags() == flags
    assert os.environ['CPLUS_INCLUDE_PATH'] == '%s:/usr/include' % folder
    subprocess.check_call(['g++', '-shared', '-x', 'c++', os.devnull, '-o', str(tmpdir.join('x'))] + flags.split())


@pytest.mark.parametrize('name', ['two words', 'it\'s', 'a#b', 'a,b', 'a"b', 'a\\b'])
def test_the_blas_of_scipys_wheel_is_found_wherever_the_project_is(tmpdir, monkeypatch, name):
    real = backend.bundled_openblas()
    if not real:
        pytest.skip('this scipy has no OpenBLAS of its own')
    folder = tmpdir.mkdir(name)
    library = folder.join(os.path.basename(real))
    os.symlink(real, str(library))
    links = backend._links
    monkeypatch.setenv('LIBRARY_PATH', '/usr/lib')
    monkeypatch.setattr(backend, 'bundled_openblas', lambda: str(library))
    monkeypatch.setattr(backend, '_links', lambda *flags: False)
    flags = backend.blas_flags()[0]
    assert backend.blas_flags()[0] == flags and os.environ['LIBRARY_PATH'] == '%s:/usr/lib' % folder
    assert parse_config_string('ldflags=' + flags) == {'ldflags': flags}
    assert all(flag.startswith('-') for flag in flags.split()) and links(*flags.split())


def configured(flags):
    """What a training reports and its THEANO_FLAGS, if the user has set these flags."""
    code = 'import os; from training import backend; print(backend.configure()); print(os.environ["THEANO_FLAGS"])'
    output = subprocess.check_output([sys.executable, '-c', code], cwd=ROOT, env=dict(os.environ, THEANO_FLAGS=flags))
    return output.decode('utf-8').split('\n', 1)


def test_the_users_own_compiler_flags_stay():
    needed = removed.compiler_flags()
    told, flags = configured('gcc.cxxflags=-DMINE')
    assert parse_config_string(flags)['gcc.cxxflags'] == (needed + ' -DMINE').strip()
    assert 'THEANO_FLAGS: gcc.cxxflags = -DMINE' in told and 'gcc' not in configured('openmp=True')[0]


CONVOLUTION = '''
from training import backend
links = backend._links
backend._links = lambda *flags: flags != ('-lopenblas',) and links(*flags)
backend.configure()
import numpy as np, theano
from theano import tensor
from training.ops.conv import conv_twin
x, W = tensor.tensor4(dtype='float32'), tensor.tensor4(dtype='float32')
y = conv_twin(x, W)
function = theano.function([x, W], [y, theano.grad(y.sum(), W)])
images, filters = np.random.RandomState(1).uniform(-1, 1, (40, 12, 12, 5)).astype('f'), np.ones((7, 5, 3, 3), 'f')
for _ in range(20):
    y, dW = function(images, filters)
windows = sum(images[:, i:i + 10, j:j + 10] for i in range(3) for j in range(3)).sum(axis=3)
assert np.allclose(y, windows[..., None], atol=1e-4)
assert np.allclose(dW[0, :, 0, 0], images[:, :10, :10].sum(axis=(0, 1, 2)), atol=1e-2)
print(theano.config.blas.ldflags)
'''


@pytest.mark.once
@pytest.mark.parametrize('flags, linked', [('', True), ('blas.ldflags=', False)])
def test_theanos_own_convolution_on_two_threads(flags, linked):
    """With the OpenBLAS of scipy's wheel, whose functions have other names since scipy 1.13; and without any."""
    if linked and not backend.bundled_openblas():
        pytest.skip('this scipy has no OpenBLAS of its own')
    flags = ','.join(part for part in (os.environ.get('THEANO_FLAGS'), flags) if part)
    output = subprocess.check_output([sys.executable, '-c', CONVOLUTION], cwd=ROOT, stderr=subprocess.STDOUT,
                                     env=dict(os.environ, OMP_NUM_THREADS='2', THEANO_FLAGS=flags)).decode('utf-8')
    assert ('openblas' in output.splitlines()[-1]) is linked, output
