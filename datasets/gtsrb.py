"""GTSRB, road signs: 39,209 + 12,630 pictures of 43 classes (J. Stallkamp et al., 2012), fitted as the board fits them.

    data = load('cnv', 'data')      # data/GTSRB as its archives unpack

They come from films, 30 pictures of one sign in a row: whole rows validate, so that no sign is in both. The parameters
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
from datasets.images import Dataset, DatasetError, Images, bases
from datasets.messages import say

CLASSES = [
    u'Speed limit 20', u'Speed limit 30', u'Speed limit 50', u'Speed limit 60', u'Speed limit 70', u'Speed limit 80',
    u'End of speed limit 80', u'Speed limit 100', u'Speed limit 120', u'Overtaking forbidden',
    u'Overtaking forbidden to trucks', u'Right of way at the next crossing', u'Main road', u'Yield', u'Halt',
    u'Closed to vehicles', u'Closed to trucks', u'Wrong way', u'Danger', u'Curve to the left', u'Curve to the right',
    u'Double curve', u'Bumps', u'Slippery', u'Narrower on the right', u'Building site', u'Traffic lights',
    u'Pedestrians', u'Children', u'Bicycles', u'Snow and ice', u'Wild animals', u'End of all limits', u'Turn right',
    u'Turn left', u'Straight on', u'Straight on or right', u'Straight on or left', u'Pass on the right',
    u'Pass on the left', u'Roundabout', u'End of overtaking forbidden', u'End of overtaking forbidden to trucks']
COUNTS = {'train': (39209, 26640), 'test': (12630,)}      # of the benchmark; the competition's training set

_LARGEST_CSV = 2 ** 24      # bytes
_TRAINING = (('Final_Training', 'Images'), ('Training',))
_TEST = (('Final_Test', 'Images'), ('Test',))
_NAME, _LABEL = re.compile(r'[0-9A-Za-z_]+\.ppm\Z'), re.compile(r'[0-9]{1,2}\Z')
_ANSWERS = 'GT-final_test.csv'
_FILES, _WHERE = 'the unpacked folder GTSRB', 'https://benchmark.ini.rub.de'


def load(net, data_dir=None):
    """GTSRB from its files in a folder, or in a folder ``gtsrb`` or ``GTSRB`` there."""
    for base in bases(data_dir, 'gtsrb', _FILES, _WHERE):
        training = _first_folder(base, _TRAINING)
        test = _first_folder(base, _TEST)
        if training and test:
            return _read(base, os.path.relpath(training, base), os.path.relpath(test, base))
    raise DatasetError('%s does not hold %s: get it from %s' % (data_dir, _FILES, _WHERE))


def _first_folder(base, choices):
    return next((path for path in (os.path.join(base, *choice) for choice in choices) if os.path.isdir(path)), None)


def _read(base, training, test):
    rows = []       # (path below the base, class, part)
    for label in range(len(CLASSES)):
        folder = os.path.join(training, '%05d' % label)
        table = os.path.join(base, folder, 'GT-%05d.csv' % label)
        rows += [(os.path.join(folder, name), given, 'train') for name, given in _table(table)]
    places = [os.path.join(base, test), os.path.join(base, os.path.dirname(test)), base, os.path.dirname(base)]
    answers = next((path for path in (os.path.join(place, _ANSWERS) for place in places) if os.path.isfile(path)), None)
    if answers is None:
        raise DatasetError('%s: %s is missing, from GTSRB_Final_Test_GT.zip: put it into %s' % (
            base, _ANSWERS, os.path.join(base, test)))
    rows += [(os.path.join(test, name), label, 'test') for name, label in _table(answers)]
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
    rows = [os.path.join(os.path.dirname(paths[index]), os.path.basename(paths[index]).split('_')[0]).encode('ascii')
            for index in train]     # <row>_<number in it>.ppm
    try:
        parts[train] = splits.divide(labels[train].tolist(), rows, [splits.order(row) for row in rows], ('valid',))
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
    columns = lines[0].strip().split(u';') if lines else []
    if u'Filename' not in columns or u'ClassId' not in columns:
        raise DatasetError('%s has no columns Filename and ClassId: the answers are in %s' % (path, _ANSWERS))
    rows = []
    for number, line in enumerate(lines[1:], 2):
        values = line.strip().split(u';')
        if not line.strip():
            continue
        row = dict(zip(columns, values))
        name, label = row.get(u'Filename', u''), row.get(u'ClassId', u'')
        if len(values) != len(columns) or not _NAME.match(name) or not _LABEL.match(label) or \
                int(label) >= len(CLASSES):
            raise DatasetError('%s: line %d is not a .ppm file and a class below %d'
                               % (path, number, len(CLASSES)))
        rows.append((str(name), int(label)))
    return rows
