"""What is in a folder of class folders: paths, labels, parts; no file is opened.

Parts (train/, valid/, test/) are recognised by their names (:mod:`datasets.folder.parts`), and by what they hold:
class folders. A folder named train/ with pictures in it, beside others, is a class: a vehicle. What is not plainly one
or the other is refused, with what to rename. What lies elsewhere is listed in :attr:`Found.unused`.
"""
from __future__ import absolute_import

import collections
import os

from common.overlays import MAX_CLASSES
from datasets import names
from datasets.folder.parts import is_holder, part_of
from datasets.folder.tracks import is_video
from datasets.images import DatasetError
from datasets.messages import shortened
from datasets.pictures import EXTENSIONS

_IGNORED = (b'thumbs.db', b'ehthumbs.db', b'desktop.ini', b'__macosx', b'@eadir', b'lost+found', b'__pycache__',
            b'$recycle.bin', b'system volume information', b'icon\r')      # and hidden files

# unused: why files are not used, to their paths.
Found = collections.namedtuple('Found', ['classes', 'paths', 'labels', 'parts', 'unused'])


def find(root):
    """The files of a folder of class folders.

    Parameters
    ----------
    root : bytes

    Returns
    -------
    Found
        Class names (unicode); for each file its path below `root` (bytes), label and part (None where the folder has
        no train/ and test/); the pictures that lie elsewhere.
    """
    shown = names.shown(root)
    if not os.path.isdir(root):
        raise DatasetError('%s: there is no such folder: give a folder of class folders with pictures' % shown)
    top, folders = _descended(root, _folders(root))
    if not folders:
        raise DatasetError('%s holds %d pictures and no folders: put the pictures of each class into a folder of its '
                           'own, named after the class' % (shown, len(_pictures(root, b''))))
    tops, unused = _tops(root, top, folders)
    classes = collections.defaultdict(dict)     # title to {part: folder below the root}
    for part, where in tops:
        for name in _folders(os.path.join(root, where)):
            title = _title(os.path.join(root, where), name)
            if part in classes[title]:
                raise DatasetError('%s holds two folders named %s: rename one, each is a class'
                                   % (names.shown(os.path.join(root, where)), names.shown(title)))
            classes[title][part] = os.path.join(where, name)
    _join_spellings(classes)
    if not 1 <= len(classes) <= MAX_CLASSES:
        raise DatasetError('%s holds %d class folders: the overlays tell 1 to %d classes apart'
                           % (shown, len(classes), MAX_CLASSES))
    _check_depth(root, classes)
    _check_titles(shown, classes)
    found = Found(sorted(classes, key=names.natural), [], [], [], unused)
    for label, title in enumerate(found.classes):
        for part, folder in sorted(classes[title].items(), key=lambda item: item[0] or ''):
            paths = _files(root, folder)
            found.paths.extend(paths)
            found.labels.extend([label] * len(paths))
            found.parts.extend([part] * len(paths))
    return found


def _join_spellings(classes):
    """Take cat/ in test/ for Cat/ in train/, if no other can be meant."""
    trained = collections.defaultdict(list)
    for title, folders in classes.items():
        if 'train' in folders:
            trained[title.lower()].append(title)
    for title in [title for title, folders in classes.items() if 'train' not in folders and None not in folders]:
        same = trained[title.lower()]
        if len(same) == 1 and not set(classes[title]) & set(classes[same[0]]):
            classes[same[0]].update(classes.pop(title))


def _check_titles(shown, classes):
    """Refuse images/ as a class: alone, or beside masks/ or labels/, it holds all classes."""
    holders = [title for title in classes if is_holder(title.encode('utf-8'))]
    if holders:
        raise DatasetError('%s holds %s/, which does not name a class: put the pictures of each class into a folder of its '
                           'own, named after the class' % (shown, names.shown(holders[0])))


def is_clutter(name):
    """Whether a name (bytes) is of a file or folder that systems and programs put beside the user's own."""
    return name.startswith(b'.') or name.lower() in _IGNORED


def files(root):
    """Paths below a folder (bytes) of all files in it and its folders, except clutter, in natural order."""
    return _files(root, b'')


def _title(where, name):
    title = names.text(name).strip()
    if not names.is_plain(title) or not title:
        raise DatasetError('%s holds a folder named %r: rename it in plain UTF-8 text, it becomes the name of a class'
                           % (names.shown(where), name))
    return title


def _entries(folder):
    """Names in a folder, in natural order, except hidden ones and other systems' clutter."""
    return sorted((name for name in os.listdir(folder) if not is_clutter(name)),
                  key=lambda name: names.natural(names.text(name)))


def _folders(folder):
    return [name for name in _entries(folder) if os.path.isdir(os.path.join(folder, name))]


def _pictures(root, folder):
    """Paths below the root of what is named as a picture, in a folder itself."""
    return [os.path.join(folder, name) for name in _entries(os.path.join(root, folder))
            if name.lower().endswith(EXTENSIONS)]


def _descended(root, folders):
    """(folder below the root, its folders): where folders hold only one folder, the innermost that has the parts."""
    top, inner = b'', folders
    while len(inner) == 1 and not _pictures(root, top) and not part_of(inner[0]):
        top = os.path.join(top, inner[0])
        inner = _folders(os.path.join(root, top))
        if {'train', 'test'} <= {part_of(name) for name in inner}:
            return top, inner
    return b'', folders


def _tops(root, top, folders):
    """The folders that hold the class folders, as (part, folder), and what is unused; without parts (None, folder)."""
    shown = names.shown(os.path.join(root, top))
    parts = [(part_of(name), os.path.join(top, name)) for name in folders if part_of(name)]
    there = [part for part, _ in parts]
    holding = [name for _, name in parts if _folders(os.path.join(root, name)) and not _pictures(root, name)]
    others = [name for name in folders if not part_of(name)]
    around = [(b'', 'above the class folders')] if top else []
    if not ({'train', 'test'} <= set(there) or holding or parts and not others):
        _check_no_parts(shown, [(part, os.path.basename(name)) for part, name in parts if _pictures(root, name)], others)
        return [(None, top)], _unused(root, around + [(top, 'beside the class folders')])
    given = ', '.join(names.shown(os.path.basename(name)) + '/' for _, name in parts)
    for part in ('train', 'test'):
        if part not in there:
            hints = ['rename %s/ to test/' % names.shown(os.path.basename(name)) for kind, name in parts
                     if kind == 'valid' and part == 'test']
            hints += ['give %s alone, whose pictures are then divided' % names.shown(os.path.join(root, name))
                      for kind, name in parts if kind == 'train']
            raise DatasetError('%s holds %s and no %s/%s: %s' % (
                shown, given, part, _beside(others),
                ', or '.join(hints) or 'give train/ and test/ (and valid/ if you like), or class folders alone'))
    if len(set(there)) < len(there):
        raise DatasetError('%s holds %s: give one folder for each of train, valid and test' % (shown, given))
    parts = [(part, _inner(root, part, name)) for part, name in parts]
    for _, name in parts:
        pictures = _pictures(root, name)
        if pictures and not _folders(os.path.join(root, name)):
            raise DatasetError('%s holds %d pictures and no class folders: sort them into folders named after their '
                               'classes, or move this folder elsewhere and give only the folder of class folders'
                               % (names.shown(os.path.join(root, name)), len(pictures)))
    places = around + [(top, 'beside %s' % given)] + [(name, 'beside the class folders') for _, name in parts]
    return parts, _unused(root, places, [os.path.join(top, name) for name in others])


def _check_no_parts(shown, parts, others):
    """Refuse test/ with pictures in it beside class folders; train/ alone may be a vehicle among others."""
    for part, name in parts:
        if part != 'train' or names.text(name).lower() != u'train':
            raise DatasetError(
                '%s holds %s/ with pictures in it%s: if it is a class, rename it; if it is a part, train/ and test/ need a '
                'folder for each class; or move it elsewhere' % (
                    shown, names.shown(name), _beside(others)))


def _beside(others):
    """', beside a/ and b/' of folders that are not parts."""
    return ', beside %s' % shortened([names.shown(name) + '/' for name in others]) if others else ''


def _inner(root, part, folder):
    """seg_train/seg_train for seg_train, train/images for train, where that is all that it holds."""
    inner = _folders(os.path.join(root, folder))
    while len(inner) == 1 and not _pictures(root, folder) and (
            part_of(inner[0]) == part or is_holder(inner[0]) and _folders(os.path.join(root, folder, inner[0]))):
        folder = os.path.join(folder, inner[0])
        inner = _folders(os.path.join(root, folder))
    return folder


def _unused(root, places, folders=()):
    """Why files are not used, to their paths: files directly in some places, and all files of some folders."""
    result = collections.OrderedDict()
    for place, why in places:
        pictures = _pictures(root, place)
        if pictures:
            result['%d pictures are %s and are ignored' % (len(pictures), why)] = pictures
        files = [os.path.join(place, name) for name in _entries(os.path.join(root, place))]
        files = [path for path in files if path not in pictures and not os.path.isdir(os.path.join(root, path))]
        if files:
            result['%d other files are %s and are ignored' % (len(files), why)] = files
    if folders:
        paths = [path for folder in folders for path in _files(root, folder)]
        result['these folders are ignored: %s (%d files)' % (
            shortened([names.shown(os.path.basename(folder)) for folder in folders]), len(paths))] = paths
    return result


def _check_depth(root, classes):
    """Refuse what may be classes within groups, or parts within classes: class folders that hold folders alone."""
    holding, others = {}, 0
    for title, folders in classes.items():
        for folder in folders.values():
            entries, inner = _entries(os.path.join(root, folder)), _folders(os.path.join(root, folder))
            if inner and len(inner) == len(entries) and not all(map(is_video, inner)):
                holding[title] = folder, inner
            else:
                others += 1     # pictures, or an empty class: what is in its folders is of the class
    parted = sorted((title for title, (_, inner) in holding.items() if
                     {'train', 'test'} <= {part_of(name) for name in inner}), key=names.natural)
    if others and not parted:
        return
    inner = {tuple(inner) for _, inner in holding.values()}
    if len(inner) == 1 and len(list(inner)[0]) == 1 and len(holding) > 1 and not others:
        return                  # cat/images/, dog/images/
    title = (parted or sorted(holding, key=names.natural))[0]
    folder, inside = holding[title]
    if len(holding) == 1 and not others:
        raise DatasetError('%s holds the one folder %s with folders in it: if those are the classes, give %s' % (
            names.shown(root), names.shown(title), names.shown(os.path.join(root, folder))))
    raise DatasetError('%s: the folders %s hold no pictures, only folders (%s): if those are the classes, give %s, or '
                       'put them side by side; if not, move the pictures up out of them' % (
                           names.shown(root), shortened([names.shown(name) + '/' for name in sorted(
                               parted or holding, key=names.natural)]),
                           shortened([names.shown(name) + '/' for name in inside]),
                           names.shown(os.path.join(root, folder))))


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
