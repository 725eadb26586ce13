"""Arrays of images and labels as people keep them, made into uint8 images and labels from 0.

    images, note = pixels({'x_train': floats})      # -1 to 1, 0 to 1, bool: uint8, and what was done
    labels, titles = classes('y_train', one_hot)

What is unambiguous is read, and reported; what could mean two things is refused with the line of NumPy that decides it.
"""
from __future__ import absolute_import, division

import numpy as np

from datasets import names
from datasets.images import DatasetError

_SIDES = {784: 28, 1024: 32}        # of flat rows of grey pixels
_FAR = 8                            # values from here on are not of a scale that ends at 1
_DARK = 64                          # white that is darker is of another scale, such as 0 to 16


def layout(where, images):
    """Images as (N, rows, columns) or (N, rows, columns, 3 or 4), from planes and flat rows too.

    Raises
    ------
    DatasetError
    """
    if images.ndim == 2 and images.shape[1] in _SIDES:
        return images.reshape(-1, _SIDES[images.shape[1]], _SIDES[images.shape[1]])
    if images.ndim == 2 and images.shape[1] == 3072:
        raise DatasetError('%s has rows of 3072 values: x.reshape(-1, 3, 32, 32) if channels come first, as in CIFAR-10, '
                           'x.reshape(-1, 32, 32, 3) if they come last' % where)
    if images.ndim == 4 and images.shape[1] in (1, 3, 4) and images.shape[3] not in (1, 3, 4):
        images = images.transpose(0, 2, 3, 1)       # planes
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 and (images.ndim != 4 or images.shape[3] not in (3, 4)) or not images.size:
        raise DatasetError('%s has shape %s: expected (N, rows, columns) or (N, rows, columns, 3), for example '
                           'x.reshape(-1, 28, 28)' % (where, images.shape))
    return images


def pixels(arrays):
    """Images as uint8, all by the one rule that fits their values: 0 to 255, 0 and 1, 0 to 1, or -1 to 1.

    Parameters
    ----------
    arrays : dict of str to array
        By their names in messages.

    Returns
    -------
    dict of str to uint8 array
    str or None
        What was done.

    Raises
    ------
    DatasetError
        The values are of no such range, or all the same.
    """
    kinds = {array.dtype.kind for array in arrays.values()}
    name = next((name for name in arrays if 'train' in name), min(arrays))
    first = arrays[name]
    if not kinds <= set('buif'):
        raise DatasetError('%s is %s: expected numbers from 0 to 255, uint8' % (name, first.dtype))
    low = min(array.min() for array in arrays.values())
    high = max(array.max() for array in arrays.values())
    for other, array in arrays.items():
        if array.dtype.kind != first.dtype.kind or array.max() <= 1 and high >= _FAR:
            raise DatasetError('%s is %s from %s to %s and %s %s to %s: give all parts the same kind of values' % (
                other, array.dtype, array.min(), array.max(), 'others from' if array is first else name + ' from',
                low, high))
    about = '%s %s of shape %s, from %s to %s' % (name, first.dtype, first.shape, low, high)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DatasetError('%s: some values are not finite' % about)
    if low == high:
        raise DatasetError('%s: all pixels have the same value, so there is nothing to learn' % about)
    if low >= 0 and high <= 1:
        return _scaled(arrays, 0, 1), '%s: taken as 0 (black) to 1 (white)' % about
    if low >= -1 and high <= 1:
        return _scaled(arrays, -1, 1), '%s: taken as -1 (black) to 1 (white)' % about
    if low >= 0 and high < _DARK:
        raise DatasetError('%s: expected 0 to 255, where this would be nearly black; if %s is white, '
                           'x = np.rint(x * (255. / %s)).astype(np.uint8), the same for every part' % (about, high, high))
    if low >= 0 and high <= 255:
        if kinds == {'u'} and all(array.dtype.itemsize == 1 for array in arrays.values()):
            return arrays, None
        return _scaled(arrays, 0, 255), '%s: rounded to 0 to 255' % about if 'f' in kinds else None
    raise DatasetError('%s: expected uint8, 0 to 255; if the least is black and the most is white, '
                       'x = np.rint((x - %s) * (255. / %s)).astype(np.uint8), the same for every part'
                       % (about, low, high - low))


def of_zero_and_one(images):
    """Whether uint8 images are black and white as 0 and 1, which read as 0 to 255 would be black."""
    return images.dtype == np.uint8 and images.size > 0 and images.max() == 1 and images.min() == 0


def _scaled(arrays, low, high):
    scale = 255. / (high - low)
    return {name: np.concatenate([np.rint((part.astype(np.float64) - low) * scale).astype(np.uint8)
                                  for part in np.array_split(array, max(1, array.nbytes >> 26))])
            for name, array in arrays.items()}


def classes(where, labels, images):
    """Labels as integers (N,), and the classes' names where the labels are those.

    Parameters
    ----------
    where : str
        For messages.
    labels : array
        Integers, also as floats and (N, 1); one-hot rows of any two values; names.
    images : int
        How many there should be.

    Raises
    ------
    DatasetError
    """
    if labels.ndim == 2 and labels.shape[1] > 1 and len(labels) == images and labels.dtype.kind in 'buif':
        top, rest = labels.max(), labels.min()
        if not (top > rest and ((labels == top).sum(axis=1) == 1).all() and
                ((labels == rest).sum(axis=1) == labels.shape[1] - 1).all()):
            raise DatasetError('%s has shape %s and is not one-hot, which has one value in a row and another in the '
                               'rest: give the number of each class, y.argmax(axis=1)' % (where, labels.shape))
        return labels.argmax(axis=1), None
    labels = labels.reshape(-1)
    if labels.dtype.kind in 'US' and len(labels) == images:
        texts = [names.text(text) if isinstance(text, bytes) else text for text in labels.tolist()]
        titles = sorted(set(texts), key=names.natural)
        place = {title: number for number, title in enumerate(titles)}
        return np.array([place[text] for text in texts]), titles
    if labels.dtype.kind == 'f' and np.isfinite(labels).all() and (labels == np.rint(labels)).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in 'iu' or len(labels) != images:
        raise DatasetError('%s: the labels are %s of length %d: expected %d integers, y.astype(np.int64)' % (
            where, labels.dtype, len(labels), images))
    return labels, None
