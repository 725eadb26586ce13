"""A packaged network's answers to a folder of pictures: a table, and how many are right if folders name the classes.

    found = read('photos', simulator, invert, threshold)
    lines(found, simulator)         # unicode, to be printed

A picture's class is the innermost folder around it with a class's name, in capitals or not.
"""
from __future__ import absolute_import, division

import collections
import os
import sys

import numpy as np

from board.simulator import answers
from common.errors import UserError
from datasets import inputs, names, pictures
from datasets.folder import find
from datasets.messages import progress

_AT_ONCE = 256      # images

# paths: below the folder, native str; labels: of classes, None where no folder has a class's name.
Found = collections.namedtuple('Found', ['root', 'paths', 'images', 'answers', 'labels', 'broken', 'others'])


def read(root, simulator, invert=None, threshold=None):
    """Pictures of a folder and its folders, and the answers to them.

    Parameters
    ----------
    root : str
    simulator : board.simulator.Simulator
    invert, threshold
        As :func:`datasets.inputs.read` takes them.

    Returns
    -------
    Found
        broken: (path, why) of pictures that cannot be read; others: how many files are not pictures.

    Raises
    ------
    UserError
        It holds no picture that can be read.
    """
    paths = find.files(names.encoded(root))
    files = [_native(path) for path in paths if path.lower().endswith(pictures.EXTENSIONS)]
    images, kept, broken = [], [], []
    for path in progress(files, len(files), 'Reading'):
        try:
            images.append(inputs.read(os.path.join(root, path), simulator.overlay.image_shape, invert or 'auto',
                                      threshold)[0])
            kept.append(path)
        except (inputs.BadImages, EnvironmentError) as error:
            broken.append((path, str(error)))
    if not images:
        raise UserError('%s holds no picture that can be read%s: give a folder with some (%s)' % (
            root, ' (%s)' % broken[0][1] if broken else '', pictures.KINDS))
    images = np.array(images)
    got = np.concatenate([answers(simulator.overlay, simulator.scores(images[start:start + _AT_ONCE]))
                          for start in range(0, len(images), _AT_ONCE)])
    return Found(root, kept, images, got, [_label(path, simulator.classes) for path in kept], broken,
                 len(paths) - len(files))


def lines(found, simulator):
    """A table of the files, or, where folders name classes, of the classes and the mistakes; unicode lines."""
    titles = simulator.classes
    known = [index for index, label in enumerate(found.labels) if label is not None]
    unknown = [index for index, label in enumerate(found.labels) if label is None]
    result = []
    if unknown:
        shown = [names.one_line(found.paths[index]) for index in unknown]
        width = max(map(len, shown))
        result += [u'%s  %s' % (path.ljust(width), titles[found.answers[index]]) for path, index in zip(shown, unknown)]
    if known:
        labels, got = np.array([found.labels[index] for index in known]), found.answers[known]
        result += [u''] * bool(unknown) + _by_class(labels, got, titles)
        wrong = [index for index in known if found.labels[index] != found.answers[index]]
        if wrong:
            shown = [names.one_line(found.paths[index]) for index in wrong]
            width = max(map(len, shown))
            result += [u'', u'mistakes:'] + [u'%s  %s' % (path.ljust(width), titles[found.answers[index]])
                                             for path, index in zip(shown, wrong)]
    return result


def remarks(found, simulator):
    """What to report beside the table, native str: what was left out, and folders that are not classes."""
    result = ['%s cannot be read and is left out (%s)' % tuple(map(names.shown, one)) for one in found.broken]
    if found.others:
        result.append('%d files are not pictures and are ignored' % found.others)
    strange = sorted({os.path.dirname(path) for path, label in zip(found.paths, found.labels) if label is None} - {''})
    if strange:
        result.append('pictures in folders not named after a class (%s) do not count in the accuracy, such as in %s/' % (
            ', '.join(map(names.shown, simulator.classes)), names.shown(strange[0])))
    return result


def _by_class(labels, got, titles):
    width = max(len(u'class'), max(map(len, titles)))
    result = [u'%s %9s %9s' % (u'class'.ljust(width), u'pictures', u'right')]
    for label in sorted(set(labels.tolist())):
        of = labels == label
        result.append(_row(titles[label].ljust(width), of.sum(), (got[of] == label).sum()))
    return result + [_row(u'all'.ljust(width), len(labels), (got == labels).sum())]


def _row(title, count, right):
    return u'%s %9d %9d  %6.2f %%' % (title, count, right, 100. * right / count)


def _label(path, titles):
    """The class that the nearest folder is named after, without regard to case where that leaves one."""
    for folder in reversed(_text(path).split(os.sep)[:-1]):
        folder = folder.strip()
        named = [label for label, title in enumerate(titles) if title.lower() == folder.lower()]
        labels = [label for label in named if titles[label] == folder] or named
        if len(labels) == 1:
            return labels[0]
    return None


def _native(path):
    return path if sys.version_info[0] == 2 else os.fsdecode(path)


def _text(path):
    return names.text(names.encoded(path))
