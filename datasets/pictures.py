"""Pictures made into what an overlay reads, the same way for training and for the board.

    picture, size = decode(handle, small=True)
    fit_colour(picture, size)       # CNV: uint8 (32, 32, 3)
    fit_digit(picture)              # LFC: uint8 (28, 28), white ink on black
    frame(images)                   # grey images for CNV, such as MNIST's

For CNV a picture is fitted as the board's own software does it: shrunk to fit 32x32 with its aspect kept, never
enlarged, and centred on white. As there, transparency counts for nothing, and a picture with a palette is shrunk by
leaving out pixels. Same pixels as the board's Pillow (5.1) of PNG, GIF and BMP, give or take one grey level; a JPEG may
be decoded a little differently.

For LFC it is made to look like MNIST, which is white ink on black: inverted where its border is bright (ink on paper),
then, unless it is 28x28 already, cropped to the ink, scaled until its longer side is 20, stretched to full contrast,
and placed with its centre of mass in the middle of 28x28, as MNIST's own digits were.

Pillow is imported when it is needed: what reads arrays alone works without it.
"""
from __future__ import absolute_import, division

import io
import warnings

import numpy as np

# What is read, by its first bytes, in Pillow's words; telephones write JPEG with further pictures behind, MPO.
FORMATS = {b'\x89PNG': 'PNG', b'\xff\xd8\xff': 'JPEG', b'GIF8': 'GIF', b'BM': 'BMP', b'RIFF': 'WEBP', b'P5': 'PPM',
           b'P6': 'PPM', b'II*\0': 'TIFF', b'MM\0*': 'TIFF'}
EXTENSIONS = (b'.png', b'.jpg', b'.jpeg', b'.mpo', b'.gif', b'.bmp', b'.webp', b'.ppm', b'.pgm', b'.pnm', b'.tif',
              b'.tiff', b'.heic', b'.heif')
KINDS = 'PNG, JPEG, GIF, BMP, WebP, PPM, TIFF, HEIC'        # for messages
LARGEST, LARGEST_DECODED = 10 ** 8, 5 * 10 ** 7     # pixels of a file, and of what is made of it; a JPEG can be less
LARGEST_FILE = 2 ** 29          # bytes

_STRIP = 256                    # rows
_OPENED = tuple(set(FORMATS.values())) + ('MPO',)
_ORIENTATION = 0x112            # EXIF's tag
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}     # its values, and Pillow's numbers of what undoes them


def begins(beginning):
    """Whether these are the first bytes (16 at least) of a picture of a kind that is read."""
    return beginning.startswith(tuple(FORMATS)) or is_heif(beginning)


def is_heif(beginning):
    """Whether these are the first bytes (12 at least) of a HEIF or AVIF picture."""
    return beginning[4:8] == b'ftyp' and beginning[8:12] in (b'heic', b'heix', b'heim', b'heis', b'mif1', b'msf1')


def decode(handle, small=False):
    """A picture of a file, with all its pixels, and its size.

    Parameters
    ----------
    handle : binary file
    small : bool
        For :func:`fit_colour`: a JPEG is decoded at 1/2 to 1/8 of its size, as on the board.

    Returns
    -------
    (PIL.Image.Image, (width, height))
        Upright, of 8 bits a channel; the size is the file's.

    Raises
    ------
    ImportError
        Pillow is not there.
    ValueError
        The picture is damaged, too large, or of another kind.
    """
    from PIL import Image
    data = handle.read(LARGEST_FILE)
    formats = _OPENED
    if is_heif(data[:12]):
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise ValueError('HEIC: pip install pillow-heif (on Python 3), or save it as JPEG or PNG')
        register_heif_opener()
        formats = ('HEIF',)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')     # about the size, which is checked here
            picture = Image.open(io.BytesIO(data))
            width, height = picture.size
            if width * height > LARGEST or picture.format not in formats:
                raise ValueError('%dx%d, %s: shrink it, or save it as PNG' % (width, height, picture.format))
            if small and fitted_size(width, height) != (width, height):
                picture.draft(None, fitted_size(width, height))
            elif width * height > LARGEST_DECODED:
                picture.draft(None, (width // 2, height // 2))
            if picture.size[0] * picture.size[1] > LARGEST_DECODED:
                raise ValueError('%dx%d pixels: shrink it to at most %d million' % (
                    width, height, LARGEST_DECODED // 10 ** 6))
            picture.load()
            return upright(eight_bits(picture), (width, height))
    except MemoryError:
        raise
    except Exception as error:                  # Pillow's readers raise errors of every class on damaged files
        raise ValueError(str(error))


def upright(picture, size):
    """A picture turned as its EXIF orientation says, and its size."""
    from PIL import ImageOps
    try:
        if hasattr(ImageOps, 'exif_transpose'):
            orientation = picture.getexif().get(_ORIENTATION)   # Pillow 6 forgets it when it turns
            turned = ImageOps.exif_transpose(picture) if orientation in range(2, 9) else picture
        else:                                                   # Pillow before 6, which is the board's
            orientation = (picture._getexif() or {}).get(_ORIENTATION)
            turned = picture.transpose(_TURNS[orientation]) if orientation in _TURNS else picture
    except MemoryError:
        raise
    except Exception:       # what Pillow raises on damaged EXIF data is of every class, and the picture is whole
        return picture, size
    return turned, size[::-1] if turned is not picture and orientation >= 5 else size


def eight_bits(picture):
    """A grey picture of 16 bits as one of 8; others as they are. Values that 8 bits hold are taken as they stand.

    Raises
    ------
    ValueError
        For pixels of floating point.
    """
    from PIL import Image
    if picture.mode.startswith('F'):
        raise ValueError('pixels of floating point: save it with 8 or 16 bits')
    if not picture.mode.startswith('I'):
        return picture
    grey = np.asarray(picture)
    return Image.fromarray(np.clip(grey if grey.max() < 256 else grey // 256, 0, 255).astype(np.uint8))


def fitted_size(width, height):
    """Of a picture shrunk to 32x32, rounded as the Pillow on the board (5.1) does it."""
    if width > 32:
        width, height = 32, max(height * 32 // width, 1)
    if height > 32:
        width, height = max(width * 32 // height, 1), 32
    return width, height


def fit_colour(picture, size):
    """Shrunk and centred on white, as the board does it.

    Parameters
    ----------
    picture : PIL.Image.Image
    size : (int, int)
        The picture's width and height before it was decoded at less.

    Returns
    -------
    uint8 array (32, 32, 3)
    """
    from PIL import Image
    size = fitted_size(*size)
    if size != picture.size:
        picture = picture.resize(size, Image.LANCZOS)
    fitted = Image.new('RGBA', (32, 32), (255, 255, 255, 0))
    fitted.paste(picture, tuple((32 - side) // 2 for side in size))
    return np.array(fitted)[:, :, :3]


def fit_digit(picture, invert='auto'):
    """White ink on black, placed as MNIST's digits are; transparent parts are paper.

    Parameters
    ----------
    picture : PIL.Image.Image
    invert : 'auto', 'yes' or 'no'
        Whether the ink is the dark part; 'auto' where the border is bright.

    Returns
    -------
    uint8 array (28, 28)
    """
    from PIL import Image
    grey = _grey(picture)
    if invert == 'yes' or invert == 'auto' and bright_border(grey):
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
    if not ink.max():                           # specks, which the shrinking has left nothing of
        return fitted
    ink = _stretched(ink, 0)
    top, left = [_corner(ink.sum(axis=axis, dtype=float)) for axis in (1, 0)]
    fitted[top:top + ink.shape[0], left:left + ink.shape[1]] = ink
    return fitted


def frame(images, side=32):
    """Smaller grey images in the middle of a black square, for a network that reads colours.

    Parameters
    ----------
    images : uint8 array (N, rows, rows)
        Rows at most `side`.
    side : int

    Returns
    -------
    uint8 array (N, side, side, 3)
    """
    before = (side - images.shape[1]) // 2
    after = side - images.shape[1] - before
    framed = np.pad(images, ((0, 0), (before, after), (before, after)), 'constant')
    return np.repeat(framed[..., None], 3, axis=3)


def bright_border(grey):
    """Whether grey pictures, uint8 (..., rows, columns), are ink on paper: their outermost pixels mostly bright."""
    border = [grey[..., 0, :], grey[..., -1, :], grey[..., 0], grey[..., -1]]
    return np.median(np.concatenate([side.ravel() for side in border])) >= 128


def _grey(picture):
    """A picture on white paper as uint8 (rows, columns); strip by strip, for as RGBA it may be four times as large."""
    from PIL import Image
    width, height = picture.size
    transparent = picture.mode in ('LA', 'RGBA') or 'transparency' in picture.info
    grey = np.empty((height, width), np.uint8)
    for top in range(0, height, _STRIP):
        strip = picture.crop((0, top, width, min(top + _STRIP, height)))
        if transparent:
            strip = strip.convert('RGBA')
            strip = Image.alpha_composite(Image.new('RGBA', strip.size, (255, 255, 255, 255)), strip)
        grey[top:top + _STRIP] = np.asarray(strip.convert('L'))
    return grey


def _stretched(grey, black):
    """From `black` being black to the lightest being white."""
    values = np.arange(256).astype(np.float32) - black
    return np.rint(np.clip(values * (255 / values[grey.max()]), 0, 255)).astype(np.uint8)[grey]


def _corner(profile):
    """Where, in 28, a profile of ink begins whose centre of mass is to be the middle."""
    centre = profile.dot(np.arange(len(profile)) + 0.5) / profile.sum()
    return int(np.clip(round(14 - centre), 0, 28 - len(profile)))
