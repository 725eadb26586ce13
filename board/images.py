"""Images from the files that people have, as the arrays that an overlay reads.

    images = read('test_batch.bin', (32, 32, 3))        # uint8, (10000, 32, 32, 3)
    images = read('t10k-images-idx3-ubyte.gz', (28, 28))
    images = read('cat.jpg', (32, 32, 3))               # uint8, (1, 32, 32, 3)

A file's kind is told from its first bytes, never from its name: NumPy's .npy and .npz, idx3-ubyte, these gzipped,
CIFAR-10 binary, and pictures (PNG, JPEG, GIF, BMP, WebP), for which Pillow is needed. Files are not trusted: nothing
is unpickled, and no size is believed before it is bounded.

A picture for CNV is fitted as the board's own software does it: shrunk to fit 32x32 with its aspect kept, never
enlarged, and centred on white. As there, transparency counts for nothing, and a picture with a palette is shrunk by
leaving out pixels. Same pixels as the board's Pillow (5.1) of PNG, GIF and BMP, give or take one grey level; a JPEG may
be decoded a little differently.

A picture for LFC is made to look like MNIST, which is white ink on black: inverted where its border is bright (ink on
paper), then, unless it is 28x28 already, cropped to the ink, scaled until its longer side is 20, stretched to full
contrast, and placed with its centre of mass in the middle of 28x28, as MNIST's own digits were.
"""
from __future__ import absolute_import, division

import gzip
import io
import struct
import warnings
import zipfile
import zlib

import numpy as np

from common.errors import UserError

LARGEST = 2 ** 29               # bytes of pixels in one file: twice CIFAR-10 and MNIST together
LARGEST_PICTURE = 10 ** 8       # pixels
MAX_LABEL = 63                  # CIFAR-10 binary: no overlay has more than 64 classes
_PICTURES = {b'\x89PNG': 'PNG', b'\xff\xd8\xff': 'JPEG', b'GIF8': 'GIF', b'BM': 'BMP', b'RIFF': 'WEBP'}


class BadImages(UserError):
    """A file that is no image file, a damaged one, or images of another shape."""


def read(path, shape):
    """The images of a file.

    Parameters
    ----------
    path : str
    shape : tuple
        (28, 28) or (32, 32, 3): what the overlay reads.

    Returns
    -------
    uint8 array of shape (N,) + shape, N at least 1

    Raises
    ------
    BadImages
        Where the file's kind is unknown, its contents are damaged or too large, or its images have another shape.
    """
    try:
        with open(path, 'rb') as handle:
            images = _read(handle, path, shape)
    except (EnvironmentError, EOFError, ValueError, struct.error, zlib.error, zipfile.BadZipfile) as error:
        if getattr(error, 'errno', None) is not None:   # the system's, not gzip's own
            raise
        raise BadImages('%s is damaged (%s): make or fetch it anew' % (path, error))
    if images.dtype != np.uint8 or images.shape[1:] != shape:
        raise BadImages('%s holds %s of shape %s: this network reads uint8 images, (N, %s)' % (
            path, images.dtype, images.shape, ', '.join(map(str, shape))))
    if not len(images):
        raise BadImages('%s holds no image' % path)
    return images


def _read(handle, path, shape):
    magic = handle.read(4)
    handle.seek(0)
    if magic == b'PK\x03\x04':
        return _read_npz(handle, path)
    for beginning in _PICTURES:
        if magic.startswith(beginning):
            return _read_picture(handle, path, shape)[np.newaxis]
    if magic.startswith(b'\x1f\x8b'):
        handle = gzip.GzipFile(fileobj=handle)
        magic = handle.read(4)
        handle.rewind()
    if magic == b'\x93NUM':
        return _read_npy(handle, path)
    if magic == b'\x00\x00\x08\x03':
        return _read_idx(handle, path)
    return _read_cifar(handle, path)


def _read_exactly(handle, count, path):
    """``count`` bytes and the end of the file, or a ValueError."""
    if count > LARGEST:
        raise BadImages('%s holds %d bytes of images, more than the %d that are read at once: split it' % (
            path, count, LARGEST))
    data = handle.read(count + 1)
    if len(data) != count:
        raise ValueError('%s than the %d bytes its header announces' % ('less' if len(data) < count else 'more', count))
    return data


def _read_npy(handle, path):
    version = np.lib.format.read_magic(handle)
    if version not in ((1, 0), (2, 0)):
        raise ValueError('.npy version %s.%s' % version)
    read_header = getattr(np.lib.format, 'read_array_header_%d_%d' % version)
    shape, by_columns, dtype = read_header(handle)
    if dtype.hasobject:
        raise BadImages('%s holds Python objects, which are never loaded: save a uint8 array' % path)
    count = dtype.itemsize
    for length in shape:                    # not numpy's product, which could overflow
        count *= length
    data = np.frombuffer(_read_exactly(handle, count, path), dtype)
    return np.asarray(data.reshape(shape, order='F' if by_columns else 'C'), order='C')


def _read_npz(handle, path):
    with zipfile.ZipFile(handle) as archive:
        names = [name for name in archive.namelist() if name.endswith('.npy')]
        chosen = 'x_test.npy' if 'x_test.npy' in names else names[0] if len(names) == 1 else None
        if chosen is None:
            raise BadImages('%s holds %d arrays and none is named x_test: which one is meant? save that one alone' % (
                path, len(names)))
        try:
            return _read_npy(archive.open(chosen), path)
        except (RuntimeError, NotImplementedError) as error:    # encrypted, or an unknown compression
            raise ValueError(error)


def _read_idx(handle, path):
    _, count, rows, columns = struct.unpack('>4I', handle.read(16))
    data = _read_exactly(handle, count * rows * columns, path)
    return np.frombuffer(data, np.uint8).reshape(count, rows, columns)


def _read_cifar(handle, path):
    """CIFAR-10 binary: a label byte, then the planes R, G, B of 32x32."""
    data = handle.read(LARGEST + 1)
    records = np.frombuffer(data, np.uint8)
    if not len(data) or len(data) > LARGEST or len(data) % 3073 or (records[::3073] > MAX_LABEL).any():
        raise BadImages('%s is no image file that is known here: give .npy or .npz, CIFAR-10 binary, idx3-ubyte, '
                        'or a PNG, JPEG, GIF, BMP or WebP picture' % path)
    planes = records.reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def _read_picture(handle, path, shape):
    try:
        from PIL import Image
    except ImportError:
        raise BadImages('reading %s needs Pillow: pip install pillow' % path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')     # about the size, which is checked here
            picture = Image.open(io.BytesIO(handle.read(LARGEST)))
            width, height = picture.size
            if width * height > LARGEST_PICTURE or picture.format not in _PICTURES.values():
                raise ValueError('%dx%d, %s: shrink it, or save it as PNG' % (width, height, picture.format))
            if picture.mode.startswith(('I', 'F')):
                raise ValueError('more than 8 bits a channel: save it with 8')
            if shape == (32, 32, 3) and _fitted_size(width, height) != (width, height):
                picture.draft(None, _fitted_size(width, height))    # a JPEG is decoded at 1/2 to 1/8, as on the board
            picture.load()
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:                  # Pillow's readers raise errors of every class on damaged files
        raise BadImages('%s is a picture that cannot be read (%s)' % (path, error))
    return _fit_digit(picture) if shape == (28, 28) else _fit_object(picture, _fitted_size(width, height))


def _fitted_size(width, height):
    """Of a picture shrunk to 32x32, rounded as the Pillow on the board (5.1) does it."""
    if width > 32:
        width, height = 32, max(height * 32 // width, 1)
    if height > 32:
        width, height = max(width * 32 // height, 1), 32
    return width, height


def _fit_object(picture, size):
    """Shrunk to a size and centred on white, as the board does it."""
    from PIL import Image
    if size != picture.size:
        picture = picture.resize(size, Image.LANCZOS)
    fitted = Image.new('RGBA', (32, 32), (255, 255, 255, 0))
    fitted.paste(picture, tuple((32 - side) // 2 for side in size))
    return np.array(fitted)[:, :, :3]


def _fit_digit(picture):
    """White ink on black, placed as MNIST's digits are; transparent parts are paper."""
    from PIL import Image
    if picture.mode in ('LA', 'RGBA') or 'transparency' in picture.info:
        picture = picture.convert('RGBA')
        picture = Image.alpha_composite(Image.new('RGBA', picture.size, (255, 255, 255, 255)), picture)
    grey = np.array(picture.convert('L'))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(border) >= 128:
        grey = 255 - grey
    if grey.shape == (28, 28):
        return grey
    fitted = np.zeros((28, 28), np.uint8)
    if grey.max() == grey.min():                # no ink
        return fitted
    grey = _stretched(grey, grey.min())
    rows, columns = [np.flatnonzero((grey > 127).any(axis=axis)) for axis in (1, 0)]
    ink = Image.fromarray(grey[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1])
    scale = 20 / max(ink.size)
    ink = np.array(ink.resize([max(int(round(side * scale)), 1) for side in ink.size], Image.LANCZOS))
    ink = _stretched(ink, 0)
    top, left = [_corner(ink.sum(axis=axis, dtype=float)) for axis in (1, 0)]
    fitted[top:top + ink.shape[0], left:left + ink.shape[1]] = ink
    return fitted


def _stretched(grey, black):
    """From `black` being black to the lightest being white."""
    grey = grey.astype(np.float32) - black
    return np.rint(grey * (255 / grey.max())).astype(np.uint8)


def _corner(profile):
    """Where, in 28, a profile of ink begins whose centre of mass is to be the middle."""
    centre = profile.dot(np.arange(len(profile)) + 0.5) / profile.sum()
    return int(np.clip(round(14 - centre), 0, 28 - len(profile)))
