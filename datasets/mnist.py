"""MNIST: 70,000 handwritten digits of 28x28 (Y. LeCun, C. Cortes and C. Burges): mnist.npz, or its four idx files."""
from __future__ import absolute_import

import os

from common import npz
from common.overlays import NETWORKS
from datasets import archive, idx_files, readers
from datasets.images import DatasetError

SHAPE = (28, 28)
VALIDATION = 6      # the last sixth of the training images validates


def load(net, data_dir=None):
    """50,000 + 10,000 + 10,000 images.

    From a folder: ``mnist.npz``, or the idx files, also in MNIST/raw, where torchvision keeps them. Without one,
    from Keras's cache, filled if needed.
    """
    arrays = _from_folder(data_dir) if data_dir else _from_keras()
    return archive.dataset('mnist', arrays, VALIDATION, list(NETWORKS['lfc'].classes))


def _from_folder(data_dir):
    if not os.path.isfile(os.path.join(data_dir, 'mnist.npz')):
        for folder in (data_dir, os.path.join(data_dir, 'mnist'), os.path.join(data_dir, 'MNIST', 'raw')):
            if os.path.isdir(folder) and idx_files.find(folder):
                return archive.checked(folder, SHAPE, _from_idx(folder))
    return archive.load(data_dir, 'mnist', SHAPE)


def _from_idx(folder):
    try:
        parts = idx_files.read(folder)[0]
    except npz.TooLarge as error:
        raise DatasetError('%s holds more than this data set has: fetch it again (%s)' % (folder, error))
    except readers.DAMAGE + (EnvironmentError,) as error:
        if getattr(error, 'errno', None) is not None:   # the system's, not gzip's own
            raise
        raise DatasetError('%s is damaged (%s): fetch it again' % (folder, ' '.join(str(error).split())))
    return list(parts['train'] + parts['test'])


def _from_keras():
    """Through keras.datasets where Keras runs (not on Python 3.10 and later)."""
    from datasets import downloads      # training from files needs no six
    path = downloads.fetch(downloads.MNIST)
    try:
        from keras.datasets import mnist
    except (ImportError, AttributeError):
        return archive.load(os.path.dirname(path), 'mnist', SHAPE)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    return archive.checked('keras.datasets.mnist', SHAPE, [x_train, y_train, x_test, y_test])
