"""The contents of an archive's arrays: types, values, objects, bombs; what is rejected with which line."""
from __future__ import absolute_import, division

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from tests.shared import ROOT
from tests.weights_gen.archives import CNV, npy_bytes, random_layers, refused, replace_member, save


@pytest.mark.parametrize('dtype, name', [(np.int32, 'int32'), (np.complex64, 'complex64'), (np.float16, 'float16'),
                                         (bool, 'bool'), ('S4', '32 values'), ([('a', 'f4')], 'void'),
                                         ('M8[s]', 'datetime64')])
def test_wrong_types(path, lfc_arrays, dtype, name):
    arrays = list(lfc_arrays)
    arrays[5] = np.zeros(1024, dtype)
    np.savez(path, *arrays)
    line = refused(path)
    assert 'arr_5 (inv_std of layer 0) holds ' in line and name in line and 'expected float32' in line


class Trap(object):
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return io.open, (self.path, 'wb')


def test_nothing_is_unpickled(path, lfc_arrays, tmpdir):
    sprung = tmpdir.join('sprung')
    arrays = list(lfc_arrays)
    arrays[0] = np.array([[Trap(str(sprung))]])
    np.savez(path, *arrays)
    assert 'arr_0 (weights of layer 0) holds object values' in refused(path)
    assert not sprung.exists()


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('number, label', [(0, 'weights of layer 0'), (8, 'beta of layer 1'), (21, 'gamma of layer 3')])
def test_values_that_are_not_finite(path, lfc_arrays, number, label, value):
    arrays = [array.copy() for array in lfc_arrays]
    arrays[number].flat[-1] = value
    np.savez(path, *arrays)
    assert 'arr_%d (%s) has values that are not finite' % (number, label) in refused(path)


def test_float64_beyond_float32(path, lfc_arrays):
    arrays = list(lfc_arrays)
    arrays[2] = np.full(1024, 1e300)
    np.savez(path, *arrays)
    assert 'arr_2 (beta of layer 0) has values that are not finite' in refused(path)


@pytest.mark.parametrize('number, value, message', [
    (3, 0., 'arr_3 (gamma of layer 0) is 0 for unit 7'),
    (9, -0., 'arr_9 (gamma of layer 1) is 0 for unit 7'),
    (5, 0., 'arr_5 (inv_std of layer 0) is not above 0 for unit 7'),
    (5, 101., 'arr_5 (inv_std of layer 0) is 101 for unit 7, and 1/sqrt(variance + epsilon) is at most 100'),
    (23, -1., 'arr_23 (inv_std of layer 3) is not above 0 for unit 7')])
def test_gamma_and_inv_std(path, lfc_arrays, number, value, message):
    arrays = [array.copy() for array in lfc_arrays]
    arrays[number][7] = value
    np.savez(path, *arrays)
    assert message in refused(path)


def test_bits_in_the_name_of_the_file(tmpdir, lfc_arrays):
    path = str(tmpdir.join('mnist-1w-2a.npz'))
    np.savez(path, *lfc_arrays)
    assert 'is named for 1-bit weights and 2-bit activations, not 1 and 1' in refused(path)


def test_scalar_gamma_of_zero(path):
    layers = random_layers(CNV)
    layers[8] = layers[8]._replace(gamma=np.float32(0))
    assert 'arr_50 (gamma of layer 8) is 0' in refused(save(path, layers), CNV)


@pytest.mark.parametrize('data', [
    b'', b'\x93NUMPY', npy_bytes(np.zeros((784, 1024), np.float32))[:-1],
    npy_bytes(np.zeros((784, 1024), np.float32)) + b'\0', b'\x93NUMPY\x01\x00\x76\x00' + b'(' * 117 + b'\n',
    b'\x93NUMPY\x02\x00\xff\xff\xff\x7f{}', b'\x93NUMPY\x09\x00\x02\x00{}'],
    ids=['empty', 'no header', 'short', 'long', 'nested', 'huge header', 'version'])
def test_broken_members(path, lfc_arrays, data):
    replace_member(path, lfc_arrays, 0, data)
    assert 'arr_0 (weights of layer 0) is damaged' in refused(path)


def test_a_compression_that_numpy_never_writes(path, lfc_arrays):
    replace_member(path, lfc_arrays, 0, npy_bytes(lfc_arrays[0]))
    with io.open(path, 'rb') as handle:
        data = handle.read()
    central = data.index(b'PK\x01\x02')     # the directory's first entry; its compression method is 10 bytes further
    with io.open(path, 'wb') as handle:
        handle.write(data[:8] + b'\x0c' + data[9:central + 10] + b'\x0c' + data[central + 11:])
    assert 'arr_0 (weights of layer 0) is damaged' in refused(path)


MEASURE = '''
import sys
sys.path.insert(0, sys.argv[1])
from common.errors import UserError
from common import overlays
from weights_gen import parameters

def peak():
    with open('/proc/self/status') as status:
        return [int(line.split()[1]) // 1024 for line in status if line.startswith('VmHWM')][0]

before = peak()
try:
    parameters.read(sys.argv[2], overlays.OVERLAYS['lfcW1A1'])
except UserError as error:
    print(error)
print(peak() - before)
'''


@pytest.mark.skipif(not os.path.exists('/proc/self/status'), reason='measures memory by /proc/self/status')
@pytest.mark.parametrize('header_shape', [(784, 1024), (20000, 50000)])
def test_a_bomb_is_not_unpacked(path, lfc_arrays, header_shape):
    """A member of 128 MiB in 128 KiB."""
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {'descr': '<f4', 'fortran_order': False, 'shape': header_shape})
    replace_member(path, lfc_arrays, 0, header.getvalue() + b'\0' * 2 ** 27, zipfile.ZIP_DEFLATED)
    line, megabytes = subprocess.check_output([sys.executable, '-c', MEASURE, ROOT, path]).decode().splitlines()
    assert 'arr_0 (weights of layer 0)' in line
    assert int(megabytes) < 40
