"""Read images from files of many kinds, as the arrays that an overlay reads.

    images = read('test_batch.bin', (32, 32, 3))        # uint8, (10000, 32, 32, 3)
    images = read('t10k-images-idx3-ubyte.gz', (28, 28))
    images = read('cat.jpg', (32, 32, 3))               # uint8, (1, 32, 32, 3)

A file's kind is recognised by its first bytes, never from its name: NumPy's .npy and .npz, idx3-ubyte, these gzipped,
CIFAR-10 binary, and pictures (:data:`datasets.pictures.FORMATS`), for which Pillow is needed. Files are not trusted:
nothing is unpickled, and every size is checked against a limit. Arrays are uint8; black and white as bool, or as 0 and
1, is taken as 0 and 255, and reported. With ``own`` they may be of every shape and range of values that training takes.

A picture is fitted to the overlay as :mod:`datasets.pictures` says: for CNV as the board's own software does it, for
LFC to look like MNIST.
"""
from __future__ import absolute_import, division

import numpy as np

from common import npz
from common.errors import UserError
from common.files import open_regular
from datasets import arrays, pictures, readers, remarks, values
from datasets.fitting import Fitting
from datasets.messages import say

LARGEST = pictures.LARGEST_FILE     # bytes of pixels in one file: twice CIFAR-10 and MNIST together
MAX_LABEL = 63                  # CIFAR-10 binary: no overlay has more than 64 classes


class BadImages(UserError):
    """A file that is not an image file, a damaged one, or images of another shape."""


def read(path, shape, invert=None, threshold=None, own=False):
    """The images of a file.

    Parameters
    ----------
    path : str
    shape : tuple
        (28, 28) or (32, 32, 3): what the overlay reads.
    invert : 'auto', 'yes' or 'no', optional
        For LFC: whether dark is ink. By default, pictures decide ('auto') and arrays stay as they are;
        'auto' looks at all arrays of a file at once, as training does.
    threshold : int, optional
        For LFC: the grey from which a pixel is white. By default, greys stay.
    own : bool
        Whether arrays are read as :mod:`datasets.arrays` reads them.

    Returns
    -------
    uint8 array of shape (N,) + shape, N at least 1

    Raises
    ------
    BadImages
        Where the file's kind is unknown, its contents are damaged or too large, or its images have another shape.
    """
    with readers.damage_as(BadImages, path, '%s holds %s at once: split it'), open_regular(path) as handle:
        images = _read(handle, path, shape, invert, threshold, own)
    if images.dtype == np.uint8 and images.shape[1:] == (28, 28) and shape == (32, 32, 3):
        images = pictures.frame(images)     # as training reads MNIST for CNV
    if images.dtype != np.uint8 or images.shape[1:] != shape:
        raise BadImages('%s holds %s of shape %s: this network reads uint8 images, (N, %s)%s' % (
            path, images.dtype, images.shape, ', '.join(map(str, shape)), _advice(images)))
    if not len(images):
        raise BadImages('%s holds no image' % path)
    return images


def is_picture(path):
    """Whether a file begins as a picture of a kind that is read."""
    with open_regular(path) as handle:
        return pictures.begins(handle.read(16))


def _advice(images):
    """The line of NumPy that converts numbers of another kind."""
    if images.dtype.kind not in 'iuf' or images.dtype == np.uint8 or not images.size:
        return ''
    low, high = images.min(), images.max()
    for least, most, line in ((0, 1, 'x * 255'), (-1, 1, '(x + 1) * 127.5'), (0, 255, 'x')):
        if least <= low and high <= most:
            return '; convert values from %s to %s by np.rint(%s).astype(np.uint8)' % (low, high, line)
    return ''


def _read(handle, path, shape, invert, threshold, own):
    beginning = handle.read(16)
    handle.seek(0)
    if pictures.begins(beginning):
        return _read_picture(handle, path, shape, invert or 'auto', threshold)[np.newaxis]
    images = _read_arrays(handle, path, beginning[:4])
    if images.dtype == bool or values.of_zero_and_one(images):
        say('%s: %s of 0 and 1 are taken as black and white' % (path, images.dtype))
        images = images.astype(np.uint8) * np.uint8(255)
    if own and images.shape != (0,):
        images = _as_trained(path, images, shape, invert, threshold)
        return images
    if shape != (28, 28) or images.dtype != np.uint8 or images.shape[1:] != shape or not len(images):
        return images
    if invert == 'yes' or invert == 'auto' and pictures.bright_border(images):
        images = 255 - images
    return _black_and_white(images, threshold)


def _as_trained(path, images, shape, invert, threshold):
    """Arrays fitted as :func:`datasets.arrays.dataset` does it."""
    images = values.layout(path, images[np.newaxis] if images.shape in (shape, (28, 28)) else images)
    if images.dtype != np.uint8:
        fitted, note = values.pixels({path: images})
        images = fitted[path]
        if note:
            say(note)
    if shape == (28, 28):
        if threshold is None and invert in (None, 'no') and images.shape[1:] == shape:
            return images
        return Fitting('lfc', threshold, invert or ('no' if images.shape[1:] == shape else 'auto')).images(images)
    return Fitting('cnv').images(images)


def _black_and_white(grey, threshold):
    return grey if threshold is None else np.where(grey >= threshold, *np.uint8([255, 0]))


def _read_arrays(handle, path, magic):
    if magic == b'PK\x03\x04':
        return _read_npz(handle, path)
    handle = readers.unzipped(handle)
    magic = handle.read(4)
    handle.seek(0)
    if magic == b'\x93NUM':
        return npz.read_array(handle, LARGEST)
    if magic == b'\x00\x00\x08\x03':
        return readers.idx(handle, 3, LARGEST)
    return _read_cifar(handle, path)


def _read_npz(handle, path):
    names = npz.names(handle)
    chosen = names[0] if len(names) == 1 else arrays.roles(names).get('x_test')
    if chosen is None:
        raise BadImages('%s holds %d arrays and none is named x_test: save only the one you want' % (
            path, len(names)))
    return npz.read(handle, [chosen], LARGEST)[chosen]


def _read_cifar(handle, path):
    try:
        images, labels = readers.cifar(handle, LARGEST)
    except ValueError:
        labels = None
    if labels is None or labels.max() > MAX_LABEL:
        raise BadImages('%s is not an image file of a known kind: give .npy or .npz, CIFAR-10 binary, idx3-ubyte, '
                        'or a picture (%s)' % (path, pictures.KINDS))
    return images


def _read_picture(handle, path, shape, invert, threshold):
    try:
        picture, size = pictures.decode(handle, small=shape == (32, 32, 3))
    except ImportError:
        raise BadImages('reading %s needs Pillow: pip install pillow' % path)
    except ValueError as error:
        raise BadImages('%s is a picture that cannot be read (%s)' % (path, error))
    if shape == (32, 32, 3):
        if remarks.transparent(picture):
            say('%s: its transparency is ignored, as on the board, so the hidden colours show' % path)
        return pictures.fit_colour(picture, size)
    return pictures.fit_photograph(picture, invert, threshold)
