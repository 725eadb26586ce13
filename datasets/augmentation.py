"""Vary training images at random: shift by a few pixels, mirror, distort.

    images = augment(images, random, shift=2, mirrored=True)
    images = augment(images, random, shift=1, distortions=elastic_distortions(28, 28, 1.2, random))
"""
from __future__ import absolute_import, division

import numpy as np


DISTORTIONS = 1000      # how many are drawn for a training
SMOOTHNESS = 6.         # pixels: the standard deviation of the Gauss curve that makes neighbours move alike


def elastic_distortions(rows, columns, size, random, count=DISTORTIONS):
    """Smooth random distortions.

    P. Simard, D. Steinkraus and J. Platt, Best Practices for Convolutional Neural Networks, 2003.

    Parameters
    ----------
    rows, columns : int
        Of an image.
    size : float
        Pixels: the standard deviation of how far a pixel moves, in each direction.
    random : numpy.random.RandomState
    count : int

    Returns
    -------
    integer array (count, rows*columns)
        For each pixel of a distorted image, which pixel of the image it is, counted by rows.
    """
    margin = int(3 * SMOOTHNESS)
    kernels = []
    for length in (rows, columns):
        kernel = np.arange(length)[:, None] - np.arange(-margin, length + margin)
        kernel = np.exp(-kernel ** 2 / (2 * SMOOTHNESS ** 2))
        kernels.append(kernel / np.sqrt((kernel ** 2).sum(axis=1, keepdims=True)))
    maps = np.empty((count, rows * columns), np.int32)
    for one in maps:
        noise = random.standard_normal((2, rows + 2 * margin, columns + 2 * margin))
        down, right = (size * kernels[0].dot(part).dot(kernels[1].T) for part in noise)
        row = np.clip(np.rint(np.arange(rows)[:, None] + down), 0, rows - 1)
        column = np.clip(np.rint(np.arange(columns) + right), 0, columns - 1)
        one[:] = (row * columns + column).ravel()
    return maps


def augment(images, random, shift=0, mirrored=False, distortions=None):
    """Each image moved by up to `shift` pixels in both directions, half of them mirrored, all distorted, at random.

    What a shift uncovers is filled with the pixel at the edge.

    Parameters
    ----------
    images : array (N, rows, columns) or (N, rows, columns, channels)
    random : numpy.random.RandomState
        Nothing is drawn where nothing is to be done.
    shift : int
        Pixels.
    mirrored : bool
    distortions : integer array (count, rows*columns), optional
        As :func:`elastic_distortions` returns it.

    Returns
    -------
    array of the same shape and dtype
    """
    if distortions is not None:
        chosen = distortions[random.randint(len(distortions), size=len(images))]
        pixels = images.reshape((len(images), chosen.shape[1], -1))
        images = pixels[np.arange(len(images))[:, None], chosen].reshape(images.shape)
    if not shift and not mirrored:
        return images
    count, rows, columns = images.shape[:3]
    moves = random.randint(-shift, shift + 1, (2, count, 1))
    row, column = (np.clip(np.arange(size) + move, 0, size - 1) for size, move in zip((rows, columns), moves))
    if mirrored:
        column = np.where(random.randint(2, size=(count, 1)), column[:, ::-1], column)
    return images[np.arange(count)[:, None, None], row[:, :, None], column[:, None, :]]
