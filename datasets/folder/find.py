"""What is in a folder of class folders: paths, labels, parts; no file is opened."""
from __future__ import absolute_import

import collections
import os

from common.overlays import MAX_CLASSES
from datasets import names
from datasets.images import DatasetError
from datasets.messages import say, shortened

EXTENSIONS = (b'.png', b'.jpg', b'.jpeg', b'.gif', b'.bmp', b'.webp', b'.ppm', b'.pgm')
PARTS = {'train': 'train', 'training': 'train', 'valid': 'valid', 'validation': 'valid', 'val': 'valid',
         'test': 'test', 'testing': 'test'}

_IGNORED = (b'thumbs.db', b'desktop.ini', b'__macosx', b'@eadir', b'lost+found', b'__pycache__')    # and hidden files

Found = collections.namedtuple('Found', ['classes', 'paths', 'labels', 'parts'])


def find(root):
    """The files of a folder of class folders; none is opened.

    Parameters
    ----------
    root : bytes

    Returns
    -------
    Found
        Class names (unicode); for each file its path below `root` (bytes), label and part (None where the folder has
        no train/ and test/).
    """
    shown = names.shown(root)
    if not os.path.isdir(root):
        raise DatasetError('%s: there is no such folder: give a folder of class folders with pictures' % shown)
    folders = _folders(root)
    if not folders:
        count = sum(name.lower().endswith(EXTENSIONS) for name in _entries(root))
        raise DatasetError('%s holds %d pictures and no folders: put the pictures of each class into a folder of its '
                           'own, named after the class' % (shown, count))
    tops = _tops(shown, folders)
    classes = collections.defaultdict(dict)     # title to {part: folder below the root}
    for part, top in tops:
        for name in _folders(os.path.join(root, top)):
            title = names.text(name).strip()
            if not names.is_plain(title) or not title:
                raise DatasetError('%s holds a folder named %r: rename it in plain UTF-8 text, it becomes the name of '
                                   'a class' % (names.shown(os.path.join(root, top)), name))
            if part in classes[title]:
                raise DatasetError('%s holds two folders named %s: rename one, each is a class'
                                   % (names.shown(os.path.join(root, top)), names.shown(title)))
            classes[title][part] = os.path.join(top, name)
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise DatasetError('%s holds %d class folders: the overlays tell 1 to %d classes apart'
                           % (shown, len(classes), MAX_CLASSES))
    found = Found(sorted(classes, key=names.natural), [], [], [])
    for label, title in enumerate(found.classes):
        for part, folder in sorted(classes[title].items(), key=lambda item: item[0] or ''):
            paths = _files(root, folder)
            found.paths.extend(paths)
            found.labels.extend([label] * len(paths))
            found.parts.extend([part] * len(paths))
    return found


def _entries(folder):
    """Names in a folder, in natural order, but for hidden ones and other systems' clutter."""
    return sorted((name for name in os.listdir(folder) if not name.startswith(b'.') and name.lower() not in _IGNORED),
                  key=lambda name: names.natural(names.text(name)))


def _folders(folder):
    return [name for name in _entries(folder) if os.path.isdir(os.path.join(folder, name))]


def _tops(shown, folders):
    """(part, folder) of train/, valid/ and test/ among some folders, or (None, b'') where they are classes."""
    parts = [(PARTS[names.text(name).lower()], name) for name in folders if names.text(name).lower() in PARTS]
    there = [part for part, _ in parts]
    if not ('train' in there and 'test' in there or len(parts) == len(folders)):
        return [(None, b'')]
    given = ', '.join(names.shown(name) + '/' for _, name in parts)
    for part in ('train', 'test'):
        if part not in there:
            raise DatasetError('%s holds %s and no %s/: give train/ and test/ (and valid/ if you like), or class '
                               'folders alone' % (shown, given, part))
    unused = [names.shown(name) for name in folders if names.text(name).lower() not in PARTS]
    if unused:
        say('%s: beside %s these folders are not looked at: %s' % (shown, given, shortened(unused)))
    if len(set(there)) < len(there):
        raise DatasetError('%s holds %s: give one folder for each of train, valid and test' % (shown, given))
    return parts


def _files(root, folder):
    """Paths below the root of the files in a folder and its folders, links followed, each folder once."""
    def fail(error):
        raise error

    result, visited = [], set()
    for where, folders, _ in os.walk(os.path.join(root, folder), onerror=fail, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in visited:
            del folders[:]
            continue
        visited.add((status.st_dev, status.st_ino))
        entries = _entries(where)
        folders[:] = [name for name in entries if name in folders]
        result += [os.path.relpath(os.path.join(where, name), root) for name in entries if name not in folders]
    return result
