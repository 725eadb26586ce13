"""Which pictures are, by their names, frames of one video or versions of one picture: they belong in one part.

    of_class(['00000_00000', '00000_00001', '00001_00000', ...])    # ['00000', '00000', '00001', ...]

Otherwise the network is tested on near copies of what it learned. Names show it plainly: GTSRB's track and frame,
00012_00003; a frame's number behind the word, park-frame12; numbers that count from 0 or 1 behind several names that end in
a number, clip2_001; the hash that Roboflow puts behind each of its variations, cat_jpg.rf.0123...; folders named clip1/ or
track_07/ within a class.
"""
from __future__ import absolute_import

import collections
import os
import re

from datasets import names

_FRAME = re.compile(u'(.*[^_ .-])[_ .-]*(?:frame|frm|bild)[_ .-]*[0-9]+\\Z', re.IGNORECASE | re.DOTALL)
_VARIATION = re.compile(u'(.+)\\.rf\\.[0-9a-zA-Z]{16,}\\Z', re.DOTALL)
_COUNTED = re.compile(u'(.*[0-9])[_ .-]+([0-9]+)\\Z', re.DOTALL)
_FOLDER = re.compile(u'(?:track|clip|video|film|movie|seq|sequence|scene|shot|take)s?[_ .-]*[0-9]+\\Z', re.IGNORECASE)
_LARGE = .5     # the least share of tracks with several pictures


def of(paths, labels):
    """The track of each picture: one that others of its class have too, or None.

    Parameters
    ----------
    paths : sequence of bytes
    labels : sequence of hashable
        Of the class, and of the part where parts are given.
    """
    result, places = [None] * len(paths), collections.defaultdict(list)
    for index, label in enumerate(labels):
        places[label].append(index)
    for indices in places.values():
        for index, track in zip(indices, of_class([paths[index] for index in indices])):
            result[index] = track
    return result


def of_class(paths):
    """The same for the pictures of one class; None for all where the names do not show tracks plainly."""
    for find, least in ((_by_folder, 1), (_by_frame, 1), (_by_variation, 2), (_by_count, 2)):
        tracks = find([os.path.splitext(path)[0] for path in paths])
        sizes = collections.Counter(track for track in tracks if track is not None)
        several = [track for track, count in sizes.items() if count > 1]
        if len(sizes) >= least and len(several) >= _LARGE * len(sizes):
            return [track if sizes[track] > 1 else None for track in tracks]
    return [None] * len(paths)


def torn(paths, labels, parts):
    """(label, track) of each track whose pictures a given division has put into several parts."""
    result = []
    for label in sorted(set(labels)):
        some = [index for index, other in enumerate(labels) if other == label]
        flat = [os.path.basename(paths[index]) for index in some]
        if len(set(flat)) < len(flat):      # numbers that are in two parts: each part counts its own videos
            continue
        where = collections.defaultdict(set)
        for track, index in zip(of_class(flat), some):
            where[track].add(parts[index])
        result += [(label, track) for track, found in where.items() if track is not None and len(found) > 1]
    return result


def is_video(name):
    """Whether a folder's name (bytes) says that a video's frames are in it."""
    return bool(_FOLDER.match(names.text(name)))


def _by_folder(stems):
    folders = [os.path.dirname(stem) for stem in stems]
    return [folder if is_video(os.path.basename(folder)) else None for folder in folders]


def _by_frame(stems):
    return _by_pattern(_FRAME, stems)


def _by_variation(stems):
    return _by_pattern(_VARIATION, stems)


def _by_pattern(pattern, stems):
    matched = [pattern.match(names.text(os.path.basename(stem))) for stem in stems]
    return [(os.path.dirname(stem), found.group(1)) if found else None for stem, found in zip(stems, matched)]


def _by_count(stems):
    """Where nearly all begin with 0 or 1 and have few gaps: pictures from many places are not numbered so."""
    matched = [_COUNTED.match(names.text(os.path.basename(stem))) for stem in stems]
    tracks = [(os.path.dirname(stem), found.group(1)) if found else None for stem, found in zip(stems, matched)]
    numbers = collections.defaultdict(set)
    for track, found in zip(tracks, matched):
        if found:
            numbers[track].add(int(found.group(2)))
    counted = [track for track, some in numbers.items() if min(some) <= 1 and max(some) < 1.5 * len(some) + 1]
    enough = len(counted) >= .9 * len(numbers) and tracks.count(None) <= .1 * len(tracks)
    return tracks if enough else [None] * len(tracks)
