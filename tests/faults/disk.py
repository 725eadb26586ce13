"""What is on a disk after a power cut, of what io_faults.c recorded.

    disk = Disk(folder)                     # as it is now, all of it on the disk
    for call in calls(record):
        disk.apply(call)
        disk.write(folder, keeps)           # what a power cut here leaves

A file's bytes are on the disk once it was synced, a folder's names once the folder was. What was not is there or not:
`keeps` decides, file by file and folder by folder; POSIX promises no more. A rename from one folder to another is one
change, as on every file system with a journal: both folders have one `change`.
"""
import hashlib
import os
import shutil
import struct

_HEADER = struct.Struct('5q')


class File:
    """Bytes: what a program reads now, and what is on the disk."""

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
    """A folder as a program sees it, and as the disk has it; `latest` is the file that was written last."""

    def __init__(self, path):
        self.path, self.root, self.latest = path, Folder(path), None

    def _find(self, path):
        """(folder, name, node) of a path; node is None where there is none."""
        folder, name, node = None, '', self.root
        for part in filter(None, os.path.relpath(path, self.path).split('/')):
            if part == '.':
                continue
            if node is None:            # removed by now, as descriptors may outlive their names
                return None, part, None
            folder, name, node = node, part, node.now.get(part)
        return folder, name, node

    def apply(self, call):
        """Make a call, as the program did."""
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
        """Put a node on the disk; with `deep`, all below it."""
        node.disk = dict(node.now) if isinstance(node, Folder) else node.now
        for child in node.now.values() if deep and isinstance(node, Folder) else ():
            self.sync(child)

    def write(self, path, keeps):
        """Write what is left into a folder, which loses what it had; what tells it from other remains.

        ``keeps(node)`` is whether what was not synced of a file or folder is left.
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
