"""Files of arrays as a data set: NumPy's .npz, MNIST's idx files, CIFAR's binary files.

    data = load('letters.npz', Fitting('lfc'))      # x_train, y_train, x_test, y_test
    data = load('emnist', Fitting('lfc'))           # a folder with train-images-idx3-ubyte, ...

Images of another size than the network's are fitted as pictures are. The parts stay as they are given; where there is
nothing to validate on, a tenth of each class's training images is taken for it. Training images are mixed: files often
have one class after the other, and the first of them alone may be asked for.
"""
from __future__ import absolute_import, division, print_function

import hashlib
import io
import os

import numpy as np

from common import npz
from common.overlays import MAX_CLASSES
from datasets import names, readers, splits
from datasets.images import Dataset, DatasetError, Images
from datasets.messages import progress, say

LARGEST = 2 ** 31       # bytes of pixels in one file
_LISTED = 10
_ORDER = 1              # the seed that training images are mixed by
_IDX = {'train': ('train', 'train'), 'valid': ('valid', 'validation'), 'test': ('t10k', 'test')}


def is_folder_of_arrays(path):
    """Whether a folder holds MNIST's or CIFAR's files rather than pictures."""
    return bool(_idx_files(path) or _cifar_files(path))


def load(path, fitting):
    """The images of a .npz file, or of a folder with idx or CIFAR files.

    Parameters
    ----------
    path : str
    fitting : datasets.fitting.Fitting

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        What was found, and what is expected.
    """
    try:
        if not os.path.isdir(path):
            parts, titles = _npz(path)
        elif _idx_files(path):
            parts, titles = _idx(path)
        else:
            parts, titles = _cifar(path)
    except npz.TooLarge as error:
        raise DatasetError('%s holds too much, %s: give at most %.1f GB' % (path, error, LARGEST / 1e9))
    except readers.DAMAGE + (EnvironmentError,) as error:
        if getattr(error, 'errno', None) is not None:   # the system's, not gzip's own
            raise
        raise DatasetError('%s is damaged (%s): make or fetch it anew' % (path, ' '.join(str(error).split())))
    return dataset(path, fitting, parts, titles)


def dataset(path, fitting, parts, titles=None, name=None):
    """A Dataset of arrays.

    Parameters
    ----------
    path : str
        For messages.
    fitting : datasets.fitting.Fitting
    parts : dict
        'train', 'test' and maybe 'valid' to (images, labels).
    titles : list of unicode, optional
        The classes' names; their numbers where not given.
    name : str, optional
    """
    checked = {part: _checked('%s (%s)' % (path, part), *arrays) for part, arrays in parts.items()}
    labels = checked['train'][1]
    count = max(int(labels.max()) + 1, len(titles or ()))
    titles = titles or [u'%d' % label for label in range(count)]
    if not len(titles) == count <= MAX_CLASSES:
        raise DatasetError('%s has labels up to %d and %d names of classes: labels are from 0 on, below %d, with a '
                           'name for each' % (path, count - 1, len(titles), MAX_CLASSES))
    missing = np.setdiff1d(np.arange(count), labels)
    if len(missing):
        raise DatasetError('%s: no training image has the label %d: labels count from 0 without a gap'
                           % (path, missing[0]))
    for part, (_, some) in checked.items():
        if some.max() >= count:
            raise DatasetError('%s has the label %d in %s, and none of it in train' % (path, some.max(), part))
    decided = fitting.decided(checked['train'][0])
    if decided.invert == 'yes' != fitting.invert:
        say('%s: the borders are bright, so that dark is taken for ink; INVERT=no otherwise' % path)
    fitted = {part: Images(decided.images(images, lambda items: progress(items, len(items), 'Fitting')), some)
              for part, (images, some) in checked.items()}
    if 'valid' not in fitted:
        fitted.update(_held_back(path, fitted['train'], titles))
    mixed = np.random.RandomState(_ORDER).permutation(len(fitted['train'].labels))
    train = Images(*[array[mixed] for array in fitted['train']])
    return Dataset(name or names.file_name(path), train, fitted['valid'], fitted['test'], titles)


def _held_back(path, train, titles):
    """A tenth of the training images to validate on, chosen by their content; both in their order."""
    looks = [hashlib.sha1(image.tobytes()).digest() for image in train.images]
    try:
        parts = splits.divide(train.labels.tolist(), looks, [splits.order(look) for look in looks], ('valid',))
    except splits.TooFew as few:
        raise DatasetError('%s: the class %s has %d training images that the network can tell from each other and from '
                           'other classes\': at least 2 are needed, to train and to validate; see the preview'
                           % (path, names.shown(titles[few.label]), few.count))
    chosen = {part: np.array(parts) == part for part in ('train', 'valid')}
    return {part: Images(train.images[mask], train.labels[mask]) for part, mask in chosen.items()}


def _checked(where, images, labels):
    """Images (N, rows, columns) or (N, rows, columns, 3), uint8, and as many labels."""
    if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        images = images.transpose(0, 2, 3, 1)       # planes
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.dtype != np.uint8 or images.ndim != 3 and (images.ndim != 4 or images.shape[3] != 3) or not images.size:
        raise DatasetError('%s: the images are %s of shape %s: expected uint8, (N, rows, columns) or '
                           '(N, rows, columns, 3)' % (where, images.dtype, images.shape))
    labels = labels.reshape(-1)
    if labels.dtype.kind not in 'iu' or len(labels) != len(images):
        raise DatasetError('%s: the labels are %s of length %d: expected %d integers' % (
            where, labels.dtype, len(labels), len(images)))
    if labels.min() < 0 or labels.max() >= MAX_CLASSES:
        raise DatasetError('%s: the labels are from %d to %d: expected 0 to at most %d, the overlays tell %d classes '
                           'apart' % (where, labels.min(), labels.max(), MAX_CLASSES - 1, MAX_CLASSES))
    return images, labels.astype(np.uint8)


# --- .npz ------------------------------------------------------------------------------------------------------------

def _npz(path):
    if not os.path.exists(path):
        raise DatasetError('%s: there is no such file or folder' % path)
    with open(path, 'rb') as handle:
        if handle.read(2) != b'PK':
            raise DatasetError('%s is no .npz file: give one with x_train, y_train, x_test, y_test, or a folder of '
                               'class folders with pictures' % path)
    there = npz.names(path)
    valid = next((name for name in ('valid', 'val') if 'x_' + name in there), None)
    wanted = [('train', 'train'), ('test', 'test')] + ([('valid', valid)] if valid else [])
    needed = [kind + name for _, name in wanted for kind in ('x_', 'y_')]
    lacking = [name for name in needed if name not in there]
    if lacking:
        raise DatasetError('%s holds %s and lacks %s: expected x_train, y_train, x_test, y_test' % (
            path, ', '.join(map(names.shown, there[:_LISTED])) or 'nothing', ', '.join(lacking)))
    content = npz.read(path, needed + ['class_names'] * ('class_names' in there), LARGEST)
    parts = {part: (content['x_' + name], content['y_' + name]) for part, name in wanted}
    return parts, _titles(path, content['class_names']) if 'class_names' in content else None


def _titles(path, array):
    titles = [names.text(name) if isinstance(name, bytes) else name for name in array.reshape(-1).tolist()]
    return _checked_titles(path, titles)


def _checked_titles(path, titles):
    if len(set(titles)) < len(titles) or not all(hasattr(title, 'lower') and title.strip() == title and title and
                                                 names.is_plain(title) for title in titles):
        raise DatasetError('%s: the names of the classes must be different, of plain text, and none empty' % path)
    return titles


# --- idx -------------------------------------------------------------------------------------------------------------

def _idx_files(folder):
    """Part to {'images': path, 'labels': path} of MNIST's files in a folder, with or without .gz."""
    result = {}
    for name in sorted(os.listdir(folder)):
        plain = name[:-3] if name.endswith('.gz') else name
        for part, beginnings in _IDX.items():
            for kind, form in (('images', 'idx3'), ('labels', 'idx1')):
                for beginning in beginnings:
                    if plain.replace('.', '-') == '%s-%s-%s-ubyte' % (beginning, kind, form):
                        result.setdefault(part, {}).setdefault(kind, os.path.join(folder, name))
    return result


def _idx(folder):
    files = _idx_files(folder)
    for part in ['train', 'test'] + ['valid'] * ('valid' in files):
        for kind, form in (('images', 'idx3'), ('labels', 'idx1')):
            if kind not in files.get(part, {}):
                raise DatasetError('%s lacks %s-%s-%s-ubyte (or the same with .gz): images and labels to train on and '
                                   'to test are expected' % (folder, _IDX[part][0], kind, form))
    return {part: (_read_idx(paths['images'], 3), _read_idx(paths['labels'], 1)) for part, paths in files.items()}, None


def _read_idx(path, dimensions):
    with open(path, 'rb') as handle:
        return _named(path, readers.idx, readers.unzipped(handle), dimensions, LARGEST)


def _named(path, read, *arguments):
    """What a reader returns; its errors with the file's name, for `path` is one of several."""
    try:
        return read(*arguments)
    except npz.TooLarge as error:
        raise npz.TooLarge('%s: %s' % (os.path.basename(path), error))
    except ValueError as error:
        raise ValueError('%s: %s' % (os.path.basename(path), error))


# --- CIFAR's binary files --------------------------------------------------------------------------------------------

def _cifar_files(folder):
    """Part to paths of CIFAR-10's binary files in a folder."""
    there = sorted(os.listdir(folder), key=names.natural)
    train = [os.path.join(folder, name) for name in there if name.startswith('data_batch') and name.endswith('.bin')]
    test = [os.path.join(folder, name) for name in there if name.startswith('test_batch') and name.endswith('.bin')]
    return {part: paths for part, paths in (('train', train), ('test', test)) if paths}


def _cifar(folder):
    files = _cifar_files(folder)
    for part, name in (('train', 'data_batch_1.bin'), ('test', 'test_batch.bin')):
        if part not in files:
            raise DatasetError('%s lacks %s: CIFAR\'s binary files to train on and to test are expected'
                               % (folder, name))
    parts = {}
    for part, paths in files.items():
        images, labels = zip(*map(_read_cifar, paths))
        parts[part] = np.concatenate(images), np.concatenate(labels)
    meta = os.path.join(folder, 'batches.meta.txt')
    if not os.path.isfile(meta):
        return parts, None
    with io.open(meta, 'rb') as handle:
        titles = [line.strip() for line in names.text(handle.read(65536)).split(u'\n')]
    return parts, _checked_titles(meta, [title for title in titles if title])


def _read_cifar(path):
    with open(path, 'rb') as handle:
        return _named(path, readers.cifar, handle, LARGEST)
