"""What the board answers, class by class and picture by picture, as the report shows it."""
from __future__ import absolute_import, division, unicode_literals

import numpy as np

from common import statistics
from common.statistics import by_class, share, wilson
from report.gather import PAIRS, Pair
from report.render import number

NUMBERED = 20                   # classes whose confusion matrix has numbers in its cells
RANKED = 5                      # classes of a sample picture


def confusion(material):
    """The board's answers by class; None where they are not known.

    Returns
    -------
    dict
        rows: for each class cells of (text or None, kind, strength or None, title).
    """
    verification, names = material.network.verification, material.classes
    if not verification or len(names) != len(verification['confusion']):
        return None
    counts = np.array(verification['confusion'])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbered = len(names) <= NUMBERED
    rows = []
    for label, name in enumerate(names):
        cells = []
        for answer, other in enumerate(names):
            part = shares[label, answer]
            strength = part if label == answer else part ** .5
            cells.append(('%.0f' % (100 * part) if numbered and part >= .005 else None,
                          ('right' if label == answer else 'wrong') + ' strong' * bool(strength > .78),
                          '%.3f' % strength if counts[label, answer] else None,
                          '%s answered as %s: %d of %d' % (name, other, counts[label, answer], counts[label].sum())))
        rows.append((name, cells))
    short = max(len(name) for name in names) <= 3
    return {'rows': rows, 'numbered': numbered, 'kind': 'dense' if not numbered else 'short' if short else 'long'}


def confused(material):
    """The most frequent mistakes, report.gather.Pair; without examples where the test set is not there."""
    verification = material.network.verification
    if material.pairs or not verification:
        return material.pairs
    return [Pair(label, answer, count, []) for label, answer, count in statistics.confused(
        verification['confusion'], PAIRS)]


def class_rows(material):
    """Of each class (name, images, recall, its 95 % interval, precision), percent or None."""
    verification = material.network.verification
    if not verification or len(material.classes) != len(verification['confusion']):
        return []
    return [(name, one.images, share(one.right, one.images), wilson(one.right, one.images) if one.images else None,
             share(one.right, one.answered))
            for name, one in zip(material.classes, by_class(verification['confusion']))]


def ranking_rows(names, sample, ranking):
    """A picture's highest classes: (class name, kind, start and end of its bar, value, whether classes are left out).

    The right class and the answer are always among them.
    """
    values = np.array(ranking.values, float)
    order = np.argsort(-values, kind='mergesort').tolist()
    needed = [ranking.answer, sample.label]
    top = order[:RANKED]
    for index in needed:
        if index not in top:
            last = [other for other in top if other not in needed][-1]
            top[top.index(last)] = index
    top.sort(key=order.index)
    bits = ranking.bits is not None
    low, high = (min(values.min(), 0), max(values.max(), 0)) if bits else (values.min(), values.max())
    extent = max(high - low, 1e-9)
    rows = []
    for place, index in enumerate(top):
        value = ranking.values[index]
        start, end = sorted((-low / extent if bits else 0., (value - low) / extent))
        rows.append((names[index], 's1' if index == sample.label else 's2' if index == ranking.answer else 'quiet',
                     start, end, ('%.2f' % (round(value, 2) + 0.)).replace('-', '\u2212') if bits else number(int(value)),
                     order[place] != index and order[place - 1] == top[place - 1]))
    return {'rows': rows, 'zero': -low / extent if bits else None}
