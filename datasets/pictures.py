"""Pictures made into what an overlay reads, the same way for training and for the board.

    picture, size = decode(handle, small=True)
    fit_colour(picture, size)       # CNV: uint8 (32, 32, 3)
    fit_photograph(picture)         # LFC: uint8 (28, 28), white ink on black
    frame(images)                   # grey images for CNV, such as MNIST's

For CNV a picture is fitted as the board's own software does it: shrunk to fit 32x32 with its aspect kept, never
enlarged, and centred on white. As there, transparency counts for nothing, and a picture with a palette is shrunk by
leaving out pixels. Same pixels as the board's Pillow (5.1) of PNG, GIF and BMP, give or take one grey level; a JPEG may
be decoded a little differently.

For LFC it is made to look like MNIST, which is white ink on black, unless it is 28x28 already. Where light is uneven
the paper's own brightness is divided out: a small copy of the picture without its dark strokes (a morphological
closing), blurred. Ink is separated from paper by Otsu's threshold (N. Otsu, A Threshold Selection Method from Gray-Level
Histograms, 1979). What touches the border is dropped where something else is left (the table's edge, a shadow, the next
line); of the rest the largest ink counts, what is nearly as large, and what is near (the dot of an i). It is scaled
until its longer side is 20, its strokes no thinner than MNIST's, and placed with its centre of mass in the middle.

Pillow is imported when it is needed: what reads arrays alone works without it. One file although it is long: a package
carries it to the board, where there is nothing else of the project.
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
_FEW, _A_BYTE = 10 ** 7, 2000   # pixels: beyond the first no more than so many for each byte, which only blank ones have

_STRIP = 256                    # rows
_SIDE = 320         # pixels: what a photograph is shrunk to
_COARSE = 64        # pixels of the copy that the paper is estimated from
_STROKE = 15        # of those: wider strokes count as paper
_EVEN, _BORDER = .8, .02        # light is even: so much of the variance two greys explain, so little ink at the border
_SKEW = .3          # of what is thin: from here on it is plain whether that is dark or bright
_SPECK, _NEAR = .02, .5        # of the largest ink's area and of its longer side
_THIN = 1.9         # pixels in 28x28: thinner strokes are made as thick
_OPENED = tuple(set(FORMATS.values())) + ('MPO',)
_ORIENTATION = 0x112            # EXIF's tag
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}     # its values, and Pillow's numbers of what undoes them


class NoReader(ValueError):
    """The package that reads this kind of picture is not installed."""


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
    NoReader
        HEIC, and pillow-heif is not there.
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
            raise NoReader('HEIC: scripts/in_env.sh pip install pillow-heif (Python 3), or save it as JPEG or PNG')
        register_heif_opener()
        formats = ('HEIF',)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')     # about the size, which is checked here
            picture = Image.open(io.BytesIO(data))
            width, height = picture.size
            if width * height > LARGEST or picture.format not in formats:
                raise ValueError('%dx%d, %s: shrink it, or save it as PNG' % (width, height, picture.format))
            if width * height > max(_FEW, _A_BYTE * len(data)):
                raise ValueError('%dx%d pixels in %d bytes: it is damaged, or blank' % (width, height, len(data)))
            if small and fitted_size(width, height) != (width, height):
                picture.draft(None, fitted_size(width, height))
            elif width * height > LARGEST_DECODED:
                picture.draft(None, (width // 2, height // 2))
            if picture.size[0] * picture.size[1] > LARGEST_DECODED:
                raise ValueError('%dx%d pixels: shrink it to at most %d million' % (
                    width, height, LARGEST_DECODED // 10 ** 6))
            picture.load()
            if picture.format == 'TIFF':        # which Pillow turns as it loads; before 11 it swaps the sides only then
                width, height = picture.size
            return upright(eight_bits(picture), (width, height))
    except MemoryError:
        raise
    except Exception as error:                  # Pillow's readers raise errors of any class on damaged files
        raise ValueError(str(error))


def upright(picture, size):
    """A picture turned as its EXIF orientation says, and its size; by hand for the board's Pillow, which cannot."""
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
    return place(_stretched(ink, 0))


def place(ink):
    """Ink, uint8 of at most 28 rows and columns, with its centre of mass in the middle of 28x28."""
    fitted = np.zeros((28, 28), np.uint8)
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


# --- photographs of ink on paper --------------------------------------------------------------------------------------

def fit_photograph(picture, invert='auto', threshold=None):
    """White ink on black, placed as MNIST's digits are; a picture of 28x28 stays where it is.

    Parameters
    ----------
    picture : PIL.Image.Image
    invert : 'auto', 'yes' or 'no'
        Whether the ink is the dark part; 'auto': :func:`dark_ink`.
    threshold : int, optional
        From which grey on, 0 to 255 after inversion and evening, a pixel is ink.

    Returns
    -------
    uint8 array (28, 28) of 0 and 255; of 28x28 pictures the greys, inverted, where there is no threshold
    """
    from PIL import Image
    grey = _grey(picture)
    if grey.shape == (28, 28):
        grey = 255 - grey if invert == 'yes' or invert == 'auto' and bright_border(grey) else grey
        return grey if threshold is None else np.where(grey >= threshold, 255, 0).astype(np.uint8)
    if grey.max() == grey.min():                # no ink
        return np.zeros((28, 28), np.uint8)
    scale = _SIDE / max(grey.shape)
    if scale < 1:
        size = [max(1, int(round(side * scale))) for side in grey.shape[::-1]]
        grey = np.array(Image.fromarray(grey).resize(size, Image.BOX if scale < .5 else Image.LANCZOS))
    if invert == 'yes' or invert == 'auto' and dark_ink(grey):
        grey = 255 - grey
    ink, cut = _ink(grey)
    mask = ink >= (cut if threshold is None else threshold)
    kept = _chosen(mask)
    if not kept.any():
        return np.zeros((28, 28), np.uint8)
    return place(_digit(ink, kept, cut if threshold is None else threshold))


def dark_ink(grey):
    """Whether ink is the dark part: what is thin is dark; where that is not plain, the border is bright."""
    from PIL import Image, ImageFilter
    small = Image.fromarray(grey)
    size = [max(8, int(round(side * _COARSE / max(small.size)))) for side in small.size]
    small = small.resize(size, Image.BOX)
    thin = np.array(small, float) - np.array(small.filter(ImageFilter.MedianFilter(_STROKE)), float)
    weight = (np.abs(thin) ** 3).sum()
    skew = (thin ** 3).sum() / weight if weight else 0
    if abs(skew) > _SKEW:
        return skew < 0
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.median(border) >= np.percentile(grey, [1, 99]).mean()


def otsu(grey):
    """(grey, share): the threshold from which on a pixel is bright, and the share of the variance it explains."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    weight, moment = counts.cumsum(), (counts * np.arange(256)).cumsum()
    total, mean = weight[-1], moment[-1] / weight[-1]
    with np.errstate(divide='ignore', invalid='ignore'):
        between = (mean * weight - moment) ** 2 / (weight * (total - weight)) / total
    between[~np.isfinite(between)] = -1
    best = np.flatnonzero(between == between.max())
    variance = (counts * (np.arange(256) - mean) ** 2).sum() / total
    return int(best[[0, -1]].mean()) + 1, between.max() * total / max(variance, 1e-9)


def _ink(grey):
    """Ink as 0 to 255, from bright ink on dark, and the threshold; light evened out where it is not even."""
    flat = _contrasted(grey.astype(float))
    cut, share = otsu(flat)
    border = np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]])
    if share >= _EVEN and (border >= cut).mean() < _BORDER:
        return flat, cut
    even = _contrasted(_evened(grey))
    even_cut, _ = otsu(even)
    middle = np.median(even)
    noise = 1.4826 * np.median(np.abs(even - middle))
    return even, min(max(even_cut, middle + 5 * noise), 200)


def _contrasted(ink):
    low, high = np.percentile(ink, .5), np.percentile(ink, 99.8)
    if high <= low:
        low, high = ink.min(), ink.max()
    return np.clip(np.rint((ink - low) * (255. / (high - low))), 0, 255).astype(np.uint8)


def _evened(grey):
    """How much darker than the paper around it: 0 to 1; `grey` has ink bright, so that paper is its dark part."""
    from PIL import Image, ImageFilter
    light = Image.fromarray(255 - grey)
    size = [max(8, int(round(side * _COARSE / max(light.size)))) for side in light.size]
    paper = light.resize(size, Image.BOX).filter(ImageFilter.MaxFilter(_STROKE)).filter(
        ImageFilter.MinFilter(_STROKE)).filter(ImageFilter.GaussianBlur(2)).resize(light.size, Image.BICUBIC)
    paper = np.maximum(np.array(paper, float), 1)
    return np.clip(1 - (255. - grey) / paper, 0, 1)


def _chosen(mask):
    """The ink that counts, of a boolean array."""
    labels, boxes, areas = components(mask)
    if not len(areas):
        return mask
    rows, columns = mask.shape
    inside = [box[0] > 0 and box[1] > 0 and box[2] < rows and box[3] < columns for box in boxes]
    sides = [max(box[2] - box[0], box[3] - box[1]) for box in boxes]
    some = [number for number in range(len(areas)) if inside[number]]
    largest = max(some, key=areas.__getitem__) if some else None
    if largest is None or sides[largest] < .1 * max(mask.shape) or areas[largest] < .05 * max(areas) and \
            sides[largest] < .25 * max(mask.shape):
        some = list(range(len(areas)))
        largest = max(some, key=areas.__getitem__)
    chosen = {number for number in some if areas[number] >= .3 * areas[largest]}
    around = _around([boxes[number] for number in chosen])
    reach = _NEAR * max(around[2] - around[0], around[3] - around[1])
    chosen |= {number for number in some if areas[number] >= _SPECK * areas[largest] and
               boxes[number][0] < around[2] + reach and boxes[number][2] > around[0] - reach and
               boxes[number][1] < around[3] + reach and boxes[number][3] > around[1] - reach}
    return np.isin(labels, [number + 1 for number in chosen])


def _around(boxes):
    tops, lefts, bottoms, rights = zip(*boxes)
    return min(tops), min(lefts), max(bottoms), max(rights)


def components(mask):
    """Connected parts of a boolean array, pixels that touch at a corner too.

    Returns
    -------
    int array
        1, 2, ... for each part, 0 elsewhere.
    list of (top, left, bottom, right)
    list of int
        Areas.
    """
    padded = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)), 'constant')
    row, column = np.nonzero(np.diff(padded, axis=1))
    runs = [(int(r), int(a), int(b)) for r, a, b in zip(row[::2], column[::2], column[1::2])]     # row, from, to
    parents = list(range(len(runs)))

    def root(number):
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    above, start = 0, 0
    for number, (where, begin, end) in enumerate(runs):
        if number and runs[number - 1][0] != where:
            above, start = start, number
        other = above
        while other < start and runs[other][0] < where - 1:
            other += 1
        above = other
        while other < start and runs[other][1] <= end:
            if runs[other][2] >= begin:
                parents[root(other)] = root(number)
            other += 1
    labels, boxes, areas, places = np.zeros(mask.shape, np.int32), [], [], {}
    for number, (where, begin, end) in enumerate(runs):
        index = places.setdefault(root(number), len(places))
        if index == len(boxes):
            boxes.append((where, begin, where + 1, end))
            areas.append(0)
        boxes[index] = _around([boxes[index], (where, begin, where + 1, end)])
        areas[index] += end - begin
        labels[where, begin:end] = index + 1
    return labels, boxes, areas


def _digit(ink, kept, cut):
    """The chosen ink, 20 pixels long, 0 and 255, its strokes no thinner than a pen's in MNIST."""
    from PIL import Image, ImageFilter
    rows, columns = [np.flatnonzero(kept.any(axis=axis)) for axis in (1, 0)]
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    kept, ink = kept[box], ink[box].astype(float)
    longer = max(kept.shape)
    unit = longer / 20.                         # of a pixel of the result
    edges = np.count_nonzero(np.diff(np.pad(kept.astype(np.int8), 1, 'constant'), axis=0)) + np.count_nonzero(
        np.diff(np.pad(kept.astype(np.int8), 1, 'constant'), axis=1))
    stroke = 2. * kept.sum() / max(edges * .8, 1)       # its width: area by half the outline
    grow = int(round((_THIN * unit - stroke) / 2))
    soft = np.where(kept, np.clip(128 + (ink - cut) * 2, 0, 255), 0).astype(np.uint8) if unit < 4 else \
        np.where(kept, 255, 0).astype(np.uint8)
    soft = Image.fromarray(soft)
    if grow >= 1:
        soft = soft.filter(ImageFilter.MaxFilter(2 * grow + 1))
    size = [max(int(round(side / unit)), 1) for side in soft.size]
    soft = np.array(soft.resize(size, Image.BOX if unit > 2 else Image.LANCZOS))
    if not (soft >= 128).any():
        soft = _contrasted(soft.astype(float))
    return np.where(soft >= 128, 255, 0).astype(np.uint8)
