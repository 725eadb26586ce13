"""MNIST: 70,000 handwritten digits of 28x28 (Y. LeCun, C. Cortes and C. Burges): mnist.npz, or its four idx files."""
from __future__ import absolute_import

import os

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
                with readers.damage_as(DatasetError, folder, '%s holds more than this data set has (%s): fetch it again',
                                       'fetch it again'):
                    parts = idx_files.read(folder)[0]
                return archive.checked(folder, SHAPE, list(parts['train'] + parts['test']))
    return archive.load(data_dir, 'mnist', SHAPE)


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
