"""What a count of right answers says: intervals, precision and recall.

    low, high = wilson(972, 1000)           # 96.0, 98.1: percent
"""
from __future__ import absolute_import, division

import collections
import math

import numpy as np

Z = 1.959964            # of 95 %: the normal distribution's 97.5th percentile

Class = collections.namedtuple('Class', [
    'images', 'right',          # of this class, and how many of them are answered as it
    'answered'])                # images of any class that are answered as it


def wilson(right, count):
    """The 95 % confidence interval of a share, by Wilson's score (E. B. Wilson, 1927), in percent.

    Parameters
    ----------
    right, count : int
        `right` of `count`, at least one.

    Returns
    -------
    low, high : float
        ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``, times 100.
    """
    share, square = right / count, Z ** 2 / count
    middle = share + square / 2
    spread = Z * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return tuple(100 * min(max((middle + side * spread) / (1 + square), 0.), 1.) for side in (-1, 1))


def decimals(count):
    """Decimals for a percentage of a number of images: two from 5,000 on, else one."""
    return 2 if count >= 5000 else 1


def confusion_of(labels, answered, classes):
    """How often each class is answered as each.

    Parameters
    ----------
    labels, answered : int arrays of shape (N,)
    classes : int

    Returns
    -------
    list of list of int
        A row for each class, a column for each answer.
    """
    result = np.zeros((classes, classes), int)
    np.add.at(result, (labels, answered), 1)
    return result.tolist()


def is_confusion(value, classes):
    """Whether a value from a file is a confusion matrix of that size."""
    return (isinstance(value, list) and len(value) == classes and
            all(isinstance(row, list) and len(row) == classes for row in value) and
            all(isinstance(count, int) and 0 <= count < 2 ** 31 for row in value for count in row))


def confused(confusion, most):
    """The most frequent mistakes: (class, answer, how often), of equal ones the lower class first."""
    pairs = [(label, answer, count) for label, row in enumerate(confusion) for answer, count in enumerate(row)
             if count and label != answer]
    return sorted(pairs, key=lambda pair: -pair[2])[:most]


def by_class(confusion):
    """Of each class, what its row and column of a confusion matrix say.

    Parameters
    ----------
    confusion : list of list of int
        A row for each class, a column for each answer.

    Returns
    -------
    list of Class
    """
    return [Class(sum(row), row[index], sum(other[index] for other in confusion))
            for index, row in enumerate(confusion)]


def share(part, whole):
    """In percent; None if `whole` is 0."""
    return 100 * part / whole if whole else None
