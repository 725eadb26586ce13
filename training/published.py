"""SVHN and GTSRB, for which BNN-PYNQ published parameters too ("streetview", "road-signs"), from their own files.

    data = load('svhn', 'cnv', 'data')      # data/train_32x32.mat, data/test_32x32.mat, or in data/svhn
    data = load('gtsrb', 'cnv', 'data')     # data/GTSRB as its archives unpack

SVHN, cropped digits (Y. Netzer et al., 2011, http://ufldl.stanford.edu/housenumbers): 73,257 + 26,032 images of 32x32.
The file's label 10 is the digit 0; here classes are the digits in order, where BNN-PYNQ's published parameters have 0
behind 9. Nothing is unpickled: MATLAB's files hold plain arrays.

GTSRB, road signs (J. Stallkamp et al., 2012, https://benchmark.ini.rub.de): 39,209 + 12,630 pictures of 43 classes,
fitted as the board fits a picture. They come from films, 30 pictures of one sign in a row: whole rows validate, so that
no sign is in both. BNN-PYNQ's published parameters have a 44th class, no sign at all, from pictures that are not its.
"""
from __future__ import absolute_import, division, print_function

import collections
import io
import os
import re

import numpy as np

from common.files import sha256
from training import arrays, folders, names, splits
from training.fitting import Fitting
from training.images import Dataset, DatasetError, Images

Published = collections.namedtuple('Published', ['size', 'sha256'])

# TorchVision knows the same files by their MD5, e26dedcc434d2e4c54c9b2d4a06d8373 and eb5a983be6a315427106f1b164d9cef3.
SVHN = {'train_32x32.mat': Published(182040794, '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8'),
        'test_32x32.mat': Published(64275384, 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b')}

GTSRB_CLASSES = [
    u'Speed limit 20', u'Speed limit 30', u'Speed limit 50', u'Speed limit 60', u'Speed limit 70', u'Speed limit 80',
    u'End of speed limit 80', u'Speed limit 100', u'Speed limit 120', u'Overtaking forbidden',
    u'Overtaking forbidden to trucks', u'Right of way at the next crossing', u'Main road', u'Yield', u'Halt',
    u'Closed to vehicles', u'Closed to trucks', u'Wrong way', u'Danger', u'Curve to the left', u'Curve to the right',
    u'Double curve', u'Bumps', u'Slippery', u'Narrower on the right', u'Building site', u'Traffic lights',
    u'Pedestrians', u'Children', u'Bicycles', u'Snow and ice', u'Wild animals', u'End of all limits', u'Turn right',
    u'Turn left', u'Straight on', u'Straight on or right', u'Straight on or left', u'Pass on the right',
    u'Pass on the left', u'Roundabout', u'End of overtaking forbidden', u'End of overtaking forbidden to trucks']
GTSRB_COUNTS = {'train': (39209, 26640), 'test': (12630,)}      # of the benchmark; the competition's training set

_LARGEST_MAT = 2 ** 31      # bytes of pixels
_LARGEST_CSV = 2 ** 24      # bytes
_TRAINING = (('Final_Training', 'Images'), ('Training',))
_TEST = (('Final_Test', 'Images'), ('Test',))
_NAME, _LABEL = re.compile(r'[0-9A-Za-z_]+\.ppm\Z'), re.compile(r'[0-9]{1,2}\Z')
_ANSWERS = 'GT-final_test.csv'


def load(name, net, data_dir=None):
    """One of the two data sets, from its files.

    Parameters
    ----------
    name : 'svhn' or 'gtsrb'
    net : 'lfc' or 'cnv'
        Both have colours: for CNV alone.
    data_dir : str
        The folder that holds the files, or a folder of the data set's name with them.

    Returns
    -------
    training.images.Dataset

    Raises
    ------
    DatasetError
    """
    if net == 'lfc':
        raise DatasetError('LFC reads 28x28 black and white pictures, %s has colours: train CNV on it' % name)
    files, where = {'svhn': (' and '.join(sorted(SVHN, reverse=True)), 'http://ufldl.stanford.edu/housenumbers'),
                    'gtsrb': ('the unpacked folder GTSRB', 'https://benchmark.ini.rub.de')}[name]
    if not data_dir:
        raise DatasetError('%s is not downloaded for you: get %s from %s and name the folder that holds it, DATA_DIR='
                           % (name, files, where))
    bases = [path for path in (data_dir, os.path.join(data_dir, name), os.path.join(data_dir, name.upper()))
             if os.path.isdir(path)]
    data = _svhn(bases) if name == 'svhn' else _gtsrb(bases)
    if data is None:
        raise DatasetError('%s does not hold %s: get it from %s' % (data_dir, files, where))
    return data


# --- SVHN ------------------------------------------------------------------------------------------------------------

def _svhn(bases):
    for base in bases:
        if all(os.path.isfile(os.path.join(base, name)) for name in SVHN):
            parts = {name.split('_')[0]: _read_mat(os.path.join(base, name)) for name in SVHN}
            return arrays.dataset(base, Fitting('cnv'), parts, [u'%d' % digit for digit in range(10)], name='svhn')
    return None


def _read_mat(path):
    """Images (N, 32, 32, 3) and digits of one of SVHN's files."""
    from scipy import io as scipy_io
    published = SVHN[os.path.basename(path)]
    if os.path.getsize(path) != published.size:
        folders.say('%s is another file than the published one: it has %d bytes, not %d' % (
            path, os.path.getsize(path), published.size))
    elif sha256(path) != published.sha256:
        raise DatasetError('%s is damaged: its SHA-256 is not the published %s; fetch it anew'
                           % (path, published.sha256))
    try:
        shapes = {name: shape for name, shape, _ in scipy_io.whosmat(path)}
        images, labels = shapes.get('X', ()), shapes.get('y', ())
        if len(images) != 4 or images[:3] != (32, 32, 3) or labels != (images[3], 1):
            raise DatasetError('%s holds %s: expected X of shape (32, 32, 3, N) and y of shape (N, 1)' % (
                path, ', '.join('%s %s' % (names.shown(name), shapes[name]) for name in sorted(shapes)) or 'nothing'))
        if 3072 * images[3] > _LARGEST_MAT:
            raise DatasetError('%s announces %d images: at most %d are read' % (path, images[3], _LARGEST_MAT // 3072))
        content = scipy_io.loadmat(path, variable_names=['X', 'y'])
    except (DatasetError, MemoryError):
        raise
    except Exception as error:      # SciPy's reader raises errors of every class on damaged files
        raise DatasetError('%s cannot be read as a MATLAB file, version 5: fetch it anew (%s)' % (
            path, ' '.join(str(error).split())))
    labels = content['y'].reshape(-1)
    if labels.min() < 1 or labels.max() > 10:
        raise DatasetError('%s has labels from %s to %s: expected 1 to 10' % (path, labels.min(), labels.max()))
    return np.ascontiguousarray(content['X'].transpose(3, 0, 1, 2)), labels.astype(np.int64) % 10


# --- GTSRB -----------------------------------------------------------------------------------------------------------

def _gtsrb(bases):
    for base in bases:
        training = _first_folder(base, _TRAINING)
        test = _first_folder(base, _TEST)
        if training and test:
            return _read_gtsrb(base, os.path.relpath(training, base), os.path.relpath(test, base))
    return None


def _first_folder(base, choices):
    return next((path for path in (os.path.join(base, *choice) for choice in choices) if os.path.isdir(path)), None)


def _read_gtsrb(base, training, test):
    rows = []       # (path below the base, class, part)
    for label in range(len(GTSRB_CLASSES)):
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
    found = folders.Found(GTSRB_CLASSES, [names.encoded(path) for path in paths], labels, parts)
    fitting = Fitting('cnv')
    read = folders.read_all(names.encoded(base), found, fitting)
    broken = np.flatnonzero(read.states != folders.READ)
    if len(broken):
        raise DatasetError('%s: %d pictures cannot be read, the first %s (%s): unpack the archives again' % (
            base, len(broken), paths[broken[0]], names.shown(read.reasons[broken[0]]) or 'no picture'))
    return _divided_gtsrb(base, paths, np.array(labels, np.uint8), np.array(parts), read.images)


def _divided_gtsrb(base, paths, labels, parts, images):
    for part, counts in sorted(GTSRB_COUNTS.items()):
        count = int((parts == part).sum())
        if count not in counts:
            folders.say('%s: %d pictures in the %s set, where the published one has %d'
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
    return Dataset('gtsrb', result['train'], result['valid'], result['test'], GTSRB_CLASSES)


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
                int(label) >= len(GTSRB_CLASSES):
            raise DatasetError('%s: line %d is not a .ppm file and a class below %d'
                               % (path, number, len(GTSRB_CLASSES)))
        rows.append((str(name), int(label)))
    return rows
