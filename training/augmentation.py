"""Other images of the same class: shifted by a few pixels, mirrored.

    images = augment(images, random, shift=2, mirrored=True)
"""
from __future__ import absolute_import

import numpy as np


def augment(images, random, shift=0, mirrored=False):
    """Each image moved by up to `shift` pixels in both directions, and every other one mirrored, at random.

    What a shift uncovers is filled with the pixel at the edge.

    Parameters
    ----------
    images : array (N, rows, columns) or (N, rows, columns, channels)
    random : numpy.random.RandomState
        Nothing is drawn where nothing is to be done.
    shift : int
        Pixels.
    mirrored : bool

    Returns
    -------
    array of the same shape and dtype
    """
    if not shift and not mirrored:
        return images
    count, rows, columns = images.shape[:3]
    moves = random.randint(-shift, shift + 1, (2, count, 1))
    row, column = (np.clip(np.arange(size) + move, 0, size - 1) for size, move in zip((rows, columns), moves))
    if mirrored:
        column = np.where(random.randint(2, size=(count, 1)), column[:, ::-1], column)
    return images[np.arange(count)[:, None, None], row[:, :, None], column[:, None, :]]
