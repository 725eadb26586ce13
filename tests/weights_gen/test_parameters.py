"""Archives: what is read, and what is refused with which line."""
from __future__ import absolute_import, division

import io
import os
import pickle
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from common.overlays import OVERLAYS
from tests.shared import ROOT
from tests.weights_gen.archives import random_layers, save
from weights_gen import parameters

LFC, CNV = OVERLAYS['lfcW1A1'], OVERLAYS['cnvW1A1']


@pytest.fixture(scope='module')
def lfc_arrays():
    return parameters.arrays(random_layers(LFC))


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join('trained.npz'))


def refused(path, overlay=LFC):
    """The one line that says why an archive is refused."""
    with pytest.raises(parameters.BadArchive) as caught:
        parameters.read(path, overlay)
    line = str(caught.value)
    assert line.startswith(path) and '\n' not in line
    return line


def npy_bytes(array):
    stream = io.BytesIO()
    npy.write_array(stream, np.asanyarray(array))
    return stream.getvalue()


def replace_member(path, arrays, number, data, compression=zipfile.ZIP_STORED):
    """Write an archive in which one member holds the given bytes."""
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for index, array in enumerate(arrays):
            archive.writestr('arr_%d.npy' % index, data if index == number else npy_bytes(array))


@pytest.mark.parametrize('overlay, outputs', [(LFC, 10), (LFC, 1), (CNV, 10), (CNV, 64)])
def test_reading_what_was_saved(path, overlay, outputs):
    layers = random_layers(overlay, outputs)
    loaded = parameters.read(save(path, layers), overlay)
    assert parameters.classes(loaded) == outputs
    for saved, found in zip(layers, loaded):
        for name, values in zip(saved._fields, saved):
            if values is None:
                assert getattr(found, name) is None
            else:
                assert getattr(found, name).dtype == np.float32
                assert np.array_equal(getattr(found, name), values)
    with np.load(path) as archive:
        again = parameters.arrays(loaded)
        assert len(again) == len(archive.files)
        assert all(np.array_equal(archive['arr_%d' % number], array) for number, array in enumerate(again))


@pytest.mark.parametrize('convert', [lambda array: array.astype(np.float64), lambda array: array.astype('>f4'),
                                     np.asfortranarray])
def test_other_ways_to_store_the_same_numbers(path, lfc_arrays, convert):
    np.savez(path, *[convert(array) for array in lfc_arrays])
    loaded = parameters.arrays(parameters.read(path, LFC))
    assert all(array.dtype == np.float32 and np.array_equal(array, expected)
               for array, expected in zip(loaded, lfc_arrays))


def test_no_such_file(path):
    with pytest.raises(EnvironmentError):
        parameters.read(path, LFC)


@pytest.mark.parametrize('content, problem', [
    (b'', 'is not an .npz archive'),
    (b'layer,weight\n0,1\n', 'is not an .npz archive'),
    (pickle.dumps([1., 2.]), 'is not an .npz archive'),
    (npy_bytes(np.zeros(3)), 'is a single array (.npy)')])
def test_not_an_archive(path, content, problem):
    with io.open(path, 'wb') as handle:
        handle.write(content)
    assert problem in refused(path)


@pytest.mark.parametrize('share', [.0001, .3, .9, .9999])
def test_a_truncated_archive(path, lfc_arrays, share):
    np.savez(path, *lfc_arrays)
    with io.open(path, 'r+b') as handle:
        handle.truncate(int(os.path.getsize(path) * share))
    assert 'is cut short or damaged' in refused(path)


@pytest.mark.parametrize('savez', [np.savez, np.savez_compressed])
def test_one_changed_bit_in_the_values(path, lfc_arrays, savez):
    savez(path, *lfc_arrays)
    with io.open(path, 'r+b') as handle:
        handle.seek(100000)
        byte = bytearray(handle.read(1))
        handle.seek(100000)
        handle.write(bytearray([byte[0] ^ 1]))
    assert re.search(r'arr_\d+ \(weights of layer \d\) is damaged', refused(path))


def test_random_damage_is_never_read_silently(path, lfc_arrays):
    np.savez_compressed(path, *lfc_arrays)
    with io.open(path, 'rb') as handle:
        good = handle.read()
    random = np.random.RandomState(0)
    outcomes = set()
    for _ in range(30):
        damaged = bytearray(good)
        for position in random.randint(len(good) - 5000, len(good), random.randint(1, 10)):
            damaged[position] = random.randint(256)
        with io.open(path, 'wb') as handle:
            handle.write(damaged)
        try:
            loaded = parameters.arrays(parameters.read(path, LFC))
            assert all(np.array_equal(*pair) for pair in zip(loaded, lfc_arrays))
            outcomes.add('same')
        except parameters.BadArchive:
            outcomes.add('refused')
    assert 'refused' in outcomes


def test_arrays_missing(path, lfc_arrays):
    np.savez(path, *lfc_arrays[:-1])
    assert 'lacks arr_23: lfcW1A1 has arr_0 to arr_23' in refused(path)
    np.savez(path, *lfc_arrays[:6])
    assert 'lacks arr_6, arr_7, arr_8, ...:' in refused(path)


def test_arrays_left_over(path, lfc_arrays):
    np.savez(path, *(lfc_arrays + [np.zeros(3)]))
    assert 'has left over arr_24: lfcW1A1 has arr_0 to arr_23' in refused(path)
    np.savez(path, *lfc_arrays, note=np.zeros(3))
    assert 'has left over note:' in refused(path)


def test_names_that_no_terminal_should_see(path, lfc_arrays):
    np.savez(path, *lfc_arrays)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(u'\x1b[31m\nn\xe9', b'')
    assert 'has left over ??31m?n?:' in refused(path)


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_an_array_twice(path, lfc_arrays):
    np.savez(path, *lfc_arrays)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('arr_3.npy', npy_bytes(lfc_arrays[3]))
    assert 'has left over arr_3:' in refused(path)


def test_an_archive_of_another_network(path):
    save(path, random_layers(CNV))
    assert 'is it of another network?' in refused(path, LFC)


@pytest.mark.parametrize('number, shape, message', [
    (0, (784, 1023), 'arr_0 (weights of layer 0) has shape (784, 1023), expected (784, 1024)'),
    (0, (1024, 784), 'arr_0 (weights of layer 0) has shape (1024, 784), expected (784, 1024)'),
    (3, (1024, 1), 'arr_3 (gamma of layer 0) has shape (1024, 1), expected (1024)'),
    (7, (), 'arr_7 (bias of layer 1) has shape (), expected (1024)'),
    (16, (512,), 'arr_16 (mean of layer 2) has shape (512), expected (1024)'),
    (18, (1000, 10), 'arr_18 (weights of layer 3) has shape (1000, 10), expected (1024, classes)'),
    (18, (1024,), 'arr_18 (weights of layer 3) has shape (1024), expected (1024, classes)'),
    (18, (1024, 9), 'arr_19 (bias of layer 3) has shape (10), expected (9)'),
    (23, (11,), 'arr_23 (inv_std of layer 3) has shape (11), expected (10)')])
def test_wrong_shapes(path, lfc_arrays, number, shape, message):
    arrays = list(lfc_arrays)
    arrays[number] = np.ones(shape, np.float32)
    np.savez(path, *arrays)
    assert message in refused(path)


def test_scalars_of_the_last_cnv_layer(path):
    layers = random_layers(CNV)
    layers[8] = layers[8]._replace(gamma=np.ones(10, np.float32))
    assert 'arr_50 (gamma of layer 8) has shape (10), expected ()' in refused(save(path, layers), CNV)


@pytest.mark.parametrize('outputs', [0, 65, 1000])
def test_the_number_of_classes(path, outputs):
    save(path, random_layers(LFC, outputs))
    assert 'is of a network with %d classes: the overlay answers with 1 to 64' % outputs in refused(path)


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
    assert 'is named for 1-bit weights and 2-bit activations, and is asked for as 1 and 1' in refused(path)


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
    central = data.index(b'PK\x01\x02')     # the directory's first entry; its method is 10 bytes on
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
