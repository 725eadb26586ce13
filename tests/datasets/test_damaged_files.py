"""Every reader of data sets, with damaged and hostile files: read, or rejected in one line."""
from __future__ import absolute_import, division

import io
import json
import os

import numpy as np
import pytest
from hypothesis import strategies
from PIL import Image
from scipy import io as scipy_io

from common import npz
from tests.datasets import drawings
from tests.fuzzing import damaged, explore, searches
from tests.fuzzing_formats import gzipped, hostile_json, hostile_npz
from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)
from datasets import arrays, folder, gtsrb, registry, svhn
from datasets.fitting import Fitting
from datasets.folder import cache
from datasets.images import DatasetError, encode


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Silence the many lines about the data, which are not tested here."""
    for module in (arrays, cache, folder, gtsrb, svhn):
        monkeypatch.setattr(module, 'say', lambda line: None)


def noise(*shape):
    return np.random.RandomState(sum(shape)).randint(0, 256, shape).astype(np.uint8)


def put(path, data):
    with open(str(path), 'wb') as handle:
        handle.write(data)


def one_of(files):
    """A strategy for (name, bytes) of one file to replace; `files`: name to strategy for its bytes."""
    return strategies.sampled_from(sorted(files)).flatmap(
        lambda name: strategies.tuples(strategies.just(name), files[name]))


def some_arrays(shape, count=40):
    test = count * 3 // 10
    return {'x_train': noise(count, *shape), 'y_train': np.arange(count) % 4, 'x_test': noise(test, *shape),
            'y_test': np.arange(test) % 4, 'class_names': np.array([u'a', u'b', u'c', u'd'])}


# --- arrays ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name, net, shape', [('mnist', 'lfc', (28, 28)), ('cifar10', 'cnv', (32, 32, 3))])
@searches(200, 4000)
def test_known_archives(tmpdir, name, net, shape, cases):
    def attempt(data):
        put(tmpdir.join(name + '.npz'), data)
        for part in registry.load(name, net, str(tmpdir))[1:4]:
            assert part.images.dtype == np.uint8 and part.images.shape[1:] == shape and part.labels.max() < 10
    explore(attempt, hostile_npz(some_arrays(shape)), cases)


@pytest.mark.parametrize('net', ['lfc', 'cnv'])
@searches(200, 4000)
def test_own_archives(tmpdir, net, cases):
    path, fitting = tmpdir.join('own.npz'), Fitting(net)

    def attempt(data):
        put(path, data)
        data = arrays.load(str(path), fitting)
        assert 1 <= len(data.class_names) <= 64 and data.train.labels.max() < len(data.class_names)
        assert encode(data.train.images, net).dtype == np.float32
    explore(attempt, hostile_npz(some_arrays((12, 12, 3), count=16)), cases)    # LFC's fitting takes most of the time


def one_replaced(folder, content, fitting):
    """Returns what reads a folder of files, `content` (name to bytes), with one (name, bytes) replaced."""
    def attempt(case):
        for name, data in dict(content, **dict([case])).items():
            put(folder.join(name), data)
        arrays.load(str(folder), fitting)
    return attempt


def idx(array):
    return np.array([0x800 + array.ndim] + list(array.shape), '>u4').tobytes() + array.astype(np.uint8).tobytes()


def idx_files():
    return {part + kind: idx(array) for part, count in (('train', 40), ('t10k', 12)) for kind, array in (
        ('-images-idx3-ubyte', noise(count, 28, 28)), ('-labels-idx1-ubyte', np.arange(count) % 4))}


@searches(300, 6000)
def test_idx_files(tmpdir, cases):
    content = idx_files()
    files = {name: damaged([data, gzipped(data)]) | damaged([data]).map(gzipped) for name, data in content.items()}
    explore(one_replaced(tmpdir, content, Fitting('lfc')), one_of(files), cases)


def test_idx_files_of_mnist(tmpdir):
    content = idx_files()
    for name, data in content.items():
        put(tmpdir.join(name), data)
    assert len(registry.load('mnist', 'lfc', str(tmpdir)).test.images) == 12
    whole = content['train-images-idx3-ubyte']
    packed = gzipped(whole)
    for data, words in ((b'', 'is damaged ('), (whole[:-9], 'is damaged ('), (packed[:-900], 'is damaged ('),
                        (packed[:-8] + b'\0' * 8, 'is damaged ('), (packed[:50] + b'\xff' * 50, 'is damaged ('),
                        (whole[:4] + b'\xff' * 12, 'holds more than this data set has')):
        put(tmpdir.join('train-images-idx3-ubyte'), data)
        with pytest.raises(DatasetError) as caught:
            registry.load('mnist', 'lfc', str(tmpdir))
        line = str(caught.value)
        assert str(tmpdir) in line and words in line and 'fetch it again' in line and '\n' not in line


@searches(300, 6000)
def test_cifar_files(tmpdir, cases):
    def records(count):
        return np.hstack([np.arange(count)[:, None] % 4, noise(count, 3072)]).astype(np.uint8).tobytes()

    content = {'data_batch_1.bin': records(30), 'data_batch_2.bin': records(10), 'test_batch.bin': records(8),
               'batches.meta.txt': b'cat\ndog\nbird\nfish\n'}
    files = {name: damaged([data]) for name, data in content.items()}
    explore(one_replaced(tmpdir, content, Fitting('cnv')), one_of(files), cases)


# --- published data sets ---------------------------------------------------------------------------------------------

@searches(150, 4000)
def test_svhn(tmpdir, cases):
    whole = []
    for options in (dict(do_compression=True), dict(do_compression=False), dict(format='4')):
        stream = io.BytesIO()
        content = {'y': (np.arange(40, dtype=np.uint8) % 10 + 1)[:, None]}
        content['X'] = noise(32, 32, 3, 40) if 'format' not in options else content['y']
        scipy_io.savemat(stream, content, **options)
        whole.append(stream.getvalue())
    put(tmpdir.join('test_32x32.mat'), whole[0])

    def attempt(data):
        put(tmpdir.join('train_32x32.mat'), data)
        registry.load('svhn', 'cnv', str(tmpdir))
    explore(attempt, damaged(whole, most=3), cases)


@searches(100, 2000)
def test_gtsrb_tables(tmpdir, monkeypatch, cases):
    """And the pictures that they name: none is read outside the folder."""
    monkeypatch.setattr(gtsrb, 'CLASSES', gtsrb.CLASSES[:2])
    training, test = [tmpdir.ensure(name, 'Images', dir=True) for name in ('Final_Training', 'Final_Test')]
    head = b'Filename;Width;ClassId\r\n'
    tables = {}
    for label in range(2):
        names = [b'%05d_%05d.ppm' % (row, 0) if str is not bytes else '%05d_%05d.ppm' % (row, 0) for row in range(3)]
        tables['Final_Training/Images/%05d/GT-%05d.csv' % (label, label)] = head + b''.join(
            name + b';32;' + str(label).encode('ascii') + b'\r\n' for name in names)
        for name in names:
            Image.fromarray(noise(30 + label, 30, 3)).save(str(training.ensure('%05d' % label, dir=True).join(
                name.decode('ascii'))))
    Image.fromarray(noise(9, 9, 3)).save(str(test.join('00000.ppm')))
    tables['Final_Test/Images/GT-final_test.csv'] = head + b'00000.ppm;32;1\r\n'
    for name, data in tables.items():
        put(tmpdir.join(name), data)

    def attempt(case):
        name, data = case
        put(tmpdir.join(name), data)
        try:
            registry.load('gtsrb', 'cnv', str(tmpdir))
        finally:
            put(tmpdir.join(name), tables[name])
    explore(attempt, one_of({name: damaged([data]) for name, data in tables.items()}), cases)


# --- pictures --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('net', ['lfc', 'cnv'])
@searches(120, 4000)
def test_pictures(tmpdir, monkeypatch, net, cases):
    """A folder with one damaged picture: it is left out with a message, or the folder is then too small."""
    monkeypatch.setattr(cache, 'save', lambda *arguments: None)
    drawings.folder(str(tmpdir.join('own')), 4, classes=drawings.SHAPES[:2])
    drawings.folder(str(tmpdir.join('more')), len(drawings.KINDS), classes=drawings.SHAPES[:1])
    where = tmpdir.join('more', drawings.SHAPES[0])
    whole = [path.read_binary() for path in where.listdir()] + [_ppm(), _webp()]
    target = tmpdir.join('own', drawings.SHAPES[1], '1.jpg')

    def attempt(data):
        put(target, data)
        folder.load(str(tmpdir.join('own')), Fitting(net), 'stop')
    explore(attempt, damaged(whole, most=3), cases)


def _ppm():
    stream = io.BytesIO()
    Image.fromarray(noise(20, 30, 3)).save(stream, 'PPM')
    return stream.getvalue()


def _webp():
    stream = io.BytesIO()
    Image.fromarray(noise(20, 30, 3)).save(stream, 'WEBP')
    return stream.getvalue()


@searches(150, 3000)
def test_caches_of_decoded_pictures(tmpdir, cases):
    """A damaged one is made again, and the pictures are the same."""
    own, fitting = str(tmpdir.join('own')), Fitting('cnv')
    drawings.folder(own, 4, classes=drawings.SHAPES[:2], kinds=drawings.KINDS[1:3])
    expected = folder.load(own, fitting)
    name, = os.listdir(cache.folder())
    path = os.path.join(cache.folder(), name)
    with np.load(path) as archive:
        content = dict(archive)

    def attempt(data):
        put(path, data)
        found = folder.load(own, fitting)
        assert all(part.images.dtype == np.uint8 and part.images.shape[1:] == (32, 32, 3) for part in found[1:4])
        assert [len(part.labels) for part in found[1:4]] == [len(part.labels) for part in expected[1:4]]
    explore(attempt, hostile_npz(content), cases, both=False)


@searches(60, 1500)
def test_texts_of_such_a_cache(tmpdir, cases):
    own, fitting = str(tmpdir.join('own')), Fitting('cnv')
    drawings.folder(own, 4, classes=drawings.SHAPES[:2], kinds=drawings.KINDS[1:3])
    folder.load(own, fitting)
    name, = os.listdir(cache.folder())
    path = os.path.join(cache.folder(), name)
    with np.load(path) as archive:
        content = dict(archive)
    keys = json.loads(content['texts'].tobytes().decode('utf-8'))

    def attempt(text):
        with open(path, 'wb') as handle:
            npz.write(handle, dict(content, texts=np.frombuffer(text, np.uint8)))
        folder.load(own, fitting)
    explore(attempt, hostile_json(keys), cases, both=False)
