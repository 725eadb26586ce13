"""Files of arrays as a data set: NumPy's .npz, MNIST's idx files, CIFAR's binary files.

    data = load('letters.npz', Fitting('lfc'))      # x_train, y_train, x_test, y_test
    data = load('letters', Fitting('lfc'))          # a folder with train-images-idx3-ubyte, ..., or EMNIST's

Images of another size than the network's are fitted as pictures are. The parts stay as they are given; where there are no
images to validate on, a tenth of each class's training images is used. Training images are shuffled: files often have one
class after the other, and a training may use only the first images.
"""
from __future__ import absolute_import, division, print_function

import collections
import hashlib
import os

import numpy as np

from common import npz
from common.files import open_regular
from common.overlays import MAX_CLASSES
from datasets import idx_files, names, plain_pickle, readers, splits, values
from datasets.cifar10 import read_batch, refuse_as_own
from datasets.images import Dataset, DatasetError, Images
from datasets.messages import progress, say

LARGEST = 2 ** 30       # bytes of pixels in one file, and of all images once they are fitted
_LISTED = 10
_ORDER = 1              # the seed that shuffles training images
_KINDS = {'x_': ('x', 'images', 'image', 'data'), 'y_': ('y', 'labels', 'label', 'targets')}    # in arrays' names
_PART_WORDS = {'train': ('train', 'training'), 'valid': ('valid', 'val', 'validation'), 'test': ('test', 'testing')}
_CIFAR = {'train': 'data_batch', 'test': 'test_batch'}


def is_folder_of_arrays(path):
    """Whether a folder holds MNIST's or CIFAR's files rather than pictures."""
    return bool(idx_files.find(path) or _cifar_files(path))


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
    with readers.damage_as(DatasetError, path, '%%s holds too much, %%s: give at most %.1f GB' % (LARGEST / 1e9)):
        if not os.path.isdir(path):
            parts, titles = _npz(path)
        elif idx_files.find(path):
            parts, titles = idx_files.read(path)
        else:
            parts, titles = _cifar(path)
            refuse_as_own(path, titles)
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
        The classes' names; default: their numbers.
    name : str, optional
    """
    checked, titles = _checked(path, parts, titles)
    labels = checked['train'][1]
    count = max(int(labels.max()) + 1, len(titles or ()))
    titles = titles or [u'%d' % label for label in range(count)]
    if not len(titles) == count <= MAX_CLASSES:
        raise DatasetError('%s has labels up to %d and %d names of classes: labels must count from 0, below %d, with '
                           'a name for each' % (path, count - 1, len(titles), MAX_CLASSES))
    missing = np.setdiff1d(np.arange(count), labels)
    if len(missing):
        raise DatasetError('%s: no training image has the label %d: labels must count from 0 without gaps: use '
                           'np.unique(y, return_inverse=True)[1]' % (path, missing[0]))
    for part, (_, some) in checked.items():
        if some.max() >= count:
            raise DatasetError('%s has the label %d in %s, but not in train' % (path, some.max(), part))
    most = LARGEST // int(np.prod(fitting.shape))
    if sum(len(some) for _, some in checked.values()) > most:
        raise DatasetError('%s holds more than %d images, the most for this network: give fewer' % (path, most))
    decided = fitting.decided(checked['train'][0])
    if decided.invert == 'yes' != fitting.invert:
        say('%s: the borders are bright, so dark is taken for ink; if not, give INVERT=no' % path)
    fitted = {part: Images(decided.images(images, lambda items: progress(items, len(items), 'Fitting')), some)
              for part, (images, some) in checked.items()}
    _check_looks(path, fitted, fitting, titles)
    if 'valid' not in fitted:
        fitted.update(_held_back(path, fitted['train'], titles))
    mixed = np.random.RandomState(_ORDER).permutation(len(fitted['train'].labels))
    train = Images(*[array[mixed] for array in fitted['train']])
    return Dataset(name or names.file_name(path), train, fitted['valid'], fitted['test'], titles)


def _looks(images):
    return [hashlib.sha1(image.tobytes()).digest() for image in images]


def _check_looks(path, fitted, fitting, titles):
    """Refuse images that are all alike to the network; report those that look like another class's, or are in train too."""
    train, labels = fitted['train'], collections.defaultdict(set)
    looks = _looks(train.images)
    advice = 'another threshold may help (THRESHOLD=)' if fitting.reads_ink else 'look at them, or at their preview'
    for look, label in zip(looks, train.labels.tolist()):
        labels[look].add(label)
    if len(labels) == 1 and len(looks) > 1:
        raise DatasetError('%s: all %d training images are the same to the network: %s' % (path, len(looks), advice))
    some = [index for index, look in enumerate(looks) if len(labels[look]) > 1]
    if some:
        other = next(index for index in some if looks[index] == looks[some[0]] and
                     train.labels[index] != train.labels[some[0]])
        say('%s: %d of %d training images look to the network like one of another class, such as x_train[%d] of the '
            'class %s and x_train[%d] of %s: %s' % (
                path, len(some), len(looks), some[0], names.shown(titles[train.labels[some[0]]]),
                other, names.shown(titles[train.labels[other]]), advice))
    for part in sorted(set(fitted) - {'train'}):
        count, copies = len(fitted[part].labels), sum(look in labels for look in _looks(fitted[part].images))
        if copies > count // 100:       # fewer change little; in black and white, 9 of MNIST's test digits are in train
            say('%s: %d of %d images in %s look to the network like one in train: its accuracy may be up to %.0f points '
                'too high' % (path, copies, count, part, 100. * copies / count))


def _held_back(path, train, titles):
    """A tenth of the training images to validate on, chosen by their content; both in their order."""
    looks = _looks(train.images)
    try:
        parts = splits.divide(train.labels.tolist(), looks, [splits.order(look) for look in looks], ('valid',))
    except splits.TooFew as few:
        raise DatasetError('%s: the class %s has %d training images that the network can tell apart, also from other '
                           'classes: at least 2 are needed, to train and to validate; see the preview'
                           % (path, names.shown(titles[few.label]), few.count))
    chosen = {part: np.array(parts) == part for part in ('train', 'valid')}
    return {part: Images(train.images[mask], train.labels[mask]) for part, mask in chosen.items()}


def _checked(path, parts, titles):
    """Parts with images and labels uint8, (N, rows, columns) or (N, rows, columns, 3 or 4), (N,); and titles."""
    where = {part: '%s (%s)' % (path, part) for part in parts}
    images, note = values.pixels({where[part]: values.layout(where[part], arrays[0]) for part, arrays in parts.items()})
    if note:
        say(note)
    labels = {part: values.classes(where[part], arrays[1], len(images[where[part]])) for part, arrays in parts.items()}
    named = {part: given for part, (_, given) in labels.items()}
    labels = {part: some for part, (some, _) in labels.items()}
    if named['train'] is not None:
        titles = _checked_titles(path, named['train'])
        for part, given in named.items():
            strange = [title for title in given or () if title not in titles]
            if strange or given is None:
                raise DatasetError('%s has labels that are not in train: %s' % (where[part], names.shown(
                    strange[0] if strange else u'numbers')))
            labels[part] = np.array([titles.index(title) for title in given])[labels[part]]
    elif _from_one(labels, titles):
        say('%s: the labels count from 1; taken as from 0' % path)
        labels = {part: some - 1 for part, some in labels.items()}
    for part, some in labels.items():
        if some.min() < 0 or some.max() >= MAX_CLASSES:
            raise DatasetError('%s: the labels are from %d to %d: expected 0 to at most %d, the overlays tell %d '
                               'classes apart' % (where[part], some.min(), some.max(), MAX_CLASSES - 1, MAX_CLASSES))
    return {part: (images[where[part]], some.astype(np.uint8)) for part, some in labels.items()}, titles


def _from_one(labels, titles):
    """Whether labels are 1 to the number of classes, each of them in training."""
    most = int(labels['train'].max())
    return (1 <= most <= MAX_CLASSES and len(titles or range(most)) == most and
            np.array_equal(np.unique(labels['train']), np.arange(1, most + 1)) and
            all(some.min() >= 1 for some in labels.values()))


# --- .npz ------------------------------------------------------------------------------------------------------------

def _npz(path):
    if not os.path.exists(path):
        raise DatasetError('%s: there is no such file or folder' % path)
    with open_regular(path) as handle:
        if handle.read(2) != b'PK':
            raise DatasetError('%s is not an .npz file: give one with x_train, y_train, x_test, y_test, or a folder of '
                               'class folders with pictures%s' % (path, '; unpack it first' if path.lower().endswith(
                                   ('.gz', '.tgz', '.tar', '.7z', '.rar', '.bz2', '.xz')) else ''))
    there = npz.names(path)
    if not there:
        raise DatasetError('%s holds no arrays: unpack it (unzip %s) and give the folder' % (path, path))
    found = roles(there)
    wanted = ['train', 'test'] + ['valid'] * ('x_valid' in found)
    needed = [kind + part for part in wanted for kind in ('x_', 'y_')]
    lacking = [name for name in needed if name not in found]
    if lacking:
        raise DatasetError('%s holds %s and lacks %s: expected x_train, y_train, x_test, y_test' % (
            path, ', '.join(map(names.shown, there[:_LISTED])) or 'nothing', ', '.join(lacking)))
    strange = ['%s for %s' % (names.shown(found[name]), name) for name in needed if found[name].lower() != name]
    if strange:
        say('%s: %s' % (path, ', '.join(strange)))
    content = npz.read(path, [found[name] for name in needed], LARGEST)
    parts = {part: (content[found['x_' + part]], content[found['y_' + part]]) for part in wanted}
    return parts, _titles(path) if 'class_names' in there else None


def roles(there):
    """x_train, y_valid and so on to the names of their arrays: the same, or as Keras's and MedMNIST's files have them."""
    plain, result = collections.defaultdict(list), {}
    for name in there:
        plain[''.join(letter for letter in name.lower() if letter.isalpha())].append(name)
    for kind, kinds in _KINDS.items():
        for part, words in _PART_WORDS.items():
            found = [name for word in words for one in kinds for way in (one + word, word + one) for name in plain[way]]
            exact = [name for name in found if name == kind + part]
            if exact or len(found) == 1:
                result[kind + part] = (exact or found)[0]
    return result


def _titles(path):
    array = plain_pickle.array_of_texts(path, 'class_names')
    titles = [names.text(name) if isinstance(name, bytes) else name for name in array.reshape(-1).tolist()]
    return _checked_titles(path, titles)


def _checked_titles(path, titles):
    if len(set(titles)) < len(titles) or not all(hasattr(title, 'lower') and title.strip() == title and title and
                                                 names.is_plain(title) for title in titles):
        raise DatasetError('%s: class names must be unique, not empty, and plain text' % path)
    return titles


# --- CIFAR's files ---------------------------------------------------------------------------------------------------

def _cifar_files(folder):
    """Part to paths of CIFAR-10's files in a folder: binary ones, or the batches for Python."""
    there = sorted(os.listdir(folder), key=names.natural)
    for ending in ('.bin', ''):
        found = {part: [os.path.join(folder, name) for name in there if name.startswith(begins) and
                        os.path.splitext(name)[1] == ending] for part, begins in _CIFAR.items()}
        if found['train'] or found['test']:
            return found
    if {'train', 'test', 'meta'} <= set(there) and os.path.isfile(os.path.join(folder, 'train')) or \
            {'train.bin', 'test.bin', 'fine_label_names.txt'} <= set(there):
        raise DatasetError('%s holds CIFAR-100, whose 100 classes are more than the %d that an overlay tells apart'
                           % (folder, MAX_CLASSES))
    return {}


def _cifar(folder):
    files = _cifar_files(folder)
    ending = os.path.splitext((files['train'] + files['test'])[0])[1]
    for part, name in (('train', 'data_batch_1'), ('test', 'test_batch')):
        if not files[part]:
            raise DatasetError('%s lacks %s%s: CIFAR\'s training and test files are both needed'
                               % (folder, name, ending))
    parts = {}
    for part, paths in files.items():
        images, labels = zip(*map(_read_cifar, paths))
        parts[part] = np.concatenate(images), np.concatenate(labels)
    return parts, _cifar_titles(folder, ending)


def _cifar_titles(folder, ending):
    path = os.path.join(folder, 'batches.meta' + ('.txt' if ending else ''))
    if not os.path.isfile(path):
        return None
    with open_regular(path) as handle:
        if ending:
            titles = [line.strip() for line in names.text(handle.read(65536)).split(u'\n')]
        else:
            content = plain_pickle.load(handle)
            titles = content.get(b'label_names', []) if isinstance(content, dict) else []
            titles = [names.text(title) if isinstance(title, bytes) else title for title in titles]
    return _checked_titles(path, [title for title in titles if title]) or None


def _read_cifar(path):
    try:
        with open_regular(path) as handle:
            return readers.cifar(handle, LARGEST) if path.endswith('.bin') else read_batch(handle)
    except npz.TooLarge as error:
        raise npz.TooLarge('%s: %s' % (os.path.basename(path), error))
    except ValueError as error:
        raise ValueError('%s: %s' % (os.path.basename(path), error))
