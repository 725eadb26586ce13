"""A folder of one's own pictures as a data set: a folder for each class, named after it.

    data = load('photos/pets', Fitting('cnv'))      # photos/pets/cat/*.jpg, photos/pets/dog/*.jpg

With ``train/``, ``test/`` and, if liked, ``valid/`` above the class folders the pictures are divided as they say;
without, a tenth of each class validates and a tenth tests (:mod:`training.splits`). Classes are in the order of their
folders' names, numbers in them by value: 9 before 10. Hidden files and files that are no pictures are passed over. Each
picture counts once, however many copies there are: what it holds decides, not its name. A copy in ``test/`` or
``valid/`` is taken out of training.

A picture is decoded once, under whatever name or date it comes again; what the network sees of it is kept in
``$XDG_CACHE_HOME/bnn-training`` (``~/.cache``).
"""
from __future__ import absolute_import, division, print_function

import collections
import contextlib
import glob
import hashlib
import io
import json
import os
import sys
import time
import warnings
from multiprocessing.pool import ThreadPool

import numpy as np

from common import npz, pictures
from common.errors import file_error
from common.files import whole_file
from common.overlays import MAX_CLASSES
from training import fitting as fittings
from training import names, splits
from training.images import Dataset, DatasetError, Images

FORMATS = dict(pictures.FORMATS)
FORMATS.update({b'P5': 'PPM', b'P6': 'PPM'})
EXTENSIONS = (b'.png', b'.jpg', b'.jpeg', b'.gif', b'.bmp', b'.webp', b'.ppm', b'.pgm')
LARGEST_FILE = 2 ** 28      # bytes; the largest pictures are decoded two at a time
WORKERS = 2
BROKEN = ('skip', 'stop')
PARTS = {'train': 'train', 'training': 'train', 'valid': 'valid', 'validation': 'valid', 'val': 'valid',
         'test': 'test', 'testing': 'test'}

_OTHER_FORMATS = (b'.tif', b'.tiff', b'.heic', b'.heif', b'.avif', b'.jp2', b'.jxl')
_IGNORED = (b'thumbs.db', b'desktop.ini', b'__macosx', b'@eadir', b'lost+found', b'__pycache__')    # and hidden files
_CACHE_VERSION = 1
_CACHED, _LARGEST_CACHE = ('images', 'states', 'pixels', 'files'), 2 ** 33    # arrays, bytes of all of them
_PROGRESS_SECONDS = 10
_LISTED = 10                # lines at most of one kind
READ, _BROKEN, _OTHER, _NOT_NOW = range(4)     # the last: broken, and maybe not so the next time
_STATE, _FILE_HASH = 1, 3    # in a row of a Read
_PURPOSES = {'valid': 'to validate', 'test': 'to test'}

Found = collections.namedtuple('Found', ['classes', 'paths', 'labels', 'parts'])
Read = collections.namedtuple('Read', ['images', 'states', 'pixels', 'files', 'reasons'])
Picture = collections.namedtuple('Picture', ['path', 'label', 'part', 'image', 'look', 'pixels', 'file'])


def load(path, fitting, broken='skip'):
    """The pictures of a folder, fitted and divided.

    Parameters
    ----------
    path : str
    fitting : training.fitting.Fitting
    broken : 'skip' or 'stop'
        Whether files that cannot be read are listed and left out, or the run ends.

    Returns
    -------
    Dataset
        Images uint8 (N, 32, 32, 3) for CNV, (N, 28, 28) of 0 and 255 for LFC, in an order that mixes the classes;
        class names unicode.

    Raises
    ------
    DatasetError
        What was found, and what is expected.
    """
    found, chosen = collect(path, fitting, broken)
    parts = {part: sorted((picture for picture in chosen if picture.part == part),
                          key=lambda picture: picture.file) for part in ('train', 'valid', 'test')}
    name = names.run_name(path)
    say('%s: %d pictures to train on, %d to validate, %d to test; %s' % (
        name, len(parts['train']), len(parts['valid']), len(parts['test']),
        _shortened(['%s %d' % (names.shown(title), count) for title, count in zip(found.classes, np.bincount(
            [picture.label for picture in chosen], minlength=len(found.classes)))], ', ')))
    images = {part: Images(np.array([picture.image for picture in some], np.uint8).reshape((-1,) + fitting.shape),
                           np.array([picture.label for picture in some], np.uint8)) for part, some in parts.items()}
    return Dataset(name, images['train'], images['valid'], images['test'], found.classes)


def collect(path, fitting, broken='skip', tell=None, divide=True):
    """The pictures of a folder before they become arrays; what is wrong with it goes to ``tell(line)``, :func:`say`.

    Returns
    -------
    (Found, list of Picture)
        All files; each picture once, with its part where they are to be divided.
    """
    tell = tell or say
    root = names.encoded(os.path.expanduser(path))
    found = find(root)
    read = read_all(root, found, fitting)
    _tell_broken(path, found, read, broken, tell)
    images = fitting.black_and_white(read.images)
    chosen = [Picture(found.paths[index], found.labels[index], found.parts[index], images[index],
                      hashlib.sha1(images[index]).digest(), read.pixels[index].tobytes(), read.files[index].tobytes())
              for index in np.flatnonzero(read.states == READ)]
    _check_classes(path, found, chosen, tell)
    chosen = _once(path, chosen, tell)
    _check_left(path, found, chosen, 'all its pictures are in other classes too')
    _tell_alike(path, chosen, tell)
    if not divide:
        return found, chosen
    chosen = _divided(path, found, chosen, tell)
    _check_left(path, found, [picture for picture in chosen if picture.part == 'train'],
                'all that are in train/ are in test/, valid/ or another class too')
    for part in ('valid', 'test'):
        if not any(picture.part == part for picture in chosen):
            raise DatasetError('%s: there is no picture %s that can be read and is in no other part or class: put '
                               'some of each class into %s/' % (path, _PURPOSES[part], part))
    return found, chosen


# --- what is in the folder -------------------------------------------------------------------------------------------

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
        say('%s: beside %s these folders are not looked at: %s' % (shown, given, _shortened(unused, ', ')))
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


# --- decoding --------------------------------------------------------------------------------------------------------

def read_all(root, found, fitting):
    """What the network sees of each file, from the cache, or decoded.

    Parameters
    ----------
    root : bytes
    found : Found
    fitting : training.fitting.Fitting

    Returns
    -------
    Read
        For each file the image (for LFC still grey), whether it is READ, hashes of its upright pixels and of its bytes,
        and what is wrong with it.
    """
    count = len(found.paths)
    shapes = (count,) + fitting.shape, (count,), (count, 32), (count, 32)
    read = Read(*[np.zeros(shape, np.uint8) for shape in shapes] + [[''] * count])
    keys = [_key(os.path.join(root, path)) + (path.decode('latin-1'),) for path in found.paths]
    cache = _cache_path(root, fitting)
    known = _load_cache(cache, fitting)
    missing = []
    for index, key in enumerate(keys):
        row = known.get(key)
        if row is None:
            missing.append(index)
        else:
            for array, value in zip(read, row):
                array[index] = value
    done = 0
    try:
        contents = _contents(known or (_copy(cache, fitting) if missing else {}))
        paths = [os.path.join(root, found.paths[index]) for index in missing]
        with contextlib.closing(_decoded(paths, fitting, contents)) as rows:
            for done, (index, row) in enumerate(zip(missing, rows), 1):
                for array, value in zip(read, row):
                    array[index] = value
    finally:        # what is decoded when it is stopped need not be so again
        left_out = set(missing[done:]) | set(np.flatnonzero(read.states == _NOT_NOW))
        kept = [index for index in range(count) if index not in left_out]
        if done or len(known) > len(kept):
            rows = Read(*[array[kept] for array in read[:4]] + [[read.reasons[index] for index in kept]])
            _save_cache(cache, [keys[index] for index in kept], rows)
    read.states[read.states == _NOT_NOW] = _BROKEN
    return read


def _key(path):
    """What changes when a file does."""
    try:
        status = os.stat(path)
    except EnvironmentError:
        return 0, 0, 0
    return status.st_size, int(status.st_mtime * 1e6), int(status.st_ctime * 1e6)


def _decoded(paths, fitting, contents):
    """Rows of a Read for some files, in order. Two threads do: Pillow lets go of the interpreter while it decodes."""
    pool = ThreadPool(WORKERS)
    try:
        with warnings.catch_warnings():         # these filters are the whole process's
            warnings.simplefilter('ignore')
            rows = pool.imap(lambda path: _decode(path, fitting, contents), paths)
            # Python 2 does not notice Ctrl-C while it waits without a limit.
            for row in progress((rows.next(timeout=1e6) for _ in paths), len(paths), 'Decoding'):
                yield row
    finally:
        pool.terminate()
        pool.join()     # each ends with the picture that it is at


def _decode(path, fitting, contents):
    """A row of a Read: (image, state, hash of the upright pixels, hash of the file, reason).

    Of a file whose hash is in `contents` it is the row that is there.
    """
    blank, zeros = np.zeros(fitting.shape, np.uint8), np.zeros(32, np.uint8)
    data = None
    try:
        if not os.path.exists(path):
            raise ValueError('a link to nothing')
        if not os.path.isfile(path):
            return blank, _OTHER, zeros, zeros, ''
        with open(path, 'rb') as handle:
            beginning = handle.read(4)
            if path.lower().endswith(_OTHER_FORMATS):
                raise ValueError('a format that is not read: save it as PNG or JPEG')
            if not (path.lower().endswith(EXTENSIONS) or beginning.startswith(tuple(FORMATS))):
                return blank, _OTHER, zeros, zeros, ''
            if os.fstat(handle.fileno()).st_size > LARGEST_FILE:
                raise ValueError('more than %d MB' % (LARGEST_FILE >> 20))
            data = beginning + handle.read()
        digest = hashlib.sha256(data).digest()
        if digest in contents:
            return contents[digest]
        picture, pixels = _upright(data, fitting.net == 'cnv')
        image = fitting.picture(*picture)
    except EnvironmentError as error:
        state = _BROKEN if error.errno is None else _NOT_NOW    # Pillow's own have no number
        return blank, state, zeros, zeros, error.strerror or str(error)
    except MemoryError:
        return blank, _NOT_NOW, zeros, zeros, 'not enough memory for it'
    except Exception as error:      # the fitting of an unusual mode fails as decoding does
        reason = 'an empty file' if data == b'' else ' '.join(str(error).split())
        if 'cannot identify' not in reason:
            return blank, _BROKEN, zeros, zeros, reason
        if path.lower().endswith(EXTENSIONS):
            return blank, _BROKEN, zeros, zeros, 'not a picture'
        return blank, _OTHER, zeros, zeros, ''      # text may begin with BM or P5
    return image, READ, pixels, np.frombuffer(digest, np.uint8), ''


def _upright(data, small):
    """((picture, size), hash of the pixels) of a file's bytes."""
    picture, size = pictures.decode(io.BytesIO(data), small, tuple(FORMATS.values()), deep=True)
    picture, size = fittings.upright(fittings.eight_bits(picture), size)
    digest = hashlib.sha256(repr(picture.size).encode('ascii'))
    width, height = picture.size
    for top in range(0, height, 256):       # strip by strip: as RGBA the whole may be four times as large
        digest.update(picture.crop((0, top, width, min(top + 256, height))).convert('RGBA').tobytes())
    return (picture, size), np.frombuffer(digest.digest(), np.uint8)


def thumbnail(path, side):
    """A picture that :func:`collect` has found, upright, on white, no larger than side x side."""
    from PIL import Image
    with open(path, 'rb') as handle:
        (picture, _), _ = _upright(handle.read(), True)
    picture = picture.convert('RGBA')
    picture.thumbnail((side, side), Image.LANCZOS)
    square = Image.new('RGBA', (side, side), (255, 255, 255, 255))
    square.paste(picture, tuple((side - length) // 2 for length in picture.size), picture)
    return square.convert('RGB')


def progress(items, total, what):
    """Go through items with a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        from tqdm import tqdm
        for item in tqdm(items, total=total, desc=what, leave=False, dynamic_ncols=True):
            yield item
        return
    last = time.time()
    for number, item in enumerate(items, 1):
        yield item
        if time.time() - last > _PROGRESS_SECONDS:
            last = time.time()
            say('%s: %d of %d' % (what, number, total))


# --- the cache -------------------------------------------------------------------------------------------------------

def cache_folder():
    """Where decoded pictures are kept."""
    base = os.environ.get('XDG_CACHE_HOME') or os.path.join(os.path.expanduser('~'), '.cache')
    return os.path.join(base, 'bnn-training')


def _cache_path(root, fitting):
    """``<of what is read, and of the folder's name>-<of where it is>.npz``, hashes: a moved folder's is found."""
    import PIL
    place = os.path.realpath(root)
    deciding = [_CACHE_VERSION, os.path.basename(place).decode('latin-1'), fitting.net, fitting.invert, PIL.__version__,
                np.__version__]
    parts = json.dumps(deciding).encode('ascii'), place
    return os.path.join(cache_folder(), '-'.join(hashlib.sha256(part).hexdigest()[:16] for part in parts) + '.npz')


def _copy(path, fitting):
    """What the newest cache of another folder of the same name holds: maybe of this one, before it was moved."""
    others = sorted(glob.glob(path.rsplit('-', 1)[0] + '-*.npz'), key=os.path.getmtime)
    return _load_cache(others[-1], fitting) if others else {}


def _contents(known):
    """A cache's pictures by the hashes of their files."""
    return {row[_FILE_HASH].tobytes(): row for row in known.values() if row[_STATE] == READ}


def _load_cache(path, fitting):
    """Keys to rows; nothing where there is no such file, or not a whole one."""
    if not os.path.exists(path):
        return {}
    try:
        content = npz.read(path, _CACHED + ('texts',), _LARGEST_CACHE)
        arrays = [content[name] for name in _CACHED]
        keys, reasons = json.loads(content['texts'].tobytes().decode('utf-8'))
        keys, count = [tuple(key) for key in keys], len(keys)
        shapes = [(count,) + tail for tail in (fitting.shape, (), (32,), (32,))]
        if ([array.shape for array in arrays] != shapes or any(array.dtype != np.uint8 for array in arrays) or
                len(reasons) != count or not all(hasattr(reason, 'lower') for reason in reasons)):
            raise ValueError('other arrays than expected')
        return dict(zip(keys, zip(*(arrays + [reasons]))))
    except MemoryError:
        raise
    except Exception as error:      # any, of a damaged file: it is only a cache
        say('%s cannot be used and is made anew (%s)' % (path, ' '.join(str(error).split())))
        return {}


def _save_cache(path, keys, read):
    texts = json.dumps([keys, [names.shown(reason) for reason in read.reasons]]).encode('utf-8')
    try:
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path), 0o700)
        with whole_file(path) as handle:
            npz.write(handle, {'images': read.images, 'states': read.states, 'pixels': read.pixels, 'files': read.files,
                               'texts': np.frombuffer(texts, np.uint8)})
    except EnvironmentError as error:
        say('the decoded pictures are not kept for the next time (%s)' % file_error(error))


# --- which of them count ---------------------------------------------------------------------------------------------

def _tell_broken(path, found, read, broken, tell):
    indices = np.flatnonzero(read.states == _BROKEN)
    lines = ['%s: %s' % (names.shown(found.paths[index]), names.shown(read.reasons[index])) for index in indices]
    if len(indices) and broken == 'stop':
        raise DatasetError('%s: %d of %d files cannot be read, the first %s; mend or remove them, or leave them out '
                           '(--broken skip)' % (path, len(indices), len(found.paths), lines[0]))
    _list(tell, '%s: %d files cannot be read and are left out' % (path, len(indices)), lines)
    others = int((read.states == _OTHER).sum())
    if others:
        tell('%s: %d files are no pictures and are passed over' % (path, others))


def _check_classes(path, found, chosen, tell):
    counts = collections.Counter((picture.part, picture.label) for picture in chosen)
    parts = {picture.part for picture in chosen} or {None}
    for label, title in enumerate(found.classes):
        first = None if None in parts else 'train'
        if not counts[first, label]:
            where = ' in train/' if first else ''
            raise DatasetError('%s: the class %s has no picture%s: put some into its folder (PNG, JPEG, GIF, BMP, '
                               'WebP), or remove the folder' % (path, names.shown(title), where))
        for part in sorted(parts - {None}):
            if not counts[part, label]:
                tell('%s: the class %s has no picture in %s/' % (path, names.shown(title), part))
    if len(found.classes) == 1 and any(found_path.count(b'/') > 1 + (part is not None)
                                       for found_path, part in zip(found.paths, found.parts)):
        raise DatasetError('%s holds the one folder %s with folders in it: if those are the classes, give %s' % (
            path, names.shown(found.classes[0]), os.path.join(path, names.shown(found.classes[0]))))


def _check_left(path, found, chosen, why):
    """That there is a picture of each class among some."""
    missing = np.setdiff1d(np.arange(len(found.classes)), [picture.label for picture in chosen])
    if len(missing):
        raise DatasetError('%s: no picture of the class %s is left: %s; each class needs pictures of its own'
                           % (path, names.shown(found.classes[missing[0]]), why))


def _once(path, chosen, tell):
    """Each picture once; none whose copies have several labels."""
    copies = collections.OrderedDict()
    for picture in sorted(chosen, key=lambda picture: ('test', 'valid', 'train', None).index(picture.part)):
        copies.setdefault(picture.pixels, []).append(picture)
    clear, twice, unclear = [], [], []
    for some in copies.values():
        line = ' = '.join(names.shown(picture.path) for picture in some)
        if len({picture.label for picture in some}) > 1:
            unclear.append(line)
            continue
        clear.append(some[0])
        if len(some) > 1:
            twice.append(line)
    _list(tell, '%s: %d pictures are in more than one class and are left out' % (path, len(unclear)), unclear)
    _list(tell, '%s: %d pictures are there more than once and count once' % (path, len(twice)), twice)
    return clear


def _divided(path, found, chosen, tell):
    """The pictures with their parts."""
    if not chosen or chosen[0].part is None:
        return _assigned(path, found, chosen, ('valid', 'test'))
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
        train = _assigned(path, found, train, ('valid',))
    return kept + train


def _assigned(path, found, chosen, parts):
    try:
        divided = splits.divide([picture.label for picture in chosen], [picture.look for picture in chosen],
                                [splits.order(picture.file) for picture in chosen], parts)
    except splits.TooFew as few:
        raise DatasetError('%s: the class %s has %d pictures that the network can tell from each other and from other '
                           'classes\': at least %d are needed, to train, %s' % (
                               path, names.shown(found.classes[few.label]), few.count, len(parts) + 1,
                               ' and '.join(_PURPOSES[part] for part in parts)))
    return [picture._replace(part=part) for picture, part in zip(chosen, divided)]


def _tell_alike(path, chosen, tell):
    labels = collections.defaultdict(set)
    for picture in chosen:
        labels[picture.look].add(picture.label)
    count = sum(len(labels[picture.look]) > 1 for picture in chosen)
    if count:
        tell('%s: %d of %d pictures look to the network as one of another class does: see the preview; for LFC another '
             'threshold may help' % (path, count, len(chosen)))


def say(line):
    """A line about the data, for people, on stderr."""
    print(line, file=sys.stderr)
    sys.stderr.flush()


def _list(tell, title, lines):
    if lines:
        tell(title + ':')
        for line in lines[:_LISTED]:
            tell('  ' + line)
        if len(lines) > _LISTED:
            tell('  and %d more' % (len(lines) - _LISTED))


def _shortened(texts, between):
    more = ['and %d more' % (len(texts) - _LISTED)] if len(texts) > _LISTED else []
    return between.join(texts[:_LISTED] + more)
