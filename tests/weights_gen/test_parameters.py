"""Archives as files: what is read, and the error lines for truncated, damaged and other networks' archives."""
from __future__ import absolute_import, division

import io
import os
import pickle
import re
import zipfile

import numpy as np
import pytest

from tests.weights_gen.archives import CNV, LFC, npy_bytes, random_layers, refused, save
from weights_gen import parameters


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
    assert 'also has arr_24: lfcW1A1 has arr_0 to arr_23' in refused(path)
    np.savez(path, *lfc_arrays, note=np.zeros(3))
    assert 'also has note:' in refused(path)


def test_names_that_no_terminal_should_see(path, lfc_arrays):
    np.savez(path, *lfc_arrays)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr(u'\x1b[31m\nn\xe9', b'')
    assert 'also has ??31m?n?:' in refused(path)


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_an_array_twice(path, lfc_arrays):
    np.savez(path, *lfc_arrays)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('arr_3.npy', npy_bytes(lfc_arrays[3]))
    assert 'also has arr_3:' in refused(path)


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
