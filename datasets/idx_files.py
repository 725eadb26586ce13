"""MNIST's four idx files in a folder, with or without .gz; EMNIST's too, whose images lie on their side."""
from __future__ import absolute_import

import os
import re

from common import npz
from common.files import open_regular
from datasets import readers
from datasets.images import DatasetError

LARGEST = 2 ** 30       # bytes of pixels in one file
_NAME = re.compile(r'(?:emnist-(\w+)-)?(train|valid|validation|t10k|test)-(images|labels)-idx[13]-ubyte(?:-gz)?\Z')
_PARTS = {'t10k': 'test', 'validation': 'valid'}
_FORMS = {'images': 3, 'labels': 1}

_DIGITS, _CAPITALS = list(u'0123456789'), list(u'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
_MERGED = _DIGITS + _CAPITALS + list(u'abdefghnqrt')        # those that look as their capitals do are one with them
# EMNIST's sets (G. Cohen et al., 2017): the classes in the order of their labels.
EMNIST = {'digits': _DIGITS, 'mnist': _DIGITS, 'letters': _CAPITALS, 'balanced': _MERGED, 'bymerge': _MERGED,
          'byclass': _DIGITS + _CAPITALS + list(u'abcdefghijklmnopqrstuvwxyz')}


def find(folder):
    """Set to part to {'images': path, 'labels': path} of a folder's idx files; MNIST's set is None."""
    result = {}
    for name in sorted(os.listdir(folder)):
        matched = _NAME.match(name.lower().replace('.', '-'))
        if matched:
            kind, part, what = matched.groups()
            result.setdefault(kind, {}).setdefault(_PARTS.get(part, part), {})[what] = os.path.join(folder, name)
    return result


def read(folder):
    """The images and labels of the idx files in a folder, and the classes where they are EMNIST's.

    Returns
    -------
    dict of 'train', 'test' and maybe 'valid' to (images, labels)
    list of unicode, or None

    Raises
    ------
    DatasetError, ValueError, common.npz.TooLarge
    """
    sets = find(folder)
    if len(sets) > 1:
        raise DatasetError('%s holds several data sets (%s): put the four files of one into a folder of their own' % (
            folder, ', '.join('emnist-' + kind if kind else 'MNIST\'s' for kind in sorted(sets, key=str))))
    (kind, files), = sets.items()
    for part in ['train', 'test'] + ['valid'] * ('valid' in files):
        for what, form in sorted(_FORMS.items()):
            if what not in files.get(part, {}):
                begins = 'emnist-%s-%s' % (kind, part) if kind else 't10k' if part == 'test' else part
                raise DatasetError('%s lacks %s-%s-idx%d-ubyte (or the same with .gz): images and labels to train on '
                                   'and to test are expected' % (folder, begins, what, form))
    parts = {part: tuple(_read(paths[what], _FORMS[what]) for what in ('images', 'labels'))
             for part, paths in files.items()}
    if kind:
        parts = {part: (images.transpose(0, 2, 1), labels) for part, (images, labels) in parts.items()}
    return parts, EMNIST.get(kind)


def _read(path, dimensions):
    try:
        with open_regular(path) as handle:
            return readers.idx(readers.unzipped(handle), dimensions, LARGEST)
    except npz.TooLarge as error:
        raise npz.TooLarge('%s: %s' % (os.path.basename(path), error))
    except ValueError as error:
        raise ValueError('%s: %s' % (os.path.basename(path), error))
