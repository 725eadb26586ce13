"""The arrays in MNIST's idx files and CIFAR's binary files, from binary files that are not trusted.

    with open('train-images-idx3-ubyte.gz', 'rb') as handle:
        images = idx(unzipped(handle), 3, largest=2 ** 31)

What common.npz is for .npz. Every reader raises a ValueError for what is damaged (and what :data:`DAMAGE` holds), a
common.npz.TooLarge before more memory is taken than `largest` bytes of pixels.
"""
from __future__ import absolute_import, division

import gzip
import struct
import zlib

import numpy as np

from common.npz import TooLarge, exactly

DAMAGE = (ValueError, EOFError, struct.error, zlib.error, TypeError)    # gzip's of any content, and common.npz's

_CIFAR_SIZE, _CIFAR_IMAGE = 1 + 3072, (3, 32, 32)       # bytes of an image with its label; planes R, G, B


def unzipped(handle):
    """A binary file, or what it holds where that is compressed by gzip."""
    compressed = handle.read(2) == b'\x1f\x8b'
    handle.seek(0)
    return gzip.GzipFile(fileobj=handle) if compressed else handle


def idx(handle, dimensions, largest):
    """The array of bytes in an idx file."""
    header = handle.read(4 + 4 * dimensions)
    if header[:4] != struct.pack('>I', 0x800 + dimensions):
        raise ValueError('not an idx%d file of bytes' % dimensions)
    shape = struct.unpack('>%dI' % dimensions, header[4:])
    size = 1
    for length in shape:        # not numpy's product, which could overflow
        size *= length
    if size > largest:
        raise TooLarge('%d bytes, more than the %d that are read' % (size, largest))
    return exactly(handle, size).reshape(shape)


def cifar(handle, largest):
    """Images (N, 32, 32, 3) and labels of a CIFAR-10 binary file: per image a label, then a byte for each pixel."""
    data = handle.read(largest + 1)
    if len(data) > largest:
        raise TooLarge('more than the %d bytes that are read' % largest)
    if not data or len(data) % _CIFAR_SIZE:
        raise ValueError('%d bytes, which is not a number of CIFAR-10 images, %d bytes each' % (len(data), _CIFAR_SIZE))
    records = np.frombuffer(data, np.uint8).reshape(-1, _CIFAR_SIZE)
    return np.ascontiguousarray(records[:, 1:].reshape((-1,) + _CIFAR_IMAGE).transpose(0, 2, 3, 1)), records[:, 0]
