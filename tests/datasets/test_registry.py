"""Data sets by name: ranges, splits, encoding, and what is rejected."""
from __future__ import absolute_import, division

import io
import os
import pickle
import struct
import sys
import tarfile
import zlib

import numpy as np
import pytest

from common import npz
from common.errors import UserError
from common.files import sha256
from datasets import downloads, registry
from datasets.images import encode
from tests.fuzzing_formats import gzipped
from tests.shared import SHARED

REAL = os.path.join(SHARED, 'data', 'mnist.npz')


def arrays(shape, train=60, test=20):
    random = np.random.RandomState(3)
    return {'x_train': random.randint(0, 256, (train,) + shape).astype(np.uint8),
            'y_train': (np.arange(train) % 10).astype(np.uint8),
            'x_test': random.randint(0, 256, (test,) + shape).astype(np.uint8),
            'y_test': (np.arange(test) % 10).astype(np.uint8)}


def write(folder, name, contents):
    with open(str(folder / (name + '.npz')), 'wb') as handle:
        npz.write(handle, contents)
    return str(folder)


@pytest.mark.parametrize('name, net, shape, held_back', [
    ('mnist', 'lfc', (28, 28), 10), ('mnist', 'cnv', (28, 28), 10), ('cifar10', 'cnv', (32, 32, 3), 6)])
def test_the_last_training_images_validate(tmp_path, name, net, shape, held_back):
    contents = arrays(shape)
    data = registry.load(name, net, write(tmp_path, name, contents))
    assert np.array_equal(data.train.images, contents['x_train'][:-held_back])
    assert np.array_equal(data.valid.images, contents['x_train'][-held_back:])
    assert np.array_equal(data.valid.labels, contents['y_train'][-held_back:])
    assert np.array_equal(data.test.images, contents['x_test'])
    assert data.train.images.dtype == np.uint8 and len(data.class_names) == 10


@pytest.mark.skipif(not os.path.exists(REAL), reason='no MNIST: %s is not there' % REAL)
def test_mnist():
    data = registry.load('mnist', 'lfc', os.path.dirname(REAL))
    assert [len(part.images) for part in data[1:4]] == [50000, 10000, 10000]
    assert list(data.train.labels[:5]) == [5, 0, 4, 1, 9] and list(data.test.labels[:3]) == [7, 2, 1]
    assert data.class_names == [u'%d' % digit for digit in range(10)]


def test_labels_of_keras_come_in_a_column(tmp_path):
    contents = arrays((32, 32, 3))
    contents['y_train'] = contents['y_train'][:, None].astype(np.int64)
    data = registry.load('cifar10', 'cnv', write(tmp_path, 'cifar10', contents))
    assert data.train.labels.shape == (54,) and data.class_names[9] == u'Truck'


def test_encoding_of_every_level():
    levels = np.arange(256, dtype=np.uint8)
    black_and_white = encode(np.tile(levels[:, None, None], (1, 28, 28)), 'lfc')
    assert black_and_white.shape == (256, 1, 28, 28) and black_and_white.dtype == np.float32
    assert (black_and_white[:128] == -1).all() and (black_and_white[128:] == 1).all()

    colours = encode(np.tile(levels[:, None, None, None], (1, 32, 32, 3)), 'cnv')
    assert colours.shape == (256, 3, 32, 32) and colours.dtype == np.float32 and colours.flags.c_contiguous
    assert np.abs(colours[:, 0, 0, 0] - (np.arange(256) * 2. / 255 - 1)).max() < 2.0 ** -22
    assert (colours[0] == -1).all() and (colours[255] == 1).all()
    # the board's value for the pixel follows from the same float32 value
    fixed = np.clip(np.floor((np.arange(256) * 2. / 255 - 1) * 128 + .5), -128, 127)
    assert np.array_equal(np.clip(np.floor(colours[:, 0, 0, 0] * 128 + .5), -128, 127), fixed)


def test_planes():
    images = np.arange(32 * 32 * 3).reshape(1, 32, 32, 3).astype(np.uint8)
    planes = encode(images, 'cnv')
    assert planes[0, 1, 2, 3] == np.float32(images[0, 2, 3, 1] * np.float32(2. / 255) - np.float32(1))


def test_grey_images_for_cnv_are_framed():
    grey = np.full((1, 28, 28), 255, np.uint8)
    planes = encode(grey, 'cnv')
    assert planes.shape == (1, 3, 32, 32)
    assert (planes[:, :, 2:30, 2:30] == 1).all() and planes.sum() == 3 * (28 ** 2 - (32 ** 2 - 28 ** 2))


@pytest.mark.parametrize('net, shape', [('lfc', (28, 28)), ('cnv', (32, 32, 3))])
def test_digits(net, shape):
    first, second = registry.load('digits', net), registry.load('digits', net)
    assert [part.images.shape for part in first[1:4]] == [(count,) + shape for count in (5188, 200, 300)]
    for part, again in zip(first[1:4], second[1:4]):
        assert np.array_equal(part.images, again.images) and np.array_equal(part.labels, again.labels)
        assert part.images.dtype == np.uint8 and set(part.labels) == set(range(10))
    if net == 'lfc':
        assert set(np.unique(first.train.images)) == {0, 255}
    ink = [first.train.images[first.train.labels == digit].astype(float).mean(0) for digit in (0, 1)]
    middle = ink[0].shape[0] // 2
    assert ink[0][middle, middle].mean() < ink[1][middle, middle].mean(), 'a zero is hollow, a one is not'


def without(key):
    return lambda contents: contents.pop(key)


def changed(key, change):
    return lambda contents: contents.update({key: change(contents[key])})


@pytest.mark.parametrize('spoil, message', [
    (without('y_test'), 'lacks an array: '),
    (changed('x_train', lambda x: x[:, :27]), 'x_train is uint8 (60, 27, 28), expected uint8 (N, 28, 28)'),
    (changed('x_test', lambda x: x / 255.), 'x_test is float64'),
    (changed('y_train', lambda y: y[:-1]), 'y_train is uint8 of length 59, expected 60 integers'),
    (changed('y_test', lambda y: y * 1.5), 'y_test is float64'),
    (changed('y_train', lambda y: y + 1), 'y_train has labels from 1 to 10, expected 0 to 9'),
    (changed('y_train', lambda y: y.astype(int) - 1), 'y_train has labels from -1 to 8'),
    (lambda contents: contents.update(x_train=contents['x_train'][:9], y_train=contents['y_train'][:9]),
     'x_train has only 9 images')])
def test_archives_that_do_not_fit(tmp_path, spoil, message):
    contents = arrays((28, 28))
    spoil(contents)
    refused(tmp_path, contents, message)


def refused(folder, contents, message):
    write(folder, 'mnist', contents)
    assert message in error('mnist', 'lfc', str(folder))


def error(*arguments):
    with pytest.raises(UserError) as failed:
        registry.load(*arguments)
    assert '\n' not in str(failed.value)
    return str(failed.value)


def test_files_that_are_no_archives(tmp_path):
    path = tmp_path / 'mnist.npz'
    assert 'is not there: put the file into' in error('mnist', 'lfc', str(tmp_path))
    write(tmp_path, 'mnist', arrays((28, 28)))
    whole = path.read_bytes()
    for contents in (b'', b'PK', b'hello', whole[:-30], whole[:1000], whole[:2000] + b'\xff' * 60 + whole[2060:]):
        path.write_bytes(contents)
        assert 'cannot be read as an .npz archive: copy it again' in error('mnist', 'lfc', str(tmp_path))


class Evil(object):
    """Leaves a file behind if it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, 'w')


def test_nothing_is_unpickled(tmp_path):
    trace = tmp_path / 'trace'
    contents = arrays((28, 28))
    contents['x_train'] = np.array([Evil(str(trace))], dtype=object)
    np.savez(str(tmp_path / 'mnist.npz'), **contents)
    assert 'cannot be read as an .npz archive' in error('mnist', 'lfc', str(tmp_path))
    assert not trace.exists()


def test_names_that_are_none():
    assert 'there is no data set imagenet: choose one of mnist, cifar10' in error('imagenet', 'cnv')
    assert 'LFC reads 28x28 black and white pictures' in error('cifar10', 'lfc')


# --- CIFAR-10 in its authors' archive ---------------------------------------------------------------------------------

def pickled_by_python2(batch):
    """A pickle as Python 2 writes it: its strings are bytes."""
    if str is bytes:
        return pickle.dumps(batch, 2)

    class Pickler(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)

        def save_bytes(self, text):
            self.write(pickle.BINSTRING + struct.pack('<i', len(text)) + text)
            self.memoize(text)
        dispatch[bytes] = save_bytes

    stream = io.BytesIO()
    Pickler(stream, protocol=2).dump(batch)
    return stream.getvalue()


def cifar_archive(path, spoil=None):
    """CIFAR-10's archive with ten images per batch."""
    contents = arrays((32, 32, 3), train=50, test=10)
    planes = contents['x_train'].transpose(0, 3, 1, 2).reshape(50, -1)
    batches = {'data_batch_%d' % (number + 1): (planes[number * 10:][:10], contents['y_train'][number * 10:][:10])
               for number in range(5)}
    batches['test_batch'] = (contents['x_test'].transpose(0, 3, 1, 2).reshape(10, -1), contents['y_test'])
    with tarfile.open(str(path), 'w:gz') as archive:
        for name, (images, labels) in batches.items():
            batch = {b'data': images, b'labels': [int(label) for label in labels], b'batch_label': b'one of five'}
            if spoil is not None:
                batch[b'filenames'] = spoil
            data = pickled_by_python2(batch)
            member = tarfile.TarInfo('cifar-10-batches-py/' + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return contents


def test_cifar10_from_its_authors_archive(tmp_path, monkeypatch):
    path = tmp_path / 'cifar-10-batches-py.tar.gz'
    contents = cifar_archive(path)
    monkeypatch.setattr(downloads, 'fetch', lambda source: str(path))
    data = registry.load('cifar10', 'cnv')
    assert np.array_equal(np.concatenate([data.train.images, data.valid.images]), contents['x_train'])
    assert np.array_equal(data.test.images, contents['x_test'])
    assert np.array_equal(data.test.labels, contents['y_test'])


def test_damaged_archives_of_cifar10(tmp_path):
    path = tmp_path / 'cifar-10-python.tar.gz'
    cifar_archive(path)
    whole = path.read_bytes()
    unpacked = zlib.decompress(whole, 31)
    for data in (b'', b'no archive', whole[:100], whole[:len(whole) // 2], gzipped(b'no tar file' * 100),
                 gzipped(unpacked[:4000]), gzipped(unpacked[:3] + b'X' + unpacked[4:]),
                 gzipped(unpacked[:156] + b'x' + unpacked[157:]), gzipped(b'\0' * 1024), gzipped(b'')):
        path.write_bytes(data)
        line = error('cifar10', 'cnv', str(tmp_path))
        assert str(path) in line and 'fetch it again' in line and '\n' not in line


@pytest.mark.parametrize('form', ['archive', 'python', 'binary', 'within'])
def test_cifar10_as_its_authors_files_in_data_dir(tmp_path, form):
    contents = cifar_archive(tmp_path / 'cifar-10-python.tar.gz')
    if form in ('python', 'within'):
        with tarfile.open(str(tmp_path / 'cifar-10-python.tar.gz')) as archive:
            archive.extractall(str(tmp_path))
        os.remove(str(tmp_path / 'cifar-10-python.tar.gz'))
    elif form == 'binary':
        os.remove(str(tmp_path / 'cifar-10-python.tar.gz'))
        (tmp_path / 'cifar-10-batches-bin').mkdir()
        for number, name in enumerate(['data_batch_%d' % batch for batch in range(1, 6)] + ['test_batch']):
            images, labels = [contents[kind + ('test' if number == 5 else 'train')][number % 5 * 10:][:10]
                              for kind in ('x_', 'y_')]
            planes = images.transpose(0, 3, 1, 2).reshape(10, -1)
            (tmp_path / 'cifar-10-batches-bin' / (name + '.bin')).write_bytes(
                np.hstack([labels[:, None], planes]).astype(np.uint8).tobytes())
    data = registry.load('cifar10', 'cnv', str(tmp_path / 'cifar-10-batches-py') if form == 'within' else str(tmp_path))
    assert np.array_equal(np.concatenate([data.train.images, data.valid.images]), contents['x_train'])
    assert np.array_equal(data.test.labels, contents['y_test'])


def test_mnist_as_idx_files_in_data_dir(tmp_path):
    contents = arrays((28, 28))
    (tmp_path / 'MNIST' / 'raw').mkdir(parents=True)
    for name, images, labels in (('train', 'x_train', 'y_train'), ('t10k', 'x_test', 'y_test')):
        for kind, array in (('images-idx3', contents[images]), ('labels-idx1', contents[labels])):
            (tmp_path / 'MNIST' / 'raw' / ('%s-%s-ubyte' % (name, kind))).write_bytes(
                struct.pack('>%dI' % (1 + array.ndim), 0x800 + array.ndim, *array.shape) + array.tobytes())
    data = registry.load('mnist', 'lfc', str(tmp_path))
    assert np.array_equal(np.concatenate([data.train.images, data.valid.images]), contents['x_train'])
    assert np.array_equal(data.test.labels, contents['y_test']) and data.name == 'mnist'


def test_other_pickles_are_refused(tmp_path, monkeypatch):
    path, trace = tmp_path / 'cifar-10-batches-py.tar.gz', tmp_path / 'trace'
    cifar_archive(path, spoil=Evil(str(trace)))
    monkeypatch.setattr(downloads, 'fetch', lambda source: str(path))
    assert 'it refers to ' in error('cifar10', 'cnv')
    assert not trace.exists()


def test_mnist_through_kerass_cache(tmp_path, monkeypatch):
    """Keras checks the hash of the real file; without Keras the cached file is read as it is."""
    folder = tmp_path / 'datasets'
    folder.mkdir()
    contents = arrays((28, 28))
    write(folder, 'mnist', contents)
    path = str(folder / 'mnist.npz')
    monkeypatch.setenv('KERAS_HOME', str(tmp_path))
    monkeypatch.setattr(downloads, 'MNIST', downloads.MNIST._replace(size=os.path.getsize(path), sha256=sha256(path)))
    monkeypatch.setitem(sys.modules, 'keras', None)
    assert np.array_equal(registry.load('mnist', 'lfc').test.images, contents['x_test'])
