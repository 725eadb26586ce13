"""Files and folders that appear whole or not at all, whatever happens in between.

While being written, each lies beside its final place as `.NAME.<random>.tmp`, locked for as long as its process lives:
the next call that writes the same place removes what is not locked.
"""
from __future__ import absolute_import

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import io
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import uuid


def sync(path):
    """Ask the operating system to put a file or folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network file systems cannot sync a folder
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def make_folder(path):
    """Make a folder and those above it where they are missing, so that no power cut takes them back."""
    path = os.path.abspath(path)
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_folder(parent)
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != errno.EEXIST or not os.path.isdir(path):      # else another process just made it
            raise
    sync(parent)


@contextlib.contextmanager
def whole_file(path, mode='wb', keep=None):
    """Open a temporary file beside ``path`` that takes its place when the block ends without an error.

    Parameters
    ----------
    path : str
        The file to write; one that is there stays untouched until the new one is complete and on the disk.
    mode : 'wb' or 'w'
        'w' writes UTF-8 text (unicode strings on Python 2).
    keep : str, optional
        The name that an existing file is given first.

    Raises
    ------
    EnvironmentError
        Also where `path` is a device or a pipe, which a file must not replace.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise EnvironmentError(errno.EINVAL, 'not a regular file, choose another name', path)
    remove_remains(path)
    temporary = None
    try:
        temporary, descriptor = _new(path, _new_file)
        with io.open(descriptor, mode, encoding=None if 'b' in mode else 'utf-8') as handle:
            yield handle
            handle.flush()
            os.fsync(descriptor)
            if keep and os.path.exists(path):
                os.rename(path, keep)
            os.rename(temporary, path)      # while the lock is held
    except BaseException as error:
        if getattr(error, 'errno', None) in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:
            error.filename = path       # a write does not say which disk is full
        if temporary:
            _remove(temporary)
        raise
    sync(os.path.dirname(os.path.abspath(path)))


@contextlib.contextmanager
def temporary_folder():
    """The path of a new folder, which is removed with its contents when the block ends."""
    path = tempfile.mkdtemp(prefix='bnn-')
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_remains(path):
    """Remove what killed processes have left of writing `path`; what a living one is writing stays."""
    folder, name = os.path.split(os.path.abspath(path))
    remains = re.compile(r'\.%s\.[0-9a-f]+\.(tmp|old)\Z' % re.escape(name))
    try:
        found = [os.path.join(folder, other) for other in os.listdir(folder) if remains.match(other)]
    except OSError:         # it is not there, or may only be written
        return
    for other in found:
        with _held(other) as held:
            if held and other.endswith('.old'):
                _restore(other, path)
            elif held:
                _remove(other)


@contextlib.contextmanager
def _held(path):
    """Lock a file or folder for this process; whether that was possible."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:             # renamed by now, or a link that nobody here has made
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = os.path.lexists(path)
        except EnvironmentError:
            held = False
        yield held
    finally:
        os.close(descriptor)


def lock(handle, kind):
    """Lock a file until it is closed, as fcntl.flock does; False where another process holds it and `kind` has LOCK_NB.

    On a file system without locks, nothing is locked.
    """
    try:
        fcntl.flock(handle, kind)
    except EnvironmentError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    return True


def _new(path, make):
    """A new file or folder beside `path`, and the descriptor that locks it."""
    folder, name = os.path.split(os.path.abspath(path))
    while True:
        temporary = os.path.join(folder, '.%s.%s.tmp' % (name, uuid.uuid4().hex))
        try:
            make(temporary)
        except OSError as error:
            error.filename = path
            raise
        try:
            descriptor = os.open(temporary, (os.O_RDONLY if os.path.isdir(temporary) else os.O_RDWR) | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno == errno.ENOENT:     # not locked yet, another process removed it
                continue
            raise
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except EnvironmentError:        # no locks on this file system: then nobody can lock it to remove it either
            return temporary, descriptor
        if os.path.lexists(temporary):
            return temporary, descriptor
        os.close(descriptor)


def _new_file(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))


def _new_folder(path):
    os.mkdir(path, 0o700)


@contextlib.contextmanager
def whole_folder(path, each=True):
    """Yield an empty temporary folder beside ``path`` that takes its place when the block ends without an error.

    A folder that is there already is replaced, in one step where the file system can do that; elsewhere it is put aside
    first, and the next call puts it back if this one is killed in between. Whether to replace it is the caller's decision.
    If several processes write the same folder, the last one wins. With `each` false its files are not synced one by one, so
    that some may be empty after a power cut: only for what can be made again.
    """
    path = os.path.realpath(path)   # a link to a folder stays, what it points to is replaced
    parent = os.path.dirname(path)
    make_folder(parent)
    remove_remains(path)
    temporary, descriptor = _new(path, _new_folder)
    retired = temporary[:-len('tmp')] + 'old'
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        for root, _, names in os.walk(temporary, topdown=False) if each else ():
            for name in names:
                sync(os.path.join(root, name))
            sync(root)
        _replace(temporary, path, retired)
        sync(parent)
    finally:
        _restore(retired, path)
        _remove(temporary)
        os.close(descriptor)


def _replace(temporary, path, retired):
    """Rename a folder to `path`; what was there is then `temporary` or `retired`."""
    while True:
        try:
            return os.rename(temporary, path)
        except OSError as error:    # another process may have put its own there since we last looked
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        try:
            if exchange(temporary, path):
                return
            os.rename(path, retired)
        except OSError as error:    # another process has just moved it away
            if error.errno != errno.ENOENT:
                raise


def _restore(retired, path):
    """Put a folder that was put aside back if nothing has taken its place, else remove it."""
    if os.path.lexists(retired) and not os.path.lexists(path):
        try:
            return os.rename(retired, path)
        except OSError as error:    # another process was faster
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise
    _remove(retired)


def exchange(one, other):
    """Swap what two paths name in one step (Linux's renameat2); False where this system or file system cannot."""
    here, swap = -100, 2        # AT_FDCWD, RENAME_EXCHANGE
    encode = getattr(os, 'fsencode', lambda path: path if isinstance(path, bytes) else
                     path.encode(sys.getfilesystemencoding()))
    library = ctypes.CDLL(None, use_errno=True)
    if hasattr(library, 'renameat2'):           # glibc from 2.28 on
        status = library.renameat2(here, encode(one), here, encode(other), swap)
    else:                                       # its number, by processor and size of a pointer
        number = {('x86_64', 8): 316, ('aarch64', 8): 276, ('armv7l', 4): 382}.get(
            (platform.machine(), ctypes.sizeof(ctypes.c_void_p)))
        if number is None:
            return False
        status = library.syscall(ctypes.c_long(number), here, encode(one), here, encode(other), swap)
    code = ctypes.get_errno()
    if status and code not in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
        raise OSError(code, os.strerror(code), other)
    return status == 0


def _remove(path):
    """Remove a file or folder, if it is there and may be removed."""
    if os.path.isdir(path) and not os.path.islink(path):
        return shutil.rmtree(path, ignore_errors=True)
    try:
        os.remove(path)
    except OSError:
        pass


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def open_regular(path):
    """Open a file for reading, in binary; a pipe, a device or a folder is refused instead of waited for.

    Raises
    ------
    EnvironmentError
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return io.open(descriptor, 'rb')
    is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    raise (EnvironmentError(errno.EISDIR, os.strerror(errno.EISDIR), path) if is_folder else
           EnvironmentError(errno.EINVAL, 'not a regular file: save it as one first', path))


def sha256(path):
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open_regular(path) as handle:
        for block in iter(lambda: handle.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()
