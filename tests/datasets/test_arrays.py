# -*- coding: utf-8 -*-
"""Files of arrays in the three formats: valid, of other sizes, damaged and hostile.

The file is long because one list of rejected contents is for all formats.
"""
from __future__ import absolute_import, division

import gzip
import io
import os
import pickle
import struct

import numpy as np
import pytest

from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)
from datasets import arrays, folder, idx_files, own, preview, registry
from datasets.fitting import Fitting
from datasets.images import DatasetError, encode
from datasets.splits import order

CNV, LFC = Fitting('cnv'), Fitting('lfc')


def noise(*shape):
    return np.random.RandomState(sum(shape)).randint(0, 256, shape).astype(np.uint8)


def npz(path, **content):
    count = len(content['x_train'])
    content.setdefault('y_train', np.arange(count) % 4)
    content.setdefault('x_test', content['x_train'][:8] // 2)
    content.setdefault('y_test', np.arange(8) % 4)
    np.savez(str(path), **content)
    return str(path)


def refused(path, words, fitting=CNV):
    with pytest.raises(DatasetError) as caught:
        own.load(str(path), fitting)
    message = str(caught.value)
    assert words in message and '\n' not in message, message


@pytest.mark.parametrize('fitting, shape', [
    (CNV, (32, 32, 3)), (CNV, (28, 28)), (CNV, (40, 30, 3)), (CNV, (3, 32, 32)), (CNV, (64, 64)), (CNV, (10, 10, 1)),
    (LFC, (28, 28)), (LFC, (28, 28, 1)), (LFC, (32, 32, 3)), (LFC, (8, 8)), (LFC, (1, 28, 28))])
def test_npz_of_every_shape(tmpdir, fitting, shape):
    path = npz(tmpdir.join('my data.npz'), x_train=noise(40, *shape))
    data = registry.load(path, fitting.net)
    assert data.name == 'my-data' and data.class_names == [u'0', u'1', u'2', u'3']
    expected = (28, 28) if fitting.net == 'lfc' or shape == (28, 28) else (32, 32, 3)
    assert [part.images.shape for part in data[1:4]] == [(36,) + expected, (4,) + expected, (8,) + expected]
    assert set(data.valid.labels) == {0, 1, 2, 3}
    read = encode(data.test.images, fitting.net)
    assert read.shape[1:] == ((1, 28, 28) if fitting.net == 'lfc' else (3, 32, 32))


def test_images_of_the_network_s_size_keep_their_pixels(tmpdir):
    images = noise(40, 32, 32, 3)
    data = arrays.load(npz(tmpdir.join('a.npz'), x_train=images, x_valid=images[:4] // 3, y_val=np.arange(4),
                           y_valid=np.arange(4)), CNV)
    np.testing.assert_array_equal(data.valid.images, images[:4] // 3)
    held = arrays.load(npz(tmpdir.join('b.npz'), x_train=images), CNV)
    for found in (data.train.images, np.concatenate([held.train.images, held.valid.images])):
        assert sorted(image.tobytes() for image in found) == sorted(image.tobytes() for image in images)


def test_the_first_training_images_are_of_all_classes(tmpdir):
    """Even in files sorted by class; each image keeps its label."""
    labels = np.repeat(np.arange(4), 30)
    images = np.tile(labels[:, None, None, None], (1, 32, 32, 3)).astype(np.uint8)
    images[:, 1, 1, 1] = np.arange(120)
    data = arrays.load(npz(tmpdir.join('a.npz'), x_train=images, y_train=labels), CNV)
    assert set(data.train.labels[:20]) == set(range(4))
    np.testing.assert_array_equal(data.train.images[:, 0, 0, 0], data.train.labels)


def test_planes_are_told_from_rows(tmpdir):
    images = noise(40, 32, 32, 3)
    by_planes = arrays.load(npz(tmpdir.join('a.npz'), x_train=images.transpose(0, 3, 1, 2)), CNV)
    by_rows = arrays.load(npz(tmpdir.join('b.npz'), x_train=images), CNV)
    np.testing.assert_array_equal(by_planes.train.images, by_rows.train.images)


def test_ink_is_decided_for_all_at_once(tmpdir):
    images = np.zeros((40, 28, 28), np.uint8)
    images[:, 10:18, 10:18] = np.where(noise(40, 8, 8) < 128, 40, 215)
    images[3] = 255                             # one with a bright border
    white_on_black = npz(tmpdir.join('a.npz'), x_train=images)
    black_on_white = npz(tmpdir.join('b.npz'), x_train=255 - images, x_test=255 - images[:8])
    one, other = (arrays.load(path, LFC) for path in (white_on_black, black_on_white))
    np.testing.assert_array_equal(one.train.images, other.train.images)
    kept = arrays.load(black_on_white, Fitting('lfc', invert='no'))
    np.testing.assert_array_equal(kept.test.images, np.where(255 - images[:8] >= 128, 255, 0))
    assert set(np.unique(one.train.images)) == {0, 255}


def test_class_names(tmpdir):
    titles = np.array([u'caf\xe9', u'b', u'a', u'\u732b'])
    data = arrays.load(npz(tmpdir.join('a.npz'), x_train=noise(40, 32, 32, 3), class_names=titles), CNV)
    assert data.class_names == titles.tolist()
    for wrong in ([u'a', u'a', u'b', u'c'], [u'a', u'', u'b', u'c'], [u'a\n', u'b', u'c', u'd'], [1, 2, 3, 4]):
        path = npz(tmpdir.join('b.npz'), x_train=noise(40, 32, 32, 3), class_names=np.array(wrong))
        refused(path, 'class names must be unique')
    refused(npz(tmpdir.join('b.npz'), x_train=noise(40, 32, 32, 3), class_names=titles[:3]), '3 names')


def test_1_to_64_classes(tmpdir):
    for count in (1, 64):
        labels = np.arange(2 * count) % count
        data = arrays.load(npz(tmpdir.join('a.npz'), x_train=noise(2 * count, 32, 32, 3), y_train=labels,
                               y_test=np.zeros(8, int), x_test=noise(8, 32, 32, 3)), CNV)
        assert len(data.class_names) == count and len(data.valid.labels) == count
    refused(npz(tmpdir.join('a.npz'), x_train=noise(130, 32, 32, 3), y_train=np.arange(130) % 65), 'at most 63')


@pytest.mark.parametrize('content, words', [
    (dict(x_train=noise(40, 32, 32, 3) / 100. - 1), 'x = np.rint((x - -1.0) * (255. / 2.55)).astype(np.uint8)'),
    (dict(x_train=noise(40, 32, 32, 3) / 255., x_test=noise(8, 32, 32, 3)), 'give all parts the same kind'),
    (dict(x_train=noise(40, 9, 9) // 128, x_test=noise(8, 9, 9)), 'give all parts the same kind'),
    (dict(x_train=noise(40, 9, 9) * 0, x_test=noise(8, 9, 9) * 0), 'all pixels have the same value'),
    (dict(x_train=noise(40, 9, 9) * 257.), 'expected uint8, 0 to 255'),
    (dict(x_train=noise(40, 9, 9).astype(np.uint16) * 257, x_test=noise(8, 9, 9).astype(np.uint16)), 'from 0 to 65535'),
    (dict(x_train=noise(40, 8, 8) % 17 * 1., x_test=noise(8, 8, 8) % 17 * 1.), 'x = np.rint(x * (255. / 16.0))'),
    (dict(x_train=noise(40, 8, 8) % 10), 'nearly black; if 9 is white'),
    (dict(x_train=(noise(40, 9, 9) - 127.) / 60), 'if the least is black and the most is white'),
    (dict(x_train=np.where(noise(40, 9, 9) > 9, np.nan, 1.)), 'not finite'),
    (dict(x_train=np.ones((40, 9, 9), bool), x_test=np.ones((8, 9, 9), bool)), 'all pixels have the same value'),
    (dict(x_train=np.full((40, 9, 9), 7, np.uint8), x_test=noise(8, 9, 9)), 'are the same to the network'),
    (dict(x_train=noise(40, 3072)), 'reshape(-1, 3, 32, 32)'), (dict(x_train=noise(40, 100)), 'has shape ('),
    (dict(x_train=noise(0, 32, 32, 3)), 'has shape (0, 32, 32, 3)'),
    (dict(x_train=noise(40, 9, 9), y_train=np.eye(4)[np.arange(40) % 4] + np.eye(4)[0]), 'is not one-hot'),
    (dict(x_train=noise(40, 9, 9), y_train=np.arange(39)), 'expected 40 integers'),
    (dict(x_train=noise(40, 9, 9), y_train=np.arange(40) / 2), 'expected 40 integers'),
    (dict(x_train=noise(40, 9, 9), y_train=np.arange(40) - 1), 'from -1 to 38'),
    (dict(x_train=noise(40, 9, 9), y_train=np.arange(40) % 4 * 2), 'no training image has the label 1'),
    (dict(x_train=noise(40, 9, 9), y_test=np.arange(8)), 'label 7 in test'),
    (dict(x_train=noise(9, 9, 9)[:8], y_train=np.arange(8) % 7), 'at least 2 are needed'),
])
def test_wrong_arrays(tmpdir, content, words):
    refused(npz(tmpdir.join('a.npz'), **content), words)


def plain_and(tmpdir, fitting=CNV, **other):
    """What is read from an archive of plain arrays, and from one with the same content in another form."""
    images = noise(40, 32, 32, 3)
    plain = dict(x_train=images, y_train=np.arange(40) % 4, x_test=images[:8] // 2, y_test=np.arange(8) % 4)
    paths = npz(tmpdir.join('own.npz'), **plain), npz(tmpdir.join('other.npz'), **dict(
        plain, **{name: change(plain[name]) for name, change in other.items()}))
    return [arrays.load(path, fitting) for path in paths]


EVERY_WAY = {
    'planes, -1 to 1, one-hot': (lambda x: (x.transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32),
                                 lambda y: (2 * np.eye(4)[y] - 1).astype(np.float32)),
    '0 to 1, columns': (lambda x: x / 255., lambda y: y[:, None].astype(np.float64)),
    '0 to 255 as uint16': (lambda x: x.astype(np.uint16), lambda y: y.astype(np.uint8)),
    '0 to 1 as half floats, planes': (lambda x: (x / 255.).astype(np.float16).transpose(0, 3, 1, 2),
                                      lambda y: y.astype(np.float16)[:, None]),
    '0 to 255 as floats, from 1': (lambda x: x.astype(np.float32), lambda y: y + 1),
    'names': (lambda x: x.astype(np.int64), lambda y: np.array(['0', '1', '2', '3'])[y]),
    'RGBA': (lambda x: np.concatenate([x, x[..., :1]], axis=3), lambda y: np.eye(4, dtype=bool)[y])}


@pytest.mark.parametrize('way', sorted(EVERY_WAY))
def test_what_can_be_meant_in_one_way_alone_is_read(tmpdir, way):
    x, y = EVERY_WAY[way]
    one, other = plain_and(tmpdir, x_train=x, x_test=x, y_train=y, y_test=y)
    assert other.class_names == [u'0', u'1', u'2', u'3']
    for part in ('train', 'valid', 'test'):
        for some, same in zip(getattr(one, part), getattr(other, part)):
            np.testing.assert_array_equal(some, same)


@pytest.mark.parametrize('change', [lambda x: x, lambda x: x.astype(bool), lambda x: x.astype(np.float32),
                                    lambda x: x.astype(np.int64), lambda x: x * 2. - 1, lambda x: x.astype(np.int8) * 2 - 1,
                                    lambda x: x.reshape(len(x), 784), lambda x: x[..., None].astype(np.uint16)])
def test_black_and_white_as_0_and_1(tmpdir, change, capsys):
    images = (noise(40, 28, 28) > 200).astype(np.uint8)
    images[:, 0] = images[:, -1] = images[:, :, 0] = images[:, :, -1] = 0
    data = arrays.load(npz(tmpdir.join('a.npz'), x_train=change(images), x_test=change(images[:8])), LFC)
    np.testing.assert_array_equal(data.test.images, 255 * images[:8])
    assert 'taken as' in capsys.readouterr()[1]


def test_class_names_as_objects(tmpdir):
    titles = np.array([u'r', u'g', u'b', u'caf\xe9'], dtype=object)
    data = arrays.load(npz(tmpdir.join('a.npz'), x_train=noise(40, 32, 32, 3), class_names=titles), CNV)
    assert data.class_names == titles.tolist()

    class Evil(object):
        def __reduce__(self):
            return os.mkdir, (str(tmpdir.join('trace')),)
    refused(npz(tmpdir.join('b.npz'), x_train=noise(40, 32, 32, 3), class_names=np.array([Evil()] * 4)), 'class_names')
    assert not tmpdir.join('trace').exists()


def test_other_packages(tmpdir):
    tmpdir.join('pets.tar.gz').write_binary(b'\x1f\x8b nothing')
    refused(tmpdir.join('pets.tar.gz'), 'unpack it first')


def test_images_that_look_as_another_class_does_are_named(tmpdir, capsys):
    images = noise(40, 32, 32, 3)
    images[30] = images[7]
    for fitting, advice in ((CNV, 'look at them'), (LFC, 'another threshold')):
        arrays.load(npz(tmpdir.join('a.npz'), x_train=images, class_names=np.array(list(u'abcd'))), fitting)
        told = capsys.readouterr()[1]
        assert '2 of 40 training images' in told and 'x_train[7] of the class d and x_train[30] of c: ' + advice in told
        assert ('THRESHOLD' in told) == fitting.reads_ink


@pytest.mark.parametrize('fitting', [CNV, LFC])
def test_images_that_are_in_train_too_are_told(tmpdir, capsys, fitting):
    images, labels = noise(600, *fitting.shape), np.arange(600) % 4
    for copies, told in ((2, []), (3, ['test']), (200, ['test', 'valid'])):
        held = images[200 - copies:400 - copies]
        arrays.load(npz(tmpdir.join('a.npz'), x_train=images[:200], y_train=labels[:200], x_test=held, y_test=labels[:200],
                        x_valid=held if copies > 9 else images[400:], y_valid=labels[:200]), fitting)
        lines = [line for line in capsys.readouterr()[1].splitlines() if 'like one in train' in line]
        assert [line.split(': ', 1)[1] for line in lines] == [
            '%d of 200 images in %s look to the network like one in train: its accuracy may be up to %.0f points too high'
            % (copies, part, copies / 2.) for part in told]
    arrays.load(npz(tmpdir.join('a.npz'), x_train=images[:200], y_train=labels[:200]), fitting)
    assert 'like one in train' not in capsys.readouterr()[1]         # of what is held back no image is


@pytest.mark.parametrize('form', ['X_%s', '%s_images', '%sImages', 'images_%s', '%s_data'])
def test_other_names_of_arrays(tmpdir, form, capsys):
    images, labels = noise(48, 32, 32, 3), np.arange(48) % 4
    labels_form = form.replace('X', 'Y').replace('images', 'labels').replace('Images', 'Labels').replace('data', 'targets')
    content = {}
    for part, some in (('train', slice(0, 30)), ('val', slice(30, 40)), ('test', slice(40, 48))):
        content.update({form % part: images[some], labels_form % part: labels[some][:, None]})
    np.savez(str(tmpdir.join('a.npz')), **content)
    data = arrays.load(str(tmpdir.join('a.npz')), CNV)
    np.testing.assert_array_equal(data.test.images, images[40:])
    np.testing.assert_array_equal(data.valid.images, images[30:40])
    assert sorted(row.tobytes() for row in data.train.images) == sorted(row.tobytes() for row in images[:30])
    assert '%s for x_valid' % (form % 'val') in capsys.readouterr()[1]
    content['train_images'] = content['trainImages'] = images[:30]
    np.savez(str(tmpdir.join('a.npz')), **content)
    refused(tmpdir.join('a.npz'), 'lacks x_train')


def test_wrong_archives(tmpdir):
    path = tmpdir.join('a.npz')
    np.savez(str(path), x_train=noise(40, 9, 9), y=np.arange(40))
    refused(path, 'lacks y_train, x_test, y_test')
    path.write_binary(path.read_binary()[:-60])
    refused(path, 'damaged')
    path.write_binary(pickle.dumps({'x_train': 1}, 2))
    refused(path, 'not an .npz file')
    path.write_binary(b'')
    refused(path, 'not an .npz file')
    refused(tmpdir.join('b.npz'), 'no such file')
    np.savez(str(path), x_train=np.array([None] * 40), y_train=noise(40), x_test=noise(8, 9, 9), y_test=noise(8))
    refused(path, 'damaged')        # objects are never unpickled
    np.savez_compressed(str(path), x_train=np.zeros((1000, 28, 28), np.uint8), y_train=np.zeros(1000, np.uint8),
                        x_test=noise(8, 28, 28), y_test=noise(8))
    arrays_limit, arrays.LARGEST = arrays.LARGEST, 10 ** 5
    try:
        refused(path, 'holds too much, ')
    finally:
        arrays.LARGEST = arrays_limit


# --- idx -------------------------------------------------------------------------------------------------------------

def idx(array):
    return struct.pack('>%dI' % (1 + array.ndim), 0x800 + array.ndim, *array.shape) + array.tobytes()


def idx_folder(folder, images, labels, train='train-%s-%s-ubyte', test='t10k-%s-%s-ubyte', wrap=bytes, end=''):
    for name, some in ((train, slice(None)), (test, slice(0, 8))):
        folder.join(name % ('images', 'idx3') + end).write_binary(wrap(idx(images[some])))
        folder.join(name % ('labels', 'idx1') + end).write_binary(wrap(idx(labels[some])))
    return str(folder)


def gzipped(data):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode='wb') as handle:
        handle.write(data)
    return stream.getvalue()


@pytest.mark.parametrize('options', [
    {}, dict(wrap=gzipped, end='.gz'), dict(train='train-%s.%s-ubyte', test='test-%s-%s-ubyte')])
def test_idx(tmpdir, options):
    images, labels = noise(40, 28, 28) // 4 * 3, (np.arange(40) % 4).astype(np.uint8)
    data = registry.load(idx_folder(tmpdir.mkdir('letters'), images, labels, **options), 'lfc')
    assert data.name == 'letters' and len(data.train.images) == 36
    np.testing.assert_array_equal(data.test.images, np.where(images[:8] >= 128, 255, 0))
    np.testing.assert_array_equal(data.test.labels, labels[:8])


def test_wrong_idx(tmpdir):
    folder = idx_folder(tmpdir, noise(40, 28, 28), (np.arange(40) % 4).astype(np.uint8))
    labels = tmpdir.join('train-labels-idx1-ubyte')
    whole = labels.read_binary()
    for data, words in ((whole[:-1], 'less than'), (whole + b'\0', 'more than'), (whole[:6], 'damaged'),
                        (b'nonsense', 'not an idx1 file'),
                        (struct.pack('>2I', 0x801, 2 ** 32 - 1), 'holds too much, train-'),
                        (b'\x1f\x8b\x08nothing', 'damaged'), (idx(noise(39)), 'expected 40 integers')):
        labels.write_binary(data)
        refused(folder, words, LFC)
    labels.remove()
    refused(folder, 'lacks train-labels-idx1-ubyte', LFC)


def test_emnist_lies_on_its_side(tmpdir):
    images, labels = noise(60, 28, 28) // 4 * 3, (np.arange(60) % 26 + 1).astype(np.uint8)
    where = idx_folder(tmpdir.mkdir('own'), images, labels, 'emnist-letters-train-%s-%s-ubyte',
                       'emnist-letters-test-%s-%s-ubyte', gzipped, '.gz')
    tmpdir.join('own', 'readme.txt').write('')
    data = registry.load(where, 'lfc')
    np.testing.assert_array_equal(data.test.images, np.where(images[:8].transpose(0, 2, 1) >= 128, 255, 0))
    assert data.class_names == list(u'ABCDEFGHIJKLMNOPQRSTUVWXYZ') and data.test.labels.tolist() == list(range(8))
    assert len(idx_files.EMNIST['balanced']) == 47 and len(idx_files.EMNIST['byclass']) == 62
    idx_folder(tmpdir.join('own'), images, labels, 'emnist-digits-train-%s-%s-ubyte', 'emnist-digits-test-%s-%s-ubyte')
    refused(where, 'several data sets (emnist-digits, emnist-letters)', LFC)


# --- CIFAR -----------------------------------------------------------------------------------------------------------

def cifar(images, labels):
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), 3072)
    return np.hstack([labels[:, None], planes]).astype(np.uint8).tobytes()


def test_cifar(tmpdir):
    images, labels = noise(40, 32, 32, 3), np.arange(40) % 4
    folder = tmpdir.mkdir('things')
    for number, some in (('2', slice(20, 40)), ('1', slice(0, 20))):
        folder.join('data_batch_%s.bin' % number).write_binary(cifar(images[some], labels[some]))
    refused(folder, 'lacks test_batch.bin')
    folder.join('test_batch.bin').write_binary(cifar(images[:8], labels[:8]))
    data = registry.load(str(folder), 'cnv')
    assert data.class_names == [u'0', u'1', u'2', u'3'] and len(data.train.images) == 36
    np.testing.assert_array_equal(data.test.images, images[:8])
    np.testing.assert_array_equal(data.test.labels, labels[:8])
    folder.join('batches.meta.txt').write_binary(u'katze\nh\xfchner\nb\nc\n\n'.encode('utf-8'))
    assert registry.load(str(folder), 'cnv').class_names == [u'katze', u'h\xfchner', u'b', u'c']
    around = tmpdir.mkdir('around')
    folder.copy(around.join('cifar-10-batches-bin').ensure(dir=True))
    np.testing.assert_array_equal(registry.load(str(around), 'cnv').test.images, images[:8])
    folder.join('data_batch_1.bin').write_binary(cifar(images[:20], labels[:20])[:-1])
    refused(folder, 'not a number of CIFAR-10 images')


def test_cifar_batches_for_python(tmpdir):
    images, labels = noise(40, 32, 32, 3), np.arange(40) % 4
    where = tmpdir.mkdir('batches')
    for name, some in (('data_batch_1', slice(None)), ('test_batch', slice(0, 8))):
        where.join(name).write_binary(pickle.dumps({
            b'data': images[some].transpose(0, 3, 1, 2).reshape(-1, 3072), b'labels': labels[some].tolist()}, 2))
    where.join('batches.meta').write_binary(pickle.dumps({b'label_names': [b'a', b'b', b'c', b'd']}, 2))
    data = registry.load(str(where), 'cnv')
    assert data.class_names == [u'a', u'b', u'c', u'd'] and len(data.train.images) == 36
    np.testing.assert_array_equal(data.test.images, images[:8])
    np.testing.assert_array_equal(data.test.labels, labels[:8])
    where.join('test_batch').write_binary(pickle.dumps(os.path.join, 2))
    refused(where, 'test_batch: ')


def test_cifar_10_itself_is_refused_with_the_way_that_reads_it(tmpdir):
    """As if it were the user's own, a training would start from a network that has learned it."""
    images, labels = noise(50, 32, 32, 3), np.arange(50) % 10
    where, titles = tmpdir.mkdir('cifar-10-batches-bin'), b'airplane automobile bird cat deer dog frog horse ship truck'
    for number in range(5):
        some = slice(10 * number, 10 * number + 10)
        where.join('data_batch_%d.bin' % (number + 1)).write_binary(cifar(images[some], labels[some]))
    where.join('test_batch.bin').write_binary(cifar(images[:10] // 2, labels[:10]))
    where.join('batches.meta.txt').write_binary(titles.replace(b' ', b'\n') + b'\n\n')
    refused(tmpdir, 'is CIFAR-10, which the networks in pretrained/ were trained on: give DATASET=cifar10 DATA_DIR=%s NET='
            % where)
    np.testing.assert_array_equal(registry.load('cifar10', 'cnv', str(where)).test.images, images[:10] // 2)
    for name in where.listdir():
        if name.ext == '.bin':
            records = np.frombuffer(name.read_binary(), np.uint8).reshape(-1, 3073)
            where.join(name.purebasename).write_binary(pickle.dumps(
                {b'data': records[:, 1:], b'labels': records[:, 0].tolist()}, 2))
        name.remove()
    where.join('batches.meta').write_binary(pickle.dumps({b'label_names': titles.split()}, 2))
    refused(where, 'is CIFAR-10')
    np.testing.assert_array_equal(registry.load('cifar10', 'cnv', str(where)).test.images, images[:10] // 2)


def test_cifar_100_is_recognised(tmpdir):
    for name in ('train', 'test', 'meta'):
        tmpdir.join(name).write('')
    refused(tmpdir, 'CIFAR-100, whose 100 classes')


# --- the preview -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('net', ['cnv', 'lfc'])
def test_preview_of_arrays_and_of_folders(tmpdir, net):
    from PIL import Image
    from tests.datasets import drawings
    root = drawings.folder(str(tmpdir.join('shapes')), 12)
    title = u'\u732b'.encode('utf-8')
    os.rename(os.path.join(root, 'star'), os.path.join(root.encode('ascii'), title))
    out = str(tmpdir.join('sheet.png'))
    assert preview.main([root, '--net', net, '--out', out]) in (0, None)
    sheet = np.array(Image.open(out))
    chosen = folder.collect(root, Fitting(net))[1]
    image = min((picture for picture in chosen if not picture.label), key=lambda picture: order(picture.file)).image
    view = np.rint((encode(image[None], net)[0].transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8)
    colours = np.repeat(view, 3 // view.shape[2], axis=2)
    large = np.array(Image.fromarray(colours).resize((64, 64), Image.NEAREST))
    assert any(np.array_equal(sheet[row:row + 64, column:column + 64], large)
               for row in range(sheet.shape[0] - 63) for column in range(6, sheet.shape[1] - 63, 70))
    path = npz(tmpdir.join('a.npz'), x_train=noise(40, 28, 28))
    assert preview.main([path, '--net', net, '--out', out]) in (0, None)
    assert np.array(Image.open(out)).shape[0] < sheet.shape[0] * 4 / 3      # a row of four is half as tall


def test_preview_in_the_wrong_place(tmpdir):
    from common.errors import UserError
    with pytest.raises(UserError):
        preview.main([str(tmpdir), '--out', str(tmpdir)])
    with pytest.raises(UserError, match='^mnist is a known data set, not a path: give DATASET= a folder of class folders'):
        preview.main(['mnist'])
    with pytest.raises(UserError, match='^there is no path nowhere: give DATASET= a folder of class folders'):
        preview.main(['nowhere'])
    with pytest.raises(UserError, match='^give DATASET= a folder of class folders, a .zip of one, or an .npz$'):
        preview.main([])
    with pytest.raises(SystemExit):
        preview.main(['show', str(tmpdir)])


def test_training_images_decide_what_is_ink(tmpdir, capsys):
    """Otherwise each part could decide differently: training on ink, testing on paper."""
    bright, dark = np.full((28, 28), 200, np.uint8), np.full((28, 28), 20, np.uint8)
    train = np.array([bright] * 21 + [dark] * 19) + np.arange(40, dtype=np.uint8)[:, None, None]
    path = npz(tmpdir.join('a.npz'), x_train=train, x_valid=train[-4:], y_valid=np.arange(4),
               x_test=np.array([dark] * 8))
    data = arrays.load(path, LFC)
    assert (data.test.images == 255).all() and 'dark is taken for ink' in capsys.readouterr()[1]
    assert (arrays.load(path, Fitting('lfc', invert='no')).test.images == 0).all()
    assert 'INVERT' not in capsys.readouterr()[1]
