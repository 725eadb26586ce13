"""Labelled images, and what a network reads for them.

    encode(data.train.images[:100], 'lfc')      # float32 (100, 1, 28, 28) of -1 and +1

Images stay uint8, grey (N, rows, columns) or colour (N, rows, columns, 3), until a batch is encoded.
"""
from __future__ import absolute_import, division

import collections
import os

import numpy as np

from common.errors import UserError
from common.overlays import NETWORKS
from datasets.pictures import frame

Images = collections.namedtuple('Images', ['images', 'labels'])


class Dataset(collections.namedtuple('Dataset', [
        'name', 'train', 'valid', 'test',   # str, Images
        'class_names',                      # list of unicode
        'test_files'])):                    # the names of the test images' files, list of unicode; None where they have none
    """Images of three parts, and what their labels mean."""
    __slots__ = ()

    def __new__(cls, name, train, valid, test, class_names, test_files=None):
        return super(Dataset, cls).__new__(cls, name, train, valid, test, class_names, test_files)


_MNIST_LEVELS = np.where(2. * (np.arange(256) / 255.) - 1. < 0, -1, 1).astype(np.float32)
_COLOUR_LEVELS = np.arange(256, dtype=np.float32) * np.float32(2. / 255.) - np.float32(1.)


class DatasetError(UserError):
    """A data set that is not there, or not what it should be."""


def encode(images, net):
    """What the network reads for uint8 images.

    LFC: -1 where ``2*(p/255) - 1 < 0``, else +1; (N, 28, 28) to (N, 1, 28, 28). CNV: ``p*(2/255) - 1``;
    (N, 32, 32, 3) to planes (N, 3, 32, 32); smaller grey images stand in the middle of a black frame.

    Returns
    -------
    float32 array
    """
    if NETWORKS[net].black_and_white:
        return _MNIST_LEVELS[images][:, None]
    return _COLOUR_LEVELS[np.ascontiguousarray(framed(images, net).transpose(0, 3, 1, 2))]


def framed(images, net):
    """Images as the board reads them: for CNV, grey ones (MNIST's) stand in the middle of a black frame."""
    return images if NETWORKS[net].black_and_white or images.ndim == 4 else frame(images, NETWORKS[net].image_shape[0])


def bases(data_dir, name, files, where):
    """Where to look for a data set that is not downloaded: `data_dir`, and folders of its name in it.

    Raises
    ------
    DatasetError
        No folder is given: which files to get, and from where.
    """
    if not data_dir:
        raise DatasetError('%s is not downloaded for you: get %s from %s, and give the folder that holds it, DATA_DIR='
                           % (name, files, where))
    return [path for path in (data_dir, os.path.join(data_dir, name), os.path.join(data_dir, name.upper()))
            if os.path.isdir(path)]
