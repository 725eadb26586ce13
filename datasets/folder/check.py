"""Which pictures of a folder count, and for which part; problems go to ``tell(line)`` or ``refuse(line)``."""
from __future__ import absolute_import

import collections

import numpy as np

from datasets import names, splits
from datasets.folder import tracks
from datasets.folder.decode import BLANK, BROKEN, DARK, OTHER, TRANSPARENT
from datasets.messages import say_list, shortened
from datasets.pictures import KINDS

PURPOSES = {'valid': 'to validate', 'test': 'to test'}


def tell_broken(path, found, read, broken, tell, refuse):
    indices = np.flatnonzero(read.states == BROKEN)
    lines = ['%s: %s' % (names.shown(found.paths[index]), names.shown(read.reasons[index])) for index in indices]
    if len(indices) and broken == 'stop':
        refuse('%s: %d of %d files cannot be read, the first %s; repair or remove them, or leave them out (BROKEN=skip)' % (
            path, len(indices), len(found.paths), lines[0]))
    say_list(tell, '%s: %d files cannot be read and are left out' % (path, len(indices)), lines)
    others = int((read.states == OTHER).sum())
    if others:
        tell('%s: %d files are not pictures and are ignored' % (path, others))


def check_classes(path, found, chosen, tell, refuse):
    """Check that each class has a readable picture; where the parts are given, one to train on."""
    counts = collections.Counter((picture.part, picture.label) for picture in chosen)
    parts = set(found.parts) or {None}
    for label, title in enumerate(found.classes):
        first = None if None in parts else 'train'
        if not counts[first, label]:
            there = [names.shown(name) for name, one, part in zip(found.paths, found.labels, found.parts)
                     if one == label and part == first]
            refuse('%s: the class %s has no picture%s%s: put some into its folder (%s), or remove the folder' % (
                path, names.shown(title), ' in train/' if first else '',
                ' that can be read (%s)' % shortened(there, most=2) if there else '', KINDS))
        for part in sorted(parts - {None}):
            if not counts[part, label]:
                tell('%s: the class %s has no picture in %s/' % (path, names.shown(title), part))


def check_left(path, found, chosen, why, examples, refuse):
    """Check that `chosen` has a picture of each class; `examples` has, by class, one that was left out."""
    for label in np.setdiff1d(sorted(examples), [picture.label for picture in chosen]):
        refuse('%s: no picture of the class %s is left: %s (%s); each class needs pictures of its own'
               % (path, names.shown(found.classes[label]), why, examples[label]))


def check_blank(path, chosen, fitting, tell, refuse):
    """Refuse or report pictures of one colour, and report those that are nearly black or whose transparency is ignored."""
    if fitting.reads_ink:
        blank = [picture for picture in chosen if picture.image.min() == picture.image.max()]
    else:
        blank = [picture for picture in chosen if BLANK in picture.remark]
    shown = [names.shown(picture.path) for picture in blank]
    if blank and len(blank) == len(chosen):
        refuse('%s: all %d pictures are of one colour to the network, the first %s: %s' % (
            path, len(blank), shown[0], 'another threshold may help (THRESHOLD=); see the preview' if fitting.reads_ink
            else 'if their values are 0 and 1, multiply them by 255; if they are 10 bits in files of 16, by 64'))
    say_list(tell, '%s: %d of %d pictures are of one colour to the network' % (path, len(blank), len(chosen)), shown)
    dark = [names.shown(picture.path) for picture in chosen if DARK in picture.remark and BLANK not in picture.remark]
    say_list(tell, '%s: %d of %d pictures are nearly black, no value above 15 of 255; if they have 10 or 12 bits in files '
             'of 16, multiply them by 64 or 16' % (path, len(dark), len(chosen)), dark)
    say_list(tell, '%s: transparency is ignored, as on the board, so the hidden colours show; to choose the background, '
             'flatten the pictures first' % path,
             [names.shown(picture.path) for picture in chosen if TRANSPARENT in picture.remark])


def once(path, chosen, tell):
    """Each picture once, but none whose copies have several labels; and of these a line for each class."""
    copies = collections.OrderedDict()
    for picture in sorted(chosen, key=lambda picture: ('test', 'valid', 'train', None).index(picture.part)):
        copies.setdefault(picture.pixels, []).append(picture)
    clear, twice, unclear, examples = [], [], [], {}
    for some in copies.values():
        line = ' = '.join(names.shown(picture.path) for picture in some)
        if len({picture.label for picture in some}) > 1:
            unclear.append(line)
            examples.update((picture.label, line) for picture in some)
            continue
        clear.append(some[0])
        if len(some) > 1:
            twice.append(line)
    say_list(tell, '%s: %d pictures are in more than one class and are left out' % (path, len(unclear)), unclear)
    say_list(tell, '%s: %d pictures occur more than once and count once' % (path, len(twice)), twice)
    return clear, examples


def divided(path, found, chosen, tell, refuse):
    """The pictures with their parts."""
    if not chosen or chosen[0].part is None:
        return _assigned(path, found, chosen, ('valid', 'test'), tell, refuse)
    torn = tracks.torn(*zip(*((picture.path, picture.label, picture.part) for picture in chosen)))
    if torn:
        tell('%s: by their names, frames of the same video are in more than one of train/, valid/ and test/ (%d videos, '
             'such as %s: %s), so the test accuracy is too optimistic: keep all frames of a video in one of them' % (
                 path, len(torn), names.shown(found.classes[torn[0][0]]), _video(torn[0][1])))
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
        train = _assigned(path, found, train, ('valid',), tell, refuse)
    return kept + train


def _video(track):
    return names.shown(track[1]) + '...' if isinstance(track, tuple) else names.shown(track)


def _assigned(path, found, chosen, parts, tell, refuse):
    """The pictures with parts; videos are kept together where there are enough of them in a class."""
    videos, torn, refused = [picture.track for picture in chosen], [], []
    while True:
        try:
            divided = splits.divide([picture.label for picture in chosen], [picture.look for picture in chosen],
                                    [splits.order(picture.file) for picture in chosen], parts,
                                    videos if any(track is not None for track in videos) else None)
            break
        except splits.TooFew as few:
            inside = [picture.label == few.label for picture in chosen]
            if any(track is not None for track, within in zip(videos, inside) if within):
                videos = [None if within else track for track, within in zip(videos, inside)]
                torn.append('%s/' % names.shown(found.classes[few.label]))
                continue
            refuse('%s: the class %s has %d pictures that the network can tell apart, also from other classes%s: '
                   'at least %d are needed, to train, %s; add others%s' % (
                       path, names.shown(found.classes[few.label]), few.count, _same(chosen, few.label), len(parts) + 1,
                       ' and '.join(PURPOSES[part] for part in parts),
                       ', or put some of each class into train/ and test/' if 'test' in parts else ''))
            refused += [picture._replace(part='train') for picture, within in zip(chosen, inside) if within]
            chosen, videos = [[one for one, within in zip(some, inside) if not within] for some in (chosen, videos)]
    different = {(picture.label, track) for picture, track in zip(chosen, videos) if track is not None}
    if different:
        tell('%s: by their names %d pictures are frames of %d videos (%s, ...); those of one video stay in one part'
             % (path, len(videos) - videos.count(None), len(different), _video(min(different)[1])))
    if torn:
        tell('%s: frames of one video are in several parts, as there are too few videos in %s, so the test '
             'accuracy is too optimistic: make train/ and test/ yourself, from different videos' % (path, shortened(torn)))
    return refused + [picture._replace(part=part) for picture, part in zip(chosen, divided)]


def _same(chosen, label):
    """' (it sees the same in cat/1.png and dog/2.png)', or '' without such a pair."""
    first = {}
    for picture in sorted(chosen, key=lambda picture: picture.label == label):
        other = first.setdefault(picture.look, picture)
        if picture.label == label and other is not picture:
            return ' (it sees the same in %s and %s)' % (names.shown(picture.path), names.shown(other.path))
    return ''


def tell_alike(path, chosen, fitting, tell):
    """Report pictures that look like one of another class."""
    labels = collections.defaultdict(set)
    for picture in chosen:
        labels[picture.look].add(picture.label)
    some = [picture for picture in chosen if len(labels[picture.look]) > 1]
    if some:
        pair = [picture for picture in some if picture.look == some[0].look]
        other = next(picture for picture in pair if picture.label != pair[0].label)
        tell('%s: %d of %d pictures look to the network like one of another class, such as %s and %s: see the preview%s'
             % (path, len(some), len(chosen), names.shown(pair[0].path), names.shown(other.path),
                '; another threshold may help (THRESHOLD=)' if fitting.reads_ink else ''))
