"""A folder of your own pictures as a data set: a folder for each class, named after it.

    data = load('photos/pets', Fitting('cnv'))      # photos/pets/cat/*.jpg, photos/pets/dog/*.jpg

With ``train/``, ``test/`` and optionally ``valid/`` above the class folders (or training_set/, seg_test/ and the like)
these divide the pictures; without, a tenth of each class validates and a tenth tests (:mod:`datasets.splits`),
frames of one video together. Classes are in the order of their folders' names, numbers in them by value: 9 before 10.
Hidden files and files that are not pictures are ignored. Each picture counts once, however many copies there are: its
content decides, not its name. A copy in ``test/`` or ``valid/`` is taken out of training.

A picture is decoded only once, even if its name or date changes; what the network sees of it is kept in
``~/.cache/bnn-pynq-training/pictures`` (:func:`common.machine.cache_folder`).
"""
from __future__ import absolute_import

import collections
import hashlib
import os

import numpy as np

from datasets import names
from datasets.folder import check, decode, find, tracks
from datasets.images import Dataset, DatasetError, Images
from datasets.messages import say, say_list, shortened

BROKEN = ('skip', 'stop')

# look, pixels, file: hashes of what the network sees, of the upright pixels, of the file. track: what it belongs to by
# its name (datasets.folder.tracks). remark: of datasets.folder.decode.
Picture = collections.namedtuple('Picture', [
    'path', 'label', 'part', 'image', 'look', 'pixels', 'file', 'track', 'remark'])


def load(path, fitting, broken='skip'):
    """The pictures of a folder, fitted and divided.

    Parameters
    ----------
    path : str
    fitting : datasets.fitting.Fitting
    broken : 'skip' or 'stop'
        Whether files that cannot be read are listed and left out, or the run ends.

    Returns
    -------
    Dataset
        Images uint8 (N, 32, 32, 3) for CNV, (N, 28, 28) of 0 and 255 for LFC, in an order that mixes the classes;
        class names unicode; the test images' files, below `path`.

    Raises
    ------
    DatasetError
        What was found, and what is expected.
    """
    found, chosen = collect(path, fitting, broken)
    parts = {part: sorted((picture for picture in chosen if picture.part == part),
                          key=lambda picture: picture.file) for part in ('train', 'valid', 'test')}
    name = names.file_name(path)
    say('%s: %d pictures to train on, %d to validate, %d to test; %s' % (
        name, len(parts['train']), len(parts['valid']), len(parts['test']),
        shortened(['%s %d' % (names.shown(title), count) for title, count in zip(found.classes, np.bincount(
            [picture.label for picture in chosen], minlength=len(found.classes)))])))
    images = {part: Images(np.array([picture.image for picture in some], np.uint8).reshape((-1,) + fitting.shape),
                           np.array([picture.label for picture in some], np.uint8)) for part, some in parts.items()}
    return Dataset(name, images['train'], images['valid'], images['test'], found.classes,
                   [names.one_line(picture.path) for picture in parts['test']])


def collect(path, fitting, broken='skip', tell=None, refuse=None):
    """The pictures of a folder before they become arrays.

    Parameters
    ----------
    path, fitting, broken
        As :func:`load` takes them.
    tell : callable, optional
        Takes a line about the pictures; default: :func:`datasets.messages.say`.
    refuse : callable, optional
        Takes a line about what stops a training, and may return; default: raise it.

    Returns
    -------
    (datasets.folder.find.Found, list of Picture)
        All files; each picture once, with its part.

    Raises
    ------
    DatasetError
        What would stop a training, without `refuse`; or there are no class folders.
    """
    tell, refuse = tell or say, refuse or _refuse
    root = names.encoded(os.path.expanduser(path))
    found = find.find(root)
    for what, paths in found.unused.items():
        if what.startswith('these'):
            tell('%s: %s' % (path, what))
        else:
            say_list(tell, '%s: %s' % (path, what), [names.shown(name) for name in paths])
    read = decode.read_all(root, found, fitting)
    check.tell_broken(path, found, read, broken, tell, refuse)
    images = fitting.black_and_white(read.images)
    videos = tracks.of(found.paths, list(zip(found.labels, found.parts)))
    chosen = [Picture(found.paths[index], found.labels[index], found.parts[index], images[index],
                      hashlib.sha1(images[index]).digest(), read.pixels[index].tobytes(), read.files[index].tobytes(),
                      videos[index], read.reasons[index])
              for index in np.flatnonzero(read.states == decode.READ)]
    check.check_classes(path, found, chosen, tell, refuse)
    if len(found.classes) == 1:
        tell('%s: there is one class, %s: every answer will be right' % (path, names.shown(found.classes[0])))
    check.check_blank(path, chosen, fitting, tell, refuse)
    clear, unclear = check.once(path, chosen, tell)
    check.check_left(path, found, clear, 'all its pictures are in other classes too', unclear, refuse)
    check.tell_alike(path, clear, fitting, tell)
    divided = check.divided(path, found, clear, tell, refuse)
    check.check_left(path, found, [picture for picture in divided if picture.part == 'train'],
                     'all that are in train/ are in test/, valid/ or another class too',
                     {picture.label: names.shown(picture.path) for picture in chosen if picture.part == 'train'}, refuse)
    for part in ('valid', 'test'):
        if not any(picture.part == part for picture in divided):
            refuse('%s: there is no picture %s that can be read and is in no other part or class: put some of each class '
                   'into %s/' % (path, check.PURPOSES[part], part))
    return found, divided


def _refuse(line):
    raise DatasetError(line)
