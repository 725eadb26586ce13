"""Which pictures are trained on, which validate and which test: by class, and by content, so that it stays so.

What a picture holds decides where it goes, not its name or place; where more join later, nearly all others stay.
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


def divide(labels, looks, orders, parts):
    """A tenth of each class for each of some parts, at least one picture; the rest is for training.

    Pictures of one look, which the network cannot tell apart, stay together; where they have several labels, they are
    for training. Where few looks are different, each part has its share of those.

    Parameters
    ----------
    labels : sequence of int
    looks, orders : sequences of bytes
        What the network sees; what is sorted by (:func:`order`).
    parts : tuple of str
        'valid', 'test' or both.

    Returns
    -------
    list of str
        'train', 'valid' or 'test' for each picture.

    Raises
    ------
    TooFew
        A class has not a picture for each part and one to train on.
    """
    result = ['train'] * len(labels)
    classes, labels_of = collections.defaultdict(dict), collections.defaultdict(set)
    for index, (label, look) in enumerate(zip(labels, looks)):
        classes[label].setdefault(look, []).append(index)
        labels_of[look].add(label)
    for label, groups in sorted(classes.items()):
        free = [group for look, group in groups.items() if len(labels_of[look]) == 1]
        if len(groups) <= len(parts) or len(free) < len(parts):
            raise TooFew(label, len(free))
        free.sort(key=lambda group: (len(group), min(orders[index] for index in group)))     # many alike: to train
        target = int(SHARE * sum(map(len, groups.values())) + .5)
        target = max(1, min(target, len(free) // (len(parts) + 1)))
        left = len(groups)
        for number, part in enumerate(parts, 1):
            later, taken = len(parts) - number, 0
            while not taken or len(free) > later and left > later + 1 and taken + len(free[0]) <= target:
                for index in free[0]:
                    result[index] = part
                taken += len(free.pop(0))
                left -= 1
    return result
