"""What is on a disk after a power cut, according to the calls that io_faults.c recorded.

    disk = Disk(folder)                     # as it is now, all of it on the disk
    for call in calls(record):
        disk.apply(call)
        disk.write(folder, keeps)           # what a power cut here leaves

A file's bytes are on the disk once it was synced, a folder's names once the folder was. For the rest, `keeps` decides, file
by file and folder by folder, whether it is there; POSIX promises no more. A rename between two folders is one change, as on
every journalling file system: both folders have the same `change`.
"""
import hashlib
import os
import shutil
import struct

_HEADER = struct.Struct('5q')


class File:
    """The bytes that a program reads now, and those on the disk."""

    def __init__(self, data=b''):
        self.now = self.disk = data


class Link:
    """A symbolic link."""

    def __init__(self, target):
        self.now = self.disk = target


class Folder:
    """Name to File, Link or Folder, for a program and on the disk."""

    def __init__(self, path=None):
        self.now = {}
        for name in os.listdir(path) if path else ():
            self.now[name] = _read(os.path.join(path, name))
        self.disk, self.change = dict(self.now), object()


def _read(path):
    if os.path.islink(path):
        return Link(os.readlink(path))
    if os.path.isdir(path):
        return Folder(path)
    with open(path, 'rb') as handle:
        return File(handle.read())


def calls(record):
    """The calls of a record: lists of letter, path, other path, offset, data."""
    with open(record, 'rb') as handle:
        for header in iter(lambda: handle.read(_HEADER.size), b''):
            letter, one, other, offset, size = _HEADER.unpack(header)
            yield chr(letter), os.fsdecode(handle.read(one)), os.fsdecode(handle.read(other)), offset, handle.read(size)


class Disk:
    """A folder as programs see it and as it is on the disk; `latest` is the file written last."""

    def __init__(self, path):
        self.path, self.root, self.latest = path, Folder(path), None

    def _find(self, path):
        """(folder, name, node) of a path; node is None where there is none."""
        folder, name, node = None, '', self.root
        for part in filter(None, os.path.relpath(path, self.path).split('/')):
            if part == '.':
                continue
            if node is None:            # already removed: descriptors may outlive names
                return None, part, None
            folder, name, node = node, part, node.now.get(part)
        return folder, name, node

    def apply(self, call):
        """Apply a call of the program."""
        letter, one, other, offset, data = call
        if letter == '-':       # it failed
            return
        if letter == 'S':
            return self.sync(self.root)
        folder, name, node = self._find(one)
        if letter in 'oc':
            node = folder.now.setdefault(name, File())
            node.now = b'' if offset else node.now
        elif letter == 'd':
            folder.now[name] = Folder()
        elif letter == 's':
            folder.now[name] = Link(other)
        elif letter in 'rxl':
            target, new, there = self._find(other)
            target.now[new] = node
            folder.change = target.change
            if letter == 'x':
                folder.now[name] = there
            elif letter == 'r':
                del folder.now[name]
        elif node is not None:
            if letter == 'w':
                node.now = node.now[:offset].ljust(offset, b'\0') + data + node.now[offset + len(data):]
                self.latest = node
            elif letter == 'p':
                node.now = data
                self.latest = node
            elif letter == 't':
                node.now = node.now[:offset].ljust(offset, b'\0')
            elif letter in 'uR':
                del folder.now[name]
            elif letter == 'f':
                self.sync(node, False)

    def sync(self, node, deep=True):
        """Put a node on the disk; with `deep`, also all below it."""
        node.disk = dict(node.now) if isinstance(node, Folder) else node.now
        for child in node.now.values() if deep and isinstance(node, Folder) else ():
            self.sync(child)

    def write(self, path, keeps):
        """Replace the contents of a folder with what is left; returns a value that identifies it.

        ``keeps(node)``: whether the unsynced part of a file or folder is left.
        """
        shutil.rmtree(path, ignore_errors=True)
        digest = hashlib.sha256()
        _write(self.root, path, keeps, digest)
        return digest.digest()


def _write(node, path, keeps, digest):
    content = node.now if node.now != node.disk and keeps(node) else node.disk
    digest.update(('%s %r' % (path, content if not isinstance(node, Folder) else '/')).encode())
    if isinstance(node, Link):
        os.symlink(content, path)
    elif isinstance(node, File):
        with open(path, 'wb') as handle:
            handle.write(content)
    else:
        os.mkdir(path)
        for name, child in content.items():
            _write(child, os.path.join(path, name), keeps, digest)
