"""CIFAR-10: 60,000 photographs of 32x32 (A. Krizhevsky, 2009), from cifar10.npz or from its authors' archive."""
from __future__ import absolute_import

import io
import pickle
import tarfile

import numpy as np

from common.overlays import NETWORKS
from datasets import archive
from datasets.images import DatasetError

SHAPE = (32, 32, 3)
VALIDATION = 10     # the last tenth of the training images validates


def load(net, data_dir=None):
    """45,000 + 5,000 + 10,000 images, from ``cifar10.npz`` in a folder or from the archive in Keras's cache.

    The archive is read here: Keras would unpickle whatever lies unpacked beside it, unchecked and maybe half-written.
    """
    if data_dir:
        arrays = archive.load(data_dir, 'cifar10', SHAPE)
    else:
        from datasets import downloads      # who trains from files needs no six
        arrays = _batches(downloads.fetch(downloads.CIFAR10))
    return archive.dataset('cifar10', arrays, VALIDATION, list(NETWORKS['cnv'].classes))


class _PlainUnpickler(pickle.Unpickler):
    """Unpickles CIFAR-10's batches, which hold dictionaries, bytes and one array each, and nothing else."""

    _ALLOWED = {('numpy.core.multiarray', '_reconstruct'), ('numpy', 'ndarray'), ('numpy', 'dtype')}

    def find_class(self, module, name):
        if (module, name) not in self._ALLOWED:
            raise DatasetError('%s.%s stands in a data file, which should hold pixels: fetch it again' % (module, name))
        return pickle.Unpickler.find_class(self, module, name)


def _batches(path):
    """CIFAR-10 from its authors' archive, whose hash has been checked."""
    parts = {}
    with tarfile.open(path) as files:
        for name in ['data_batch_%d' % number for number in range(1, 6)] + ['test_batch']:
            stream = files.extractfile('cifar-10-batches-py/' + name)
            options = {} if str is bytes else {'encoding': 'bytes'}
            batch = _PlainUnpickler(io.BytesIO(stream.read()), **options).load()
            images = batch[b'data'].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            parts.setdefault(name[:4], []).append((images, np.array(batch[b'labels'])))
    arrays = []
    for part in ('data', 'test'):
        images, labels = zip(*parts[part])
        arrays += [np.concatenate(images), np.concatenate(labels)]
    return archive.checked(path, SHAPE, arrays)
