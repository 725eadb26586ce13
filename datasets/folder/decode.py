"""What a network sees of each file, from the cache, or decoded by two threads; each picture upright."""
from __future__ import absolute_import, division

import collections
import contextlib
import hashlib
import io
import os
import warnings

import numpy as np

from common import threads
from datasets import pictures, remarks
from datasets.folder import cache
from datasets.messages import progress

LARGEST_FILE = 2 ** 28      # bytes; the largest pictures are decoded two at a time
WORKERS = 2
READ, BROKEN, OTHER, NOT_NOW = range(4)     # the last: broken, but perhaps not the next time
BLANK, DARK, TRANSPARENT = 'blank', 'dark', 'transparent'   # remarks on pictures that are read, for CNV

_OTHER_FORMATS = (b'.avif', b'.jp2', b'.jxl', b'.cr2', b'.nef', b'.dng', b'.svg', b'.pdf')

Read = collections.namedtuple('Read', ['images', 'states', 'pixels', 'files', 'reasons'])


def read_all(root, found, fitting):
    """What the network sees of each file, from the cache, or decoded.

    Parameters
    ----------
    root : bytes
    found : Found
    fitting : datasets.fitting.Fitting

    Returns
    -------
    Read
        For each file the image (for LFC still grey), whether it is READ, hashes of its upright pixels and of its bytes,
        and what is wrong with it, or remarkable: BLANK, DARK, TRANSPARENT, or several.
    """
    count = len(found.paths)
    shapes = (count,) + fitting.shape, (count,), (count, 32), (count, 32)
    read = Read(*[np.zeros(shape, np.uint8) for shape in shapes] + [[''] * count])
    keys = [_key(os.path.join(root, path)) + (path.decode('latin-1'),) for path in found.paths]
    place = cache.path_of(root, fitting)
    known = cache.load(place, fitting)
    missing = []
    for index, key in enumerate(keys):
        row = known.get(key)
        if row is None:
            missing.append(index)
        else:
            for array, value in zip(read, row):
                array[index] = value
    done = 0
    try:
        contents = cache.by_content(known or (cache.copy(place, fitting) if missing else {}), READ)
        paths = [os.path.join(root, found.paths[index]) for index in missing]
        with contextlib.closing(_decoded(paths, fitting, contents)) as rows:
            for index, row in zip(missing, rows):
                for array, value in zip(read, row):
                    array[index] = value
                done += 1
    finally:        # when stopped, what has been decoded is kept
        left_out = set(missing[done:]) | set(np.flatnonzero(read.states == NOT_NOW))
        kept = [index for index in range(count) if index not in left_out]
        if done or len(known) > len(kept):
            rows = Read(*[array[kept] for array in read[:4]] + [[read.reasons[index] for index in kept]])
            cache.save(place, [keys[index] for index in kept], rows)
    read.states[read.states == NOT_NOW] = BROKEN
    return read


def _key(path):
    """What changes when a file does."""
    try:
        status = os.stat(path)
    except EnvironmentError:
        return 0, 0, 0
    return status.st_size, int(status.st_mtime * 1e6), int(status.st_ctime * 1e6)


def _decoded(paths, fitting, contents):
    """Rows of a Read for some files, in order; by two threads, as Pillow lets both decode at once."""
    with threads.pool(WORKERS) as pool, warnings.catch_warnings():      # filters of the whole process
        warnings.simplefilter('ignore')
        rows = pool.imap(lambda path: _decode(path, fitting, contents), paths)
        for row in progress((rows.next(timeout=threads.LONG) for _ in paths), len(paths), 'Decoding'):
            yield row


def _decode(path, fitting, contents):
    """A row of a Read: (image, state, hash of the upright pixels, hash of the file, reason or remark).

    For a file whose hash is in `contents`, the row there.
    """
    blank, zeros = np.zeros(fitting.shape, np.uint8), np.zeros(32, np.uint8)
    data = None
    try:
        if not os.path.exists(path):
            raise ValueError('a broken link')
        if not os.path.isfile(path):
            return blank, OTHER, zeros, zeros, ''
        with open(path, 'rb') as handle:
            beginning = handle.read(16)
            if path.lower().endswith(_OTHER_FORMATS):
                raise ValueError('an unsupported format: save it as PNG or JPEG')
            if not (path.lower().endswith(pictures.EXTENSIONS) or pictures.begins(beginning)):
                return blank, OTHER, zeros, zeros, ''
            if os.fstat(handle.fileno()).st_size > LARGEST_FILE:
                raise ValueError('more than %d MB' % (LARGEST_FILE >> 20))
            data = beginning + handle.read(LARGEST_FILE)
        digest = hashlib.sha256(data).digest()
        if digest in contents:
            return contents[digest]
        picture, pixels = _upright(data, not fitting.reads_ink)
        image = fitting.picture(*picture)
        remark = '' if fitting.reads_ink else ' '.join(
            [BLANK] * remarks.blank(picture[0]) + [DARK] * remarks.dark(picture[0]) +
            [TRANSPARENT] * remarks.transparent(picture[0]))
    except EnvironmentError as error:
        state = BROKEN if error.errno is None else NOT_NOW    # Pillow's own have no number
        return blank, state, zeros, zeros, error.strerror or str(error)
    except MemoryError:
        return blank, NOT_NOW, zeros, zeros, 'not enough memory for it'
    except pictures.NoReader as error:
        return blank, NOT_NOW, zeros, zeros, str(error)
    except Exception as error:      # the fitting of an unusual mode fails as decoding does
        reason = 'an empty file' if data == b'' else ' '.join(str(error).split())
        if 'cannot identify' not in reason:
            return blank, BROKEN, zeros, zeros, reason
        if path.lower().endswith(pictures.EXTENSIONS):
            return blank, BROKEN, zeros, zeros, 'not a picture'
        return blank, OTHER, zeros, zeros, ''      # text may begin with BM or P5
    return image, READ, pixels, np.frombuffer(digest, np.uint8), remark


def _upright(data, small):
    """((picture, size), hash of the pixels) of a file's bytes."""
    picture, size = pictures.decode(io.BytesIO(data), small)
    digest = hashlib.sha256(repr(picture.size).encode('ascii'))
    width, height = picture.size
    for top in range(0, height, 256):       # strip by strip: as RGBA the whole may be four times as large
        digest.update(picture.crop((0, top, width, min(top + 256, height))).convert('RGBA').tobytes())
    return (picture, size), np.frombuffer(digest.digest(), np.uint8)


def thumbnail(path, side):
    """A picture that :func:`datasets.folder.collect` has found, upright, on white, no larger than side x side."""
    from PIL import Image
    with open(path, 'rb') as handle:
        (picture, _), _ = _upright(handle.read(), True)
    picture = picture.convert('RGBA')
    picture.thumbnail((side, side), Image.LANCZOS)
    square = Image.new('RGBA', (side, side), (255, 255, 255, 255))
    square.paste(picture, tuple((side - length) // 2 for length in picture.size), picture)
    return square.convert('RGB')
