"""A zip file of pictures or arrays as a data set: unpacked once, into ``~/.cache/bnn-pynq-training/unpacked``.

    path = unpacked('pets.zip')     # the folder with the class folders

The file is not trusted: what is encrypted, leads out of its folder, or holds more than pictures could is refused before
anything is written. Its contents are recognised by the checksums in it, whatever its name.
"""
from __future__ import absolute_import, division

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import zipfile

from common import machine
from common.files import open_regular, whole_folder
from datasets import names
from datasets.folder.find import is_clutter
from datasets.images import DatasetError
from datasets.messages import progress, say
from datasets.pictures import EXTENSIONS

LARGEST, LARGEST_FILE, MOST_FILES = 2 ** 34, 2 ** 31, 10 ** 6      # bytes of all, and of one; files
_RATIO, _SMALL = 200, 2 ** 28   # most bytes for each packed one, where there are more than so many: pictures hardly shrink
_LONGEST = 255                  # bytes of a name, on most file systems
_UTF8, _ENCRYPTED = 0x800, 0x1  # flags of an entry


def is_packed(path):
    """Whether a file is a zip file, but not one of NumPy's, which hold only arrays."""
    try:
        if not os.path.isfile(path) or not zipfile.is_zipfile(path):
            return False
        with _opened(path) as archive:
            return not any(name.endswith('.npy') and '/' not in name for name in archive.namelist())
    except (DatasetError, zipfile.BadZipfile):      # the latter by is_zipfile: a part of several
        return False


def unpacked(path):
    """The path of a folder with what a zip file holds; the innermost where folders hold nothing but one folder.

    Raises
    ------
    DatasetError
        The file is damaged, encrypted or hostile, or there is no room for what it holds.
    """
    with _opened(path) as archive:
        entries = _entries(path, archive)
        key = hashlib.sha256(repr([(name, info and (info.file_size, info.CRC)) for name, info in sorted(
            entries.items(), key=lambda item: item[0])]).encode('ascii')).hexdigest()[:16]
        place = machine.cache_folder('unpacked', key, names.file_name(path))
        encoded = names.encoded(place)
        if not _is_whole(encoded, entries):
            _unpack(path, archive, entries, place)
    return _descended(place)


@contextlib.contextmanager
def _opened(path):
    try:
        with contextlib.closing(open_regular(path)) as handle:
            with zipfile.ZipFile(handle) as archive:
                yield archive
    except (DatasetError, MemoryError):
        raise
    except Exception as error:          # zipfile raises errors of any class on damaged files
        if getattr(error, 'errno', None) not in (None, errno.EINVAL):
            raise
        raise DatasetError('%s cannot be unpacked (%s): fetch it again, or unpack it yourself and give the folder'
                           % (path, ' '.join(str(error).split()) or type(error).__name__))


def _entries(path, archive):
    """Paths (bytes) of what to unpack, to their entries; of folders, to None."""
    entries, size, compressed = {}, 0, 0
    for info in archive.infolist():
        name = _name(info)
        parts = [part for part in name.split(b'/') if part not in (b'', b'.')]
        shown = names.shown(name)
        if not parts:
            continue
        if name.startswith(b'/') or b'..' in parts or name[1:2] == b':' or max(map(len, parts)) > _LONGEST:
            raise DatasetError('%s holds a file that leads out of its folder, %s: unpack it yourself, if you trust it, and '
                               'give the folder' % (path, shown))
        if any(map(is_clutter, parts)):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DatasetError('%s holds a link, %s: unpack it yourself and give the folder' % (path, shown))
        if info.flag_bits & _ENCRYPTED:
            raise DatasetError('%s is encrypted: unpack it yourself and give the folder' % path)
        name = b'/'.join(parts)
        for end in range(1, len(parts)):
            if entries.setdefault(b'/'.join(parts[:end]), None) is not None:
                raise DatasetError('%s holds %s as a file and as a folder: make it again' % (path, shown))
        is_folder = info.filename.endswith('/')
        if entries.get(name) is not None or name in entries and not is_folder:
            raise DatasetError('%s holds %s twice: make it again' % (path, shown))
        entries[name] = None if is_folder else info
        size += info.file_size
        compressed += info.compress_size
        if info.file_size > LARGEST_FILE or size > LARGEST or len(entries) > MOST_FILES or \
                size > max(_SMALL, _RATIO * compressed):
            raise DatasetError('%s holds more than is unpacked here (%d files, %d MB, of %d MB in the file; %s): unpack it '
                               'yourself, if you trust it, and give the folder' % (
                                   path, len(entries), size >> 20, compressed >> 20, shown))
    if not any(entries.values()):
        raise DatasetError('%s holds no files: give one with class folders and pictures in it' % path)
    return entries


def _name(info):
    """An entry's name as UTF-8; without its flag some programs write UTF-8 too, others DOS characters."""
    name = info.filename
    if info.flag_bits & _UTF8:
        name = name if isinstance(name, bytes) else name.encode('utf-8')
    else:
        try:
            name = name if isinstance(name, bytes) else name.encode('cp437')
            name.decode('utf-8')
        except UnicodeEncodeError:      # Python 3.12 and later take it from a field beside it, which is in UTF-8
            name = name.encode('utf-8')
        except UnicodeDecodeError:
            name = name.decode('cp437').encode('utf-8')
    return name.replace(b'\\', b'/')


def _is_whole(place, entries):
    """Whether everything lies there as it was unpacked; a power cut may have left files empty."""
    return os.path.isdir(place) and all(
        os.path.isdir(os.path.join(place, name)) if info is None else
        os.path.isfile(os.path.join(place, name)) and os.path.getsize(os.path.join(place, name)) == info.file_size
        for name, info in entries.items())


def _unpack(path, archive, entries, place):
    files = [(name, info) for name, info in sorted(entries.items(), key=lambda item: item[0]) if info is not None]
    size = sum(info.file_size for _, info in files)
    cache = machine.cache_folder()
    if not os.path.isdir(cache):
        os.makedirs(cache, 0o700)
    room = os.statvfs(cache)
    if size + 4096 * len(entries) > room.f_bavail * room.f_frsize:
        raise DatasetError('%s holds %d MB, and there is no room for them in %s: free some space, or unpack it elsewhere '
                           'and give the folder' % (path, size >> 20, cache))
    with whole_folder(place, each=False) as temporary:
        base = names.encoded(temporary)
        for name in sorted(entries):
            if entries[name] is None and not os.path.isdir(os.path.join(base, name)):
                os.makedirs(os.path.join(base, name))
        for name, info in progress(files, len(files), 'Unpacking'):
            with archive.open(info) as source, open(os.path.join(base, name), 'wb') as target:
                shutil.copyfileobj(source, target, 1 << 20)     # at most the size that it announces
            if os.path.getsize(os.path.join(base, name)) != info.file_size:
                raise DatasetError('%s: %s is cut off: fetch it again' % (path, names.shown(name)))
    say('%s: %d files unpacked into %s' % (path, len(files), place))


def _descended(place):
    """Descend while a folder holds only one folder, with folders or no pictures in it: levels that zip files add."""
    while True:
        inner = [name for name in os.listdir(place)]
        if len(inner) != 1 or not os.path.isdir(os.path.join(place, inner[0])):
            return place
        below = os.path.join(place, inner[0])
        there = os.listdir(below)
        if there and not any(os.path.isdir(os.path.join(below, name)) for name in there) and \
                any(names.encoded(name).lower().endswith(EXTENSIONS) for name in there):
            return place            # one class
        place = below
