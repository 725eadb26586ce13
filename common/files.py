"""Files and folders that appear whole or not at all."""
from __future__ import absolute_import

import contextlib
import errno
import hashlib
import io
import os
import shutil
import tempfile


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
        What the file that is there is renamed to first.

    Raises
    ------
    EnvironmentError
        Also where `path` is a device or a pipe, which a file must not take the place of.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        raise EnvironmentError(errno.EINVAL, 'no regular file, choose another name', path)
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, '.%s.%d.tmp' % (name, os.getpid()))
    try:
        with io.open(temporary, mode, encoding=None if 'b' in mode else 'utf-8') as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        if keep and os.path.exists(path):
            os.rename(path, keep)
        os.rename(temporary, path)
    except BaseException as error:
        if getattr(error, 'errno', None) in (errno.ENOSPC, errno.EDQUOT) and error.filename is None:
            error.filename = path       # which disk is full: a write does not say
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
    sync(folder)


@contextlib.contextmanager
def temporary_folder():
    """The path of a new folder that is gone, with what is in it, when the block ends."""
    path = tempfile.mkdtemp(prefix='bnn-')
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def remove_remains(path):
    """Remove what killed processes have left of writing `path` with :func:`whole_file`; none may be writing it now."""
    folder, name = os.path.split(os.path.abspath(path))
    for other in os.listdir(folder):
        if other.startswith('.%s.' % name) and other.endswith('.tmp') and other[len(name) + 2:-4].isdigit():
            os.remove(os.path.join(folder, other))


@contextlib.contextmanager
def whole_folder(path):
    """Yield an empty temporary folder beside ``path`` that takes its place when the block ends without an error.

    A folder that is there already is replaced; whether that is wanted is the caller's decision. Of several processes
    that write the same folder, the last one wins.
    """
    path = os.path.realpath(path)   # a link to a folder stays, what it points to is replaced
    parent, name = os.path.split(path)
    try:
        os.makedirs(parent)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise
    temporary = tempfile.mkdtemp(prefix='.%s.' % name, suffix='.tmp', dir=parent)
    retired = temporary + '.old'
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        _replace(temporary, path, retired)
        sync(parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


def _replace(temporary, path, retired):
    """Rename a folder to `path`, and what was there to `retired` and away."""
    try:
        while True:
            try:
                return os.rename(temporary, path)
            except OSError as error:    # another process may have put its own there since we last looked
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            shutil.rmtree(retired, ignore_errors=True)
            try:
                os.rename(path, retired)
            except OSError as error:    # another process has just moved it away
                if error.errno != errno.ENOENT:
                    raise
    except BaseException:
        if os.path.isdir(retired) and not os.path.exists(path):
            os.rename(retired, path)
        raise


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sha256(path):
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, 'rb') as handle:
        for block in iter(lambda: handle.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()
