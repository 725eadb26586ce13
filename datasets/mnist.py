"""MNIST: 70,000 handwritten digits of 28x28 (Y. LeCun, C. Cortes and C. Burges), as Keras keeps it: mnist.npz."""
from __future__ import absolute_import

import os

from common.overlays import NETWORKS
from datasets import archive

SHAPE = (28, 28)
VALIDATION = 6      # the last sixth of the training images validates


def load(net, data_dir=None):
    """50,000 + 10,000 + 10,000 images, from ``mnist.npz`` in a folder or in Keras's cache, which is filled."""
    arrays = archive.load(data_dir, 'mnist', SHAPE) if data_dir else _from_keras()
    return archive.dataset('mnist', arrays, VALIDATION, list(NETWORKS['lfc'].classes))


def _from_keras():
    """Through keras.datasets where Keras runs (not on Python 3.10 and later)."""
    from datasets import downloads      # who trains from files needs no six
    path = downloads.fetch(downloads.MNIST)
    try:
        from keras.datasets import mnist
    except (ImportError, AttributeError):
        return archive.load(os.path.dirname(path), 'mnist', SHAPE)
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    return archive.checked('keras.datasets.mnist', SHAPE, [x_train, y_train, x_test, y_test])
