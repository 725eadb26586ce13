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
def whole_file(path, mode='wb'):
    """Open a temporary file beside ``path`` that takes its place when the block ends without an error.

    Parameters
    ----------
    path : str
        The file to write; one that is there stays untouched until the new one is complete and on the disk.
    mode : 'wb' or 'w'
        'w' writes UTF-8 text (unicode strings on Python 2).
    """
    folder, name = os.path.split(os.path.abspath(path))
    temporary = os.path.join(folder, '.%s.%d.tmp' % (name, os.getpid()))
    try:
        with io.open(temporary, mode, encoding=None if 'b' in mode else 'utf-8') as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
    sync(folder)


@contextlib.contextmanager
def whole_folder(path):
    """Yield an empty temporary folder beside ``path`` that takes its place when the block ends without an error.

    A folder that is there already is replaced; whether that is wanted is the caller's decision.
    """
    path = os.path.abspath(path)
    parent, name = os.path.split(path)
    if not os.path.isdir(parent):
        os.makedirs(parent)
    temporary = tempfile.mkdtemp(prefix='.%s.' % name, suffix='.tmp', dir=parent)
    retired = temporary + '.old'
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        if os.path.isdir(path):
            os.rename(path, retired)
        try:
            os.rename(temporary, path)
        except BaseException:
            if os.path.isdir(retired):
                os.rename(retired, path)
            raise
        sync(parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(retired, ignore_errors=True)


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
