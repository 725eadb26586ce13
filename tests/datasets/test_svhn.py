"""SVHN from small files in the published format."""
from __future__ import absolute_import, division


import numpy as np
import pytest
from scipy import io as scipy_io

from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)
from datasets import svhn, registry
from datasets.images import DatasetError


def refused(name, folder, words, net='cnv'):
    with pytest.raises(DatasetError) as caught:
        registry.load(name, net, folder and str(folder))
    message = str(caught.value)
    assert words in message and '\n' not in message, message


def noise(*shape):
    return np.random.RandomState(sum(shape)).randint(0, 256, shape).astype(np.uint8)


def mat(path, images, labels):
    scipy_io.savemat(str(path), {'X': images.transpose(1, 2, 3, 0), 'y': labels[:, None]}, do_compression=True)


@pytest.mark.parametrize('folder', ['', 'svhn', 'SVHN'])
def test_svhn(tmpdir, folder, capsys):
    where = tmpdir.mkdir(folder) if folder else tmpdir
    images, labels = noise(100, 32, 32, 3), (np.arange(100) % 10 + 1).astype(np.uint8)
    mat(where.join('train_32x32.mat'), images, labels)
    refused('svhn', tmpdir, 'does not hold train_32x32.mat and test_32x32.mat')
    mat(where.join('test_32x32.mat'), images[:30] // 2, labels[:30])
    data = registry.load('svhn', 'cnv', str(tmpdir))
    assert data.name == 'svhn' and data.class_names == [u'%d' % digit for digit in range(10)]
    assert [len(part.images) for part in data[1:4]] == [90, 10, 30]
    np.testing.assert_array_equal(data.test.images, images[:30] // 2)
    np.testing.assert_array_equal(data.test.labels, labels[:30] % 10)       # label 10 is the digit 0
    assert 'is not the published file' in capsys.readouterr()[1]


def test_wrong_svhn(tmpdir, monkeypatch):
    images, labels = noise(40, 32, 32, 3), (np.arange(40) % 10 + 1).astype(np.uint8)
    train, test = tmpdir.join('train_32x32.mat'), tmpdir.join('test_32x32.mat')
    mat(test, images, labels)
    for wrong, words in ((labels - 1, 'labels from 0 to 9'), (labels + 1, 'from 2 to 11'), (labels[:-1], 'expected X')):
        mat(train, images, wrong)
        refused('svhn', tmpdir, words)
    mat(train, noise(40, 32, 31, 3), labels)
    refused('svhn', tmpdir, 'expected X of shape')
    mat(train, images, labels)
    whole = train.read_binary()
    for data in (whole[:len(whole) // 4], whole[:100], b'', b'not a MATLAB file at all' * 20):
        train.write_binary(data)
        refused('svhn', tmpdir, str(train))
    train.write_binary(whole)
    monkeypatch.setitem(svhn.FILES, train.basename, svhn.Published(len(whole), '0' * 64))
    refused('svhn', tmpdir, 'SHA-256')


@pytest.mark.parametrize('name', ['svhn', 'gtsrb'])
def test_where_to_get_them(tmpdir, name):
    refused(name, None, 'DATA_DIR=')
    refused(name, tmpdir, 'get it from http')
    refused(name, tmpdir.join('nothing'), 'get it from http')
    refused(name, tmpdir, 'train CNV on it', net='lfc')


