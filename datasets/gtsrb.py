"""GTSRB, road signs: 39,209 + 12,630 pictures of 43 classes (J. Stallkamp et al., 2012), fitted as the board fits them.

    data = load('cnv', 'data')      # data/GTSRB as its archives unpack

Its own archives have Final_Training/Images/00000 to 00042 with a table in each, Final_Test/Images and GT-final_test.csv;
torchvision's Training/ for the first; Kaggle's Train/0 to 42, Test/ and Test.csv. A test set that somebody has sorted into
class folders needs no table.

They come from videos, 30 pictures of one sign in a row: whole rows validate, so that no sign is in both. The parameters
that BNN-PYNQ published ("road-signs") have a 44th class, no sign at all, from pictures that are not GTSRB's.
"""
from __future__ import absolute_import, division

import io
import os
import re

import numpy as np

from datasets import names, splits
from datasets.fitting import Fitting
from datasets.folder import decode, find
from datasets.folder.parts import is_holder, part_of
from datasets.images import Dataset, DatasetError, Images, bases
from datasets.messages import say
from datasets.pictures import EXTENSIONS

CLASSES = [
    u'Speed limit 20', u'Speed limit 30', u'Speed limit 50', u'Speed limit 60', u'Speed limit 70', u'Speed limit 80',
    u'End of speed limit 80', u'Speed limit 100', u'Speed limit 120', u'No overtaking',
    u'No overtaking by trucks', u'Right of way at the next crossing', u'Priority road', u'Yield', u'Stop',
    u'No vehicles', u'No trucks', u'No entry', u'Danger', u'Curve to the left', u'Curve to the right',
    u'Double curve', u'Bumpy road', u'Slippery road', u'Road narrows on the right', u'Road works', u'Traffic lights',
    u'Pedestrians', u'Children', u'Bicycles', u'Snow and ice', u'Wild animals', u'End of all limits', u'Turn right',
    u'Turn left', u'Straight on', u'Straight on or right', u'Straight on or left', u'Pass on the right',
    u'Pass on the left', u'Roundabout', u'End of no overtaking', u'End of no overtaking by trucks']
COUNTS = {'train': (39209, 26640), 'test': (12630,)}      # of the benchmark; the competition's training set

_LARGEST_CSV = 2 ** 24      # bytes
_PATH = re.compile(r'(?:[0-9A-Za-z_-]+/)*[0-9A-Za-z_]+\.(?:ppm|png|jpe?g)\Z', re.IGNORECASE)
_LABEL = re.compile(r'[0-9]{1,2}\Z')
_ANSWERS, _KAGGLE_ANSWERS = 'GT-final_test.csv', 'Test.csv'
_FILES, _WHERE = 'the unpacked folder GTSRB', 'https://benchmark.ini.rub.de'
_PLACES = (('gtsrb', 'GTSRB'), ('archive',))        # below DATA_DIR: torchvision's, what Kaggle's file unpacks to
_LACKING = (('training', 'the training pictures (Final_Training/Images/00000 to 00042, Training/ or Train/)'),
            ('test', 'the test pictures (Final_Test/Images or Test/)'))


def load(net, data_dir=None):
    """GTSRB from its files in a folder, or in a folder ``gtsrb`` or ``GTSRB`` there."""
    found = []
    for base in bases(data_dir, 'gtsrb', _FILES, _WHERE) + [os.path.join(data_dir, *place) for place in _PLACES]:
        there = _there(base) if os.path.isdir(base) else {}
        if len(there) == len(_LACKING):
            return _read(base, os.path.relpath(there['training'], base), os.path.relpath(there['test'], base))
        found += [(base, there)] if there else []
    if not found:
        raise DatasetError('%s does not hold %s: get it from %s' % (data_dir, _FILES, _WHERE))
    base, there = found[0]
    raise DatasetError('%s holds %s and lacks %s: get them from %s' % (
        base, ', '.join('%s/' % os.path.relpath(path, base) for path in sorted(there.values())),
        ', '.join(what for part, what in _LACKING if part not in there), _WHERE))


def refuse_as_own(path):
    """Refuse GTSRB as the user's own folder if its test pictures have no class folders: a table says what they are.

    Raises
    ------
    DatasetError
        With the way to read it.
    """
    there = _there(path)
    if len(there) == len(_LACKING) and not _class_folders(there['test']):
        raise DatasetError('%s is GTSRB, whose test pictures have no class folders: give DATASET=gtsrb DATA_DIR=%s NET=cnv, '
                           'which reads their table' % (path, path))


def _there(base):
    """'training' and 'test' to the folders that hold their class folders or pictures, where they are there."""
    result = {}
    for name in sorted(os.listdir(base)):
        kind, folder = part_of(names.encoded(name)), os.path.join(base, name)
        if kind not in ('train', 'test') or not os.path.isdir(folder):
            continue
        inner = [one for one in sorted(os.listdir(folder)) if os.path.isdir(os.path.join(folder, one))]
        if len(inner) == 1 and (is_holder(names.encoded(inner[0])) or part_of(names.encoded(inner[0])) == kind):
            folder = os.path.join(folder, inner[0])
        if len(_class_folders(folder)) == len(CLASSES):
            result.setdefault('training' if kind == 'train' else 'test', folder)
        elif kind == 'test' and any(names.encoded(one).lower().endswith(EXTENSIONS) for one in os.listdir(folder)):
            result.setdefault('test', folder)
    return result


def _class_folders(folder):
    """Label to the folder of each class that is there, 00007 or 7."""
    choices = ((label, os.path.join(folder, form % label)) for form in ('%d', '%05d') for label in range(len(CLASSES)))
    return {label: path for label, path in choices if os.path.isdir(path)}


def _sorted_rows(base, folder, part):
    """(path below the base, class, part) of pictures in class folders, by the folder's table where they are GTSRB's own."""
    rows = []
    for label, path in sorted(_class_folders(os.path.join(base, folder)).items()):
        below = os.path.relpath(path, base)
        if os.path.basename(path) == '%05d' % label and part == 'train':
            listed = _table(os.path.join(path, 'GT-%05d.csv' % label))
        else:
            listed = [(name, label) for name in sorted(os.listdir(path)) if _PATH.match(name)]
        rows += [(os.path.join(below, name), given, part) for name, given in listed]
    return rows


def _read(base, training, test):
    rows = _sorted_rows(base, training, 'train')
    places = [os.path.join(base, test), os.path.join(base, os.path.dirname(test)), base, os.path.dirname(base)]
    answers = next((path for path in (os.path.join(place, name) for place in places
                                      for name in (_ANSWERS, _KAGGLE_ANSWERS)) if os.path.isfile(path)), None)
    if _class_folders(os.path.join(base, test)):
        rows += _sorted_rows(base, test, 'test')
    elif answers is None:
        raise DatasetError('%s holds %s/ and %s/ but lacks the test pictures\' classes: %s, from GTSRB_Final_Test_GT.zip '
                           '(or Kaggle\'s %s); put it into %s' % (base, training, test, _ANSWERS, _KAGGLE_ANSWERS,
                                                              os.path.join(base, test)))
    else:
        rows += [(os.path.join(test, name), label, 'test') for name, label in _table(answers)]
    if len({part for _, _, part in rows}) < 2:
        raise DatasetError('%s: no pictures are listed in %s/ or %s/: unpack the archives again' % (base, training, test))
    paths, labels, parts = zip(*rows)
    found = find.Found(CLASSES, [names.encoded(path) for path in paths], labels, parts, {})
    fitting = Fitting('cnv')
    read = decode.read_all(names.encoded(base), found, fitting)
    broken = np.flatnonzero(read.states != decode.READ)
    if len(broken):
        raise DatasetError('%s: %d pictures cannot be read, the first %s (%s): unpack the archives again' % (
            base, len(broken), paths[broken[0]], names.shown(read.reasons[broken[0]]) or 'no picture'))
    return _divided(base, paths, np.array(labels, np.uint8), np.array(parts), read.images)


def _divided(base, paths, labels, parts, images):
    for part, counts in sorted(COUNTS.items()):
        count = int((parts == part).sum())
        if count not in counts:
            say('%s: %d pictures in the %s set, where the published one has %d'
                        % (base, count, part, counts[0]))
    train = np.flatnonzero(parts == 'train')
    rows = [names.encoded(os.path.splitext(paths[index])[0].rsplit('_', 1)[0]) for index in train]  # <row>_<number>.ppm
    try:
        parts[train] = splits.divide(labels[train].tolist(), [paths[index] for index in train],
                                     [splits.order(row) for row in rows], ('valid',), rows)
    except splits.TooFew as few:
        raise DatasetError('%s: the class %d has pictures of %d signs: at least 2 are needed, to train and to validate'
                           % (base, few.label, few.count))
    result = {}
    for part in ('train', 'valid', 'test'):
        chosen = np.flatnonzero(parts == part)
        chosen = chosen[np.random.RandomState(0).permutation(len(chosen))]      # the files are in order of the classes
        result[part] = Images(images[chosen], labels[chosen])
    return Dataset('gtsrb', result['train'], result['valid'], result['test'], CLASSES)


def _table(path):
    """(file name, class) of each line in one of GTSRB's tables."""
    if not os.path.isfile(path):
        raise DatasetError('%s is missing: unpack the archive again' % path)
    with io.open(path, 'rb') as handle:
        lines = handle.read(_LARGEST_CSV).decode('utf-8-sig', 'replace').splitlines()
    between = u';' if lines and u';' in lines[0] else u','
    columns = lines[0].strip().split(between) if lines else []
    named = next((name for name in (u'Filename', u'Path') if name in columns), None)
    if named is None or u'ClassId' not in columns:
        raise DatasetError('%s has no columns Filename (or Path) and ClassId: the answers are in %s' % (path, _ANSWERS))
    rows = []
    for number, line in enumerate(lines[1:], 2):
        values = line.strip().split(between)
        if not line.strip():
            continue
        row = dict(zip(columns, values))
        name, label = row.get(named, u''), row.get(u'ClassId', u'')
        if len(values) != len(columns) or not _PATH.match(name) or not _LABEL.match(label) or int(label) >= len(CLASSES):
            raise DatasetError('%s: line %d is not a picture and a class below %d' % (path, number, len(CLASSES)))
        rows.append((str(name.split(u'/')[-1]), int(label)))
    return rows
