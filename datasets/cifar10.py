"""CIFAR-10: 60,000 photographs of 32x32 (A. Krizhevsky, 2009): cifar10.npz, or its authors' files as they are."""
from __future__ import absolute_import

import io
import os

import numpy as np

from common.files import open_regular
from common.overlays import NETWORKS
from datasets import archive, plain_pickle, readers
from datasets.images import DatasetError

SHAPE = (32, 32, 3)
VALIDATION = 10     # the last tenth of the training images validates
BATCHES = {'train': ['data_batch_%d' % number for number in range(1, 6)], 'test': ['test_batch']}

_ARCHIVE, _PYTHON, _BINARY = 'cifar-10-python.tar.gz', 'cifar-10-batches-py', 'cifar-10-batches-bin'
_LARGEST = 2 ** 28      # bytes of a batch, which has 31 million
_LARGEST_ARCHIVE = 2 ** 29      # bytes that it unpacks to; the published one's are 186 million


def load(net, data_dir=None):
    """45,000 + 5,000 + 10,000 images.

    From a folder: ``cifar10.npz``, CIFAR-10's batches, or the archive for Python. Without one, from the archive in
    Keras's cache, filled if needed. It is read here: Keras would unpickle whatever lies unpacked beside it,
    unchecked and maybe half-written.
    """
    if data_dir:
        arrays = _from_folder(data_dir)
    else:
        from datasets import downloads      # training from files needs no six
        arrays = _from_archive(downloads.fetch(downloads.CIFAR10))
    return archive.dataset('cifar10', arrays, VALIDATION, list(NETWORKS['cnv'].classes))


def refuse_as_own(path, titles):
    """Refuse a folder of CIFAR-10's files as the user's own: a training of those starts from what has learned these images.

    Raises
    ------
    DatasetError
        With the way to read it.
    """
    if [title.lower() for title in titles or ()] == [title.lower() for title in NETWORKS['cnv'].classes]:
        raise DatasetError('%s is CIFAR-10, which the networks in pretrained/ were trained on: give DATASET=cifar10 '
                           'DATA_DIR=%s NET=cnv' % (path, path))


def _from_folder(data_dir):
    if not os.path.isfile(os.path.join(data_dir, 'cifar10.npz')):
        for folder in (os.path.join(data_dir, _PYTHON), os.path.join(data_dir, _BINARY), data_dir):
            for ending in ('', '.bin'):
                if os.path.isfile(os.path.join(folder, 'test_batch' + ending)):
                    return _parts(folder, lambda name: open(os.path.join(folder, name + ending), 'rb'), ending)
        if os.path.isfile(os.path.join(data_dir, _ARCHIVE)):
            return _from_archive(os.path.join(data_dir, _ARCHIVE))
    return archive.load(data_dir, 'cifar10', SHAPE)


def _from_archive(path):
    wanted = ['%s/%s' % (_PYTHON, name) for part in sorted(BATCHES) for name in BATCHES[part]]
    try:
        with open_regular(path) as handle:
            files = readers.tar_files(handle, wanted, _LARGEST_ARCHIVE)
    except readers.DAMAGE as error:
        raise DatasetError('%s is damaged (%s): fetch it again' % (path, error))
    return _parts(path, lambda name: io.BytesIO(files[_PYTHON + '/' + name]))


def _parts(path, opened, ending=''):
    arrays = []
    for part in ('train', 'test'):
        images, labels = [], []
        for name in BATCHES[part]:
            try:
                with opened(name) as handle:
                    some = readers.cifar(handle, _LARGEST) if ending else read_batch(handle)
            except (ValueError, KeyError) as error:
                raise DatasetError('%s: %s cannot be read (%s): fetch it again' % (path, name + ending, error))
            images.append(some[0])
            labels.append(some[1])
        arrays += [np.concatenate(images), np.concatenate(labels)]
    return archive.checked(path, SHAPE, arrays)


def read_batch(handle):
    """Images (N, 32, 32, 3) and labels of one of CIFAR-10's batches for Python, a pickle.

    Raises
    ------
    ValueError
        It is not one, or damaged.
    """
    batch = plain_pickle.load(handle)
    if not isinstance(batch, dict) or not {b'data', b'labels'} <= set(batch):
        if isinstance(batch, dict) and b'fine_labels' in batch:
            raise ValueError('CIFAR-100, whose 100 classes are more than the 64 that an overlay tells apart')
        raise ValueError('no batch of CIFAR-10, which has data and labels')
    data, labels = plain_pickle.array(batch[b'data']), plain_pickle.array(batch[b'labels'])
    if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072 or labels.shape != (len(data),):
        raise ValueError('data of shape %s and labels of shape %s' % (data.shape, labels.shape))
    return np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels
