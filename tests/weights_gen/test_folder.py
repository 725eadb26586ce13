"""The parameter folder: layout, writing, reading back, and what is rejected."""
from __future__ import absolute_import, division

import io
import os

import numpy as np
import pytest

from common.overlays import OVERLAYS
from tests.weights_gen.archives import random_layers
from weights_gen import folder, thresholds, weights

NAMES = u'a b c d e f g h i j'.split()


def matrices(overlay, seed=0):
    return [folder.LayerMatrices(weights.compute(layer, values), thresholds.compute(layer, values))
            for layer, values in zip(overlay.layers, random_layers(overlay, seed=seed))]


@pytest.fixture(scope='module', params=sorted(OVERLAYS))
def written(request, tmpdir_factory):
    """An overlay, what was written, and where."""
    overlay = OVERLAYS[request.param]
    path = tmpdir_factory.mktemp(overlay.name)
    layers = matrices(overlay)
    folder.write(str(path), overlay, layers, NAMES)
    return overlay, layers, str(path)


@pytest.fixture
def cnv(tmpdir):
    """The path of a folder of cnvW1A2, to damage."""
    path = str(tmpdir.mkdir('cnvW1A2'))
    overlay = OVERLAYS['cnvW1A2']
    folder.write(path, overlay, matrices(overlay), NAMES)
    return path


def change(path, position, data):
    with io.open(path, 'r+b') as handle:
        handle.seek(position)
        handle.write(data)


def refused(path, name='cnvW1A2'):
    with pytest.raises(folder.BadFolder) as caught:
        folder.read(path, OVERLAYS[name])
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_layout_is_what_is_written(written):
    overlay, _, path = written
    sizes = {}
    for parent, _, names in os.walk(path):
        for name in names:
            full = os.path.join(parent, name)
            sizes[os.path.relpath(full, path)] = os.path.getsize(full)
    layout = folder.layout(overlay)
    assert layout.pop('classes.txt') is None and sizes.pop('classes.txt') == 19
    assert layout == sizes


@pytest.mark.parametrize('name, count', [('lfcW1A1', 290), ('lfcW1A2', 290), ('cnvW1A1', 180), ('cnvW1A2', 180),
                                         ('cnvW2A2', 102)])
def test_number_of_files(name, count):
    assert len(folder.layout(OVERLAYS[name])) == count


def test_reading_gives_back_what_was_written(written):
    overlay, layers, path = written
    for layer, saved, found in zip(overlay.layers, layers, folder.read(path, overlay)):
        assert found.weights.dtype == np.int8 and np.array_equal(found.weights, saved.weights)
        if layer.thresholds:
            assert found.thresholds.dtype == np.int64 and np.array_equal(found.thresholds, saved.thresholds)
        else:
            assert found.thresholds is None


def test_class_names_are_utf8_without_a_last_newline(tmpdir):
    overlay = OVERLAYS['lfcW1A1']
    folder.write(str(tmpdir), overlay, matrices(overlay), [u'caf\xe9', u'dog'])
    assert tmpdir.join('classes.txt').read_binary() == b'caf\xc3\xa9\ndog'


def test_recognise(cnv):
    assert folder.recognise(cnv)
    os.remove(os.path.join(cnv, 'hw', 'config.h'))
    os.rmdir(os.path.join(cnv, 'hw'))
    assert folder.recognise(cnv)    # as BNN-PYNQ published them


@pytest.mark.parametrize('name', ['note.txt', 'hw/bitstream.bit', '9-0-weights.bin', '8-0-thres.bin'])
def test_a_folder_with_something_else_in_it_is_not_recognised(cnv, name):
    io.open(os.path.join(cnv, name), 'wb').close()
    assert not folder.recognise(cnv)


@pytest.mark.parametrize('name', ['classes.txt', '3-7-weights.bin'])
def test_an_incomplete_folder_is_not_recognised(cnv, name):
    os.remove(os.path.join(cnv, name))
    assert not folder.recognise(cnv)


def test_a_missing_folder(tmpdir):
    assert 'there is no such folder' in refused(str(tmpdir.join('nowhere')))


@pytest.mark.parametrize('name', ['0-0-weights.bin', '8-3-weights.bin', '2-15-thres.bin'])
def test_a_missing_file(cnv, name):
    os.remove(os.path.join(cnv, name))
    assert os.path.join(cnv, name) + ' is missing' in refused(cnv)


def test_a_folder_of_another_network(cnv):
    assert 'it is damaged, or of another network' in refused(cnv, 'cnvW2A2')
    assert 'it is damaged, or of another network' in refused(cnv, 'cnvW1A1')
    assert 'it is damaged, or of another network' in refused(cnv, 'lfcW1A2')


@pytest.mark.parametrize('size', [0, 1151, 1153, 9000])
def test_a_wrong_size(cnv, size):
    path = os.path.join(cnv, '2-3-weights.bin')
    assert os.path.getsize(path) == 1152
    with io.open(path, 'r+b') as handle:
        handle.truncate(size)
    assert '%s has %d bytes where this network has 1152' % (path, size) in refused(cnv)


def test_bits_beyond_a_words_weights(cnv):
    path = os.path.join(cnv, '0-5-weights.bin')
    change(path, 0, b'\x08')    # SIMD is 3, so bit 3 is no weight
    assert path + ' has bits set beyond the 3 that a word uses' in refused(cnv)


@pytest.mark.parametrize('name, value, limits', [
    ('1-0-thres.bin', 32768, '-32768 to 32767'), ('1-0-thres.bin', -32769, '-32768 to 32767'),
    ('0-0-thres.bin', 2 ** 23, '-8388608 to 8388607')])
def test_thresholds_beyond_the_memory(cnv, name, value, limits):
    change(os.path.join(cnv, name), 8, np.array(value, '<i8').tobytes())
    assert '%s has thresholds outside %s' % (os.path.join(cnv, name), limits) in refused(cnv)


def test_thresholds_that_fall(cnv):
    path = os.path.join(cnv, '1-0-thres.bin')
    change(path, 0, np.array([5, 4], '<i8').tobytes())
    assert path + ' has thresholds that do not rise' in refused(cnv)
