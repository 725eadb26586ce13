"""Divide pictures into training, validation and test: by class, and by content, so that the parts stay the same.

A picture's content decides its part, not its name or place; when more are added, nearly all others stay.
"""
from __future__ import absolute_import, division

import collections
import hashlib

SHARE = .1      # of each class's pictures, for each of validation and test
_SALT = b'split of a folder of pictures'


class TooFew(Exception):
    """A class has too few different pictures: ``label``, ``count``."""

    def __init__(self, label, count):
        super(TooFew, self).__init__('class %d: %d pictures' % (label, count))
        self.label, self.count = label, count


def order(digest):
    """What to sort pictures by, bytes: as good as random, and always the same for one content."""
    return hashlib.sha256(_SALT + digest).digest()


def divide(labels, looks, orders, parts, tracks=None):
    """A tenth of each class for each of some parts, at least one picture; the rest is for training.

    Pictures of one look, which the network cannot tell apart, stay together; where they have several labels, they are
    for training. So do pictures of one track. If there are few different looks or tracks, each part has its share.

    Parameters
    ----------
    labels : sequence of int
    looks, orders : sequences of bytes
        What the network sees; what is sorted by (:func:`order`).
    parts : tuple of str
        'valid', 'test' or both.
    tracks : sequence of hashable or None, optional
        What else keeps pictures of a class together: the same video, say. None for one by itself.

    Returns
    -------
    list of str
        'train', 'valid' or 'test' for each picture.

    Raises
    ------
    TooFew
        A class lacks a picture for each part and one to train on.
    """
    result = ['train'] * len(labels)
    classes, labels_of = collections.defaultdict(list), collections.defaultdict(set)
    for index, (label, look) in enumerate(zip(labels, looks)):
        classes[label].append(index)
        labels_of[look].add(label)
    for label, indices in sorted(classes.items()):
        groups = _joined(indices, [looks] + ([tracks] if tracks else []))
        free = [group for group in groups if all(len(labels_of[looks[index]]) == 1 for index in group)]
        if len(groups) <= len(parts) or len(free) < len(parts):
            raise TooFew(label, len(free))
        share, target = len(free) // (len(parts) + 1), int(SHARE * len(indices) + .5)
        target = max(1, target if tracks else min(target, share))
        usual = max(target, 1.5 * len(indices) / len(groups))       # a long video is for training, as is what is much alike
        free.sort(key=lambda group: (len(group) > usual if tracks else len(group),
                                     min(orders[index] for index in group)))
        left = len(groups)
        for number, part in enumerate(parts, 1):
            later, taken, of_groups = len(parts) - number, 0, 0
            while not taken or (len(free) > later and left > later + 1 and taken + len(free[0]) <= target and
                                of_groups < share):
                for index in free[0]:
                    result[index] = part
                taken += len(free.pop(0))
                of_groups += 1
                left -= 1
    return result


def _joined(indices, ways):
    """Groups of indices that are alike in some way, directly or through others; None is like nothing."""
    groups, place = {}, {}          # first index to group; (way, what) to the first index of its group

    def first(index):
        while place.get(index, index) != index:
            index = place[index]
        return index

    known = {}
    for index in indices:
        groups[index], place[index] = [index], index
        for number, way in enumerate(ways):
            if way[index] is None:
                continue
            one, other = first(known.setdefault((number, way[index]), index)), first(index)
            if one != other:
                groups[one] += groups.pop(other)
                place[other] = one
    return list(groups.values())
