"""Which pictures of a folder count, and for which part; what is wrong with it is told, or refused in one line."""
from __future__ import absolute_import

import collections

import numpy as np

from datasets import names, splits
from datasets.folder.decode import BROKEN, OTHER
from datasets.images import DatasetError
from datasets.messages import say_list
from datasets.pictures import KINDS

PURPOSES = {'valid': 'to validate', 'test': 'to test'}


def tell_broken(path, found, read, broken, tell):
    indices = np.flatnonzero(read.states == BROKEN)
    lines = ['%s: %s' % (names.shown(found.paths[index]), names.shown(read.reasons[index])) for index in indices]
    if len(indices) and broken == 'stop':
        raise DatasetError('%s: %d of %d files cannot be read, the first %s; mend or remove them, or leave them out '
                           '(--broken skip)' % (path, len(indices), len(found.paths), lines[0]))
    say_list(tell, '%s: %d files cannot be read and are left out' % (path, len(indices)), lines)
    others = int((read.states == OTHER).sum())
    if others:
        tell('%s: %d files are no pictures and are passed over' % (path, others))


def check_classes(path, found, chosen, tell):
    counts = collections.Counter((picture.part, picture.label) for picture in chosen)
    parts = {picture.part for picture in chosen} or {None}
    for label, title in enumerate(found.classes):
        first = None if None in parts else 'train'
        if not counts[first, label]:
            where = ' in train/' if first else ''
            raise DatasetError('%s: the class %s has no picture%s: put some into its folder (%s), or remove the '
                               'folder' % (path, names.shown(title), where, KINDS))
        for part in sorted(parts - {None}):
            if not counts[part, label]:
                tell('%s: the class %s has no picture in %s/' % (path, names.shown(title), part))


def check_left(path, found, chosen, why):
    """That there is a picture of each class among some."""
    missing = np.setdiff1d(np.arange(len(found.classes)), [picture.label for picture in chosen])
    if len(missing):
        raise DatasetError('%s: no picture of the class %s is left: %s; each class needs pictures of its own'
                           % (path, names.shown(found.classes[missing[0]]), why))


def once(path, chosen, tell):
    """Each picture once; none whose copies have several labels."""
    copies = collections.OrderedDict()
    for picture in sorted(chosen, key=lambda picture: ('test', 'valid', 'train', None).index(picture.part)):
        copies.setdefault(picture.pixels, []).append(picture)
    clear, twice, unclear = [], [], []
    for some in copies.values():
        line = ' = '.join(names.shown(picture.path) for picture in some)
        if len({picture.label for picture in some}) > 1:
            unclear.append(line)
            continue
        clear.append(some[0])
        if len(some) > 1:
            twice.append(line)
    say_list(tell, '%s: %d pictures are in more than one class and are left out' % (path, len(unclear)), unclear)
    say_list(tell, '%s: %d pictures are there more than once and count once' % (path, len(twice)), twice)
    return clear


def divided(path, found, chosen, tell):
    """The pictures with their parts."""
    if not chosen or chosen[0].part is None:
        return _assigned(path, found, chosen, ('valid', 'test'))
    kept = [picture for picture in chosen if picture.part == 'test']
    if any(picture.part == 'valid' for picture in chosen):
        tested = {picture.look for picture in kept}
        kept += [picture for picture in chosen if picture.part == 'valid' and picture.look not in tested]
    held = {picture.look for picture in kept}
    train = [picture for picture in chosen if picture.part == 'train' and picture.look not in held]
    left_out = len(chosen) - len(kept) - len(train)
    if left_out:
        tell('%s: %d pictures are left out of training or validation: the network sees the same in test/ or valid/'
             % (path, left_out))
    if not any(picture.part == 'valid' for picture in kept):
        train = _assigned(path, found, train, ('valid',))
    return kept + train


def _assigned(path, found, chosen, parts):
    try:
        divided = splits.divide([picture.label for picture in chosen], [picture.look for picture in chosen],
                                [splits.order(picture.file) for picture in chosen], parts)
    except splits.TooFew as few:
        raise DatasetError('%s: the class %s has %d pictures that the network can tell from each other and from other '
                           'classes\': at least %d are needed, to train, %s' % (
                               path, names.shown(found.classes[few.label]), few.count, len(parts) + 1,
                               ' and '.join(PURPOSES[part] for part in parts)))
    return [picture._replace(part=part) for picture, part in zip(chosen, divided)]


def tell_alike(path, chosen, tell):
    labels = collections.defaultdict(set)
    for picture in chosen:
        labels[picture.look].add(picture.label)
    count = sum(len(labels[picture.look]) > 1 for picture in chosen)
    if count:
        tell('%s: %d of %d pictures look to the network as one of another class does: see the preview; for LFC another '
             'threshold may help' % (path, count, len(chosen)))
