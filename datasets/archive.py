"""The .npz archives that Keras made of MNIST and CIFAR-10: x_train, y_train, x_test, y_test."""
from __future__ import absolute_import

import os

import numpy as np

from common import npz
from datasets.images import Dataset, DatasetError, Images

_SIZE_LIMIT = 1 << 30   # bytes; CIFAR-10 has 184 million
_KEYS = ('x_train', 'y_train', 'x_test', 'y_test')


def load(folder, name, shape):
    """Images and labels to train on and to test with, from a folder's ``<name>.npz``.

    Parameters
    ----------
    folder, name : str
    shape : tuple
        Of an image.

    Returns
    -------
    list of two (images, labels), uint8

    Raises
    ------
    DatasetError
    """
    path = os.path.join(folder, name + '.npz')
    if not os.path.isfile(path):
        raise DatasetError('%s is not there: put the file into %s, or leave DATA_DIR out to download it'
                           % (path, folder))
    try:
        there = npz.names(path)
        lacking = [key for key in _KEYS if key not in there]
        if lacking:
            raise DatasetError('%s lacks an array: %s' % (path, ', '.join(lacking)))
        arrays = npz.read(path, _KEYS, _SIZE_LIMIT)
    except npz.TooLarge as error:
        raise DatasetError('%s holds more than this data set has: copy it again (%s)' % (path, error))
    except ValueError as error:
        raise DatasetError('%s cannot be read as an .npz archive: copy it again (%s)' % (
            path, ' '.join(str(error).split())))
    return checked(path, shape, [arrays[key] for key in _KEYS])


def checked(path, shape, arrays):
    """x_train, y_train, x_test, y_test as (images, labels) to train on and to test; a DatasetError names `path`."""
    result = []
    for part, images, labels in (('train', arrays[0], arrays[1]), ('test', arrays[2], arrays[3])):
        if images.dtype != np.uint8 or images.shape[1:] != shape:
            raise DatasetError('%s: x_%s is %s %s, expected uint8 (N, %s)' % (
                path, part, images.dtype, images.shape, ', '.join(map(str, shape))))
        labels = labels.reshape(-1)
        if labels.dtype.kind not in 'iu' or len(labels) != len(images):
            raise DatasetError('%s: y_%s is %s of length %d, expected %d integers' % (
                path, part, labels.dtype, len(labels), len(images)))
        if len(images) < 10:
            raise DatasetError('%s: x_%s has only %d images' % (path, part, len(images)))
        if labels.min() < 0 or labels.max() > 9:
            raise DatasetError('%s: y_%s has labels from %d to %d, expected 0 to 9' % (
                path, part, labels.min(), labels.max()))
        result.append((images, labels.astype(np.uint8)))
    return result


def dataset(name, arrays, validation, titles):
    """A Dataset of what :func:`load` returned; the last 1/`validation` of the training images validates."""
    (images, labels), test = arrays
    held_back = len(images) // validation
    return Dataset(name, Images(images[:-held_back], labels[:-held_back]),
                   Images(images[-held_back:], labels[-held_back:]), Images(*test), titles)
