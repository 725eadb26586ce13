"""Read MNIST's idx files, CIFAR's binary files and .tar.gz archives, none of which are trusted.

    with open('train-images-idx3-ubyte.gz', 'rb') as handle:
        images = idx(unzipped(handle), 3, largest=2 ** 31)

As common.npz reads .npz: every reader raises a ValueError (or another of :data:`DAMAGE`) for a damaged file, and a
common.npz.TooLarge before it takes more memory than `largest` bytes of pixels.
"""
from __future__ import absolute_import, division

import contextlib
import gzip
import struct
import zlib

import numpy as np

from common.npz import TooLarge, exactly

DAMAGE = (ValueError, EOFError, struct.error, zlib.error, TypeError)    # gzip's of any content, and common.npz's

_PIECE = 2 ** 14        # bytes that are read at once: what is not unpacked yet is copied each time
_BLOCK = 512            # bytes: a tar file's unit
_MOST_FILES = 1000      # in one
_CIFAR_SIZE, _CIFAR_IMAGE = 1 + 3072, (3, 32, 32)       # bytes of an image with its label; planes R, G, B


@contextlib.contextmanager
def damage_as(error_type, path, too_large, again='make or fetch it again'):
    """What readers raise as one line of `error_type`, which says what to do; the system's own errors stay.

        with damage_as(DatasetError, path, '%s holds %s at once: split it'):    # the path; what TooLarge says
            images = idx(handle, 3, largest=2 ** 31)
    """
    try:
        yield
    except TooLarge as error:
        raise error_type(too_large % (path, error))
    except DAMAGE + (EnvironmentError,) as error:
        if getattr(error, 'errno', None) is not None:   # the system's, not gzip's own
            raise
        raise error_type('%s is damaged (%s): %s' % (path, ' '.join(str(error).split()), again))


def unzipped(handle):
    """A binary file, or what it holds where that is compressed by gzip."""
    compressed = handle.read(2) == b'\x1f\x8b'
    handle.seek(0)
    return gzip.GzipFile(fileobj=handle) if compressed else handle


class Part(object):
    """The next bytes of a stream, as a file; `left` of them are not read yet."""

    def __init__(self, stream, size):
        self._stream, self.left = stream, size

    def read(self, size):
        data = self._stream.read(min(size, self.left))
        self.left -= len(data)
        return data


class Inflated(object):
    """What one compressed stream holds, unpacked as it is read; `bits` as zlib has them, 31 for a .gz file."""

    def __init__(self, stream, bits=zlib.MAX_WBITS):
        self._stream, self._unpacking = stream, zlib.decompressobj(bits)

    def read(self, size):
        pieces = []
        while size:
            packed = self._unpacking.unconsumed_tail or self._stream.read(_PIECE)
            piece = self._unpacking.decompress(packed, size)
            if not piece and (not packed or self._unpacking.unused_data):
                break
            pieces.append(piece)
            size -= len(piece)
        return b''.join(pieces)


def tar_files(handle, wanted, largest):
    """Plain files in a .tar.gz file; everything else in it is passed over.

    Parameters
    ----------
    handle : binary file
    wanted : sequence of str
        Names.
    largest : int
        Bytes of all that it unpacks to.

    Returns
    -------
    dict of str to bytes
        Those that are there.
    """
    stream, found = Part(Inflated(handle, 16 + zlib.MAX_WBITS), largest), {}
    for _ in range(_MOST_FILES):
        header = stream.read(_BLOCK)
        if len(header) == _BLOCK and not header.strip(b'\0'):
            return found
        checked = bytearray(header[:148] + b' ' * 8 + header[156:])
        if len(header) < _BLOCK or int(header[148:156].strip(b' \0'), 8) != sum(checked):
            raise ValueError('no tar file, or it is cut short')
        size = int(header[124:136].strip(b' \0'), 8)
        name = header[:100].rstrip(b'\0').decode('ascii', 'replace')
        if not 0 <= size <= stream.left:
            raise ValueError('a file of %d bytes' % size)
        content = Part(stream, size)
        if header[156:157] in (b'0', b'\0') and name in wanted and name not in found:
            found[name] = exactly(content, size).tobytes()
        left = content.left + -size % _BLOCK
        while left:
            skipped = len(stream.read(min(left, _PIECE)))
            left = left - skipped if skipped else 0
    raise ValueError('more than %d files' % _MOST_FILES)


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
