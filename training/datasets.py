"""Data sets by name: images, labels, class names.

    data = load('mnist', data_dir=None)
    data.train.images       # uint8 (50000, 28, 28), as the files hold them
"""
from __future__ import absolute_import, division, print_function

import io
import os
import pickle
import tarfile

import numpy as np

from common import npz
from training import downloads, pictures, published
from training.fitting import Fitting
from training.images import SIDES, Dataset, DatasetError, Images
from training.names import BUILT_IN as NAMES, is_path
from weights_gen import classes

_SIZE_LIMIT = 1 << 30   # bytes; CIFAR-10 has 184 million
_KEYS = ('x_train', 'y_train', 'x_test', 'y_test')

def load(name, net, data_dir=None, threshold=None, invert=None, broken='skip'):
    """A data set, split into training, validation and test images.

    Parameters
    ----------
    name : str
        'mnist', 'cifar10', 'digits', 'svhn' or 'gtsrb', or the path of one's own (:mod:`training.pictures`).
    net : 'lfc' or 'cnv'
        Who reads it.
    data_dir : str, optional
        Where ``mnist.npz`` and ``cifar10.npz`` lie (x_train, y_train, x_test, y_test). Where not given, Keras's cache
        is used, and filled. SVHN and GTSRB are only read from here (:mod:`training.published`).
    threshold, invert, broken
        Choices about one's own pictures (:class:`training.fitting.Fitting`, :func:`training.pictures.load`).

    Returns
    -------
    Dataset
        MNIST: 50,000 + 10,000 + 10,000; CIFAR-10: 45,000 + 5,000 + 10,000 images.

    Raises
    ------
    DatasetError, downloads.DownloadError
    """
    if is_path(name):
        return pictures.load(name, Fitting(net, threshold, invert), broken)
    if name not in NAMES:
        raise DatasetError('there is no data set %s: choose one of %s, or give the path of a folder of pictures'
                           % (name, ', '.join(NAMES)))
    if threshold is not None or invert is not None:
        raise DatasetError('threshold and invert are for pictures of your own: leave them away with %s' % name)
    if name == 'cifar10' and net == 'lfc':
        raise DatasetError('LFC reads 28x28 black and white pictures, cifar10 has colours: train CNV on it')
    if name == 'digits':
        return digits(net)
    if name in ('svhn', 'gtsrb'):
        return published.load(name, net, data_dir)
    arrays = _from_folder(name, data_dir) if data_dir else _from_keras(name)
    (train_images, train_labels), test = arrays
    held_back = len(train_images) // {'mnist': 6, 'cifar10': 10}[name]
    names = classes.DEFAULTS['lfc' if name == 'mnist' else 'cnv']
    return Dataset(name, Images(train_images[:-held_back], train_labels[:-held_back]),
                   Images(train_images[-held_back:], train_labels[-held_back:]), Images(*test), names)


def _from_folder(name, folder):
    path = os.path.join(folder, name + '.npz')
    if not os.path.isfile(path):
        raise DatasetError('%s is not there: put the file into %s, or leave DATA_DIR away to download it'
                           % (path, folder))
    try:
        there = npz.names(path)
        lacking = [key for key in _KEYS if key not in there]
        if lacking:
            raise DatasetError('%s lacks an array: %s' % (path, ', '.join(lacking)))
        arrays = npz.read(path, _KEYS, _SIZE_LIMIT)
    except npz.TooLarge as error:
        raise DatasetError('%s holds more than any data set of this name: copy it again (%s)' % (path, error))
    except ValueError as error:
        raise DatasetError('%s cannot be read as an .npz archive: copy it again (%s)' % (
            path, ' '.join(str(error).split())))
    return _checked(path, name, [arrays[key] for key in _KEYS])


def _checked(path, name, arrays):
    shape = (28, 28) if name == 'mnist' else (32, 32, 3)
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
            raise DatasetError('%s: x_%s has %d images only' % (path, part, len(images)))
        if labels.min() < 0 or labels.max() > 9:
            raise DatasetError('%s: y_%s has labels from %d to %d, expected 0 to 9' % (
                path, part, labels.min(), labels.max()))
        result.append((images, labels.astype(np.uint8)))
    return result


def _from_keras(name):
    """From Keras's cache; MNIST through keras.datasets where Keras runs (not on Python 3.10 and later).

    Not so CIFAR-10: Keras would unpickle whatever lies unpacked beside the archive, unchecked and maybe half-written.
    """
    path = downloads.fetch(downloads.MNIST if name == 'mnist' else downloads.CIFAR10)
    if name == 'cifar10':
        return _cifar10_batches(path)
    try:
        from keras.datasets import mnist
    except (ImportError, AttributeError):
        return _from_folder(name, os.path.dirname(path))
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    return _checked('keras.datasets.mnist', name, [x_train, y_train, x_test, y_test])


class _PlainUnpickler(pickle.Unpickler):
    """Unpickles CIFAR-10's batches, which hold dictionaries, bytes and one array each, and nothing else."""

    _ALLOWED = {('numpy.core.multiarray', '_reconstruct'), ('numpy', 'ndarray'), ('numpy', 'dtype')}

    def find_class(self, module, name):
        if (module, name) not in self._ALLOWED:
            raise DatasetError('%s.%s stands in a data file, which should hold pixels: fetch it again' % (module, name))
        return pickle.Unpickler.find_class(self, module, name)


def _cifar10_batches(path):
    """CIFAR-10 from its authors' archive, whose hash has been checked."""
    parts = {}
    with tarfile.open(path) as archive:
        for name in ['data_batch_%d' % number for number in range(1, 6)] + ['test_batch']:
            stream = archive.extractfile('cifar-10-batches-py/' + name)
            options = {} if str is bytes else {'encoding': 'bytes'}
            batch = _PlainUnpickler(io.BytesIO(stream.read()), **options).load()
            images = batch[b'data'].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            parts.setdefault(name[:4], []).append((images, np.array(batch[b'labels'])))
    arrays = []
    for part in ('data', 'test'):
        images, labels = zip(*parts[part])
        arrays += [np.concatenate(images), np.concatenate(labels)]
    return _checked(path, 'cifar10', arrays)


# The embedded digits: 1,797 handwritten ones of 8x8 pixels (E. Alpaydin and C. Kaynak, UCI, 1998), from scikit-learn.
_DIGITS_SEED = 1797
_DIGITS_SPLIT = (1297, 200, 300)    # training, validation, test
_DIGITS_VARIANTS = 4                # each training digit is drawn so many times, each validation and test digit once
_DIGITS_SHIFT = 2                   # pixels, at most


def digits(net):
    """scikit-learn's digits, drawn large enough for a network: the data set that needs no network.

    LFC: 20x20 in a 28x28 frame, black or white (0 or 255). CNV: 24x24 in 32x32, in a random light colour on a random
    dark one. The place varies by up to 2 pixels; everything is drawn with a fixed seed, so that the images are always
    the same.
    """
    from scipy import ndimage
    from sklearn.datasets import load_digits

    source = load_digits()
    random = np.random.RandomState(_DIGITS_SEED)
    order = random.permutation(len(source.images))
    side = SIDES[net]
    size = side - 8
    drawn = np.array([ndimage.zoom(image / 16., size / 8., order=1) for image in source.images])
    parts, start = [], 0
    for count, variants in zip(_DIGITS_SPLIT, (_DIGITS_VARIANTS, 1, 1)):
        chosen = np.tile(order[start:start + count], variants)
        parts.append(Images(_placed(drawn[chosen], side, net, random), source.target[chosen].astype(np.uint8)))
        start += count
    return Dataset('digits', parts[0], parts[1], parts[2], classes.DEFAULTS['lfc'])


def _placed(ink, side, net, random):
    """Ink (N, size, size) in [0, 1] on pictures of the network's kind."""
    size = ink.shape[1]
    middle = (side - size) // 2
    canvas = np.zeros((len(ink), side, side))
    corners = middle + random.randint(-_DIGITS_SHIFT, _DIGITS_SHIFT + 1, (len(ink), 2))
    for picture, digit, (row, column) in zip(canvas, ink, corners):
        picture[row:row + size, column:column + size] = digit
    if net == 'lfc':
        return np.where(canvas >= .5, 255, 0).astype(np.uint8)
    paper = random.uniform(0, .4, (len(ink), 1, 1, 3))
    colour = random.uniform(.6, 1, paper.shape)
    shade = canvas[..., None]
    return np.round(255 * (paper * (1 - shade) + colour * shade)).astype(np.uint8)
