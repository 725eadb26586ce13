"""Files from the network, checked by hash, into the cache that Keras uses.

    path = fetch(MNIST)         # ~/.keras/datasets/mnist.npz, or below KERAS_HOME

A file appears whole or not at all: it is downloaded beside its place, resumed where it was cut off, checked, and only
then renamed. Two processes may ask at once: one downloads, the other waits. ``DATASET_MIRRORS`` holds base addresses to
try first, separated by spaces: the file's name is added to each.
"""
from __future__ import absolute_import, division, print_function

import collections
import contextlib
import errno
import fcntl
import os
import socket
import sys
import time

from six.moves import http_client, urllib

from common.errors import UserError
from common.files import lock, sha256

Source = collections.namedtuple('Source', ['name', 'cached_as', 'size', 'sha256', 'urls'])

# Keras 2.3.1 knows this file by its MD5, 8a61469f7ea1b51cbae51d4f78837e45, and an address that has failed; TensorFlow's
# Keras by the SHA-256 below. Keras checks its own hash of the file that it is given, so the two are held together.
MNIST = Source('mnist.npz', 'mnist.npz', 11490434,
               '731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1',
               ('https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz',
                'https://s3.amazonaws.com/img-datasets/mnist.npz'))

CIFAR10 = Source('cifar-10-python.tar.gz', 'cifar-10-batches-py.tar.gz', 170498071,
                 '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce',
                 ('https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz',))

ATTEMPTS = 3        # at each address
TIMEOUT = 30        # seconds without a byte
BACKOFF = 2.        # seconds before the second attempt, doubled for each further one
_BLOCK = 1 << 16

_FAILURES = (EnvironmentError, http_client.HTTPException, ValueError, socket.timeout)   # what a bad server can cause


class DownloadError(UserError):
    """A file that could not be fetched, or is not what it should be."""


def cache_folder():
    """Where Keras keeps its data sets: ``$KERAS_HOME/datasets``, or ``~/.keras/datasets``."""
    home = os.environ.get('KERAS_HOME') or os.path.join(os.path.expanduser('~'), '.keras')
    return os.path.join(home, 'datasets')


def fetch(source, folder=None):
    """The path of a file in the cache, downloaded if it is not there or not whole.

    Parameters
    ----------
    source : Source
    folder : str, optional
        The cache; default: :func:`cache_folder`.

    Raises
    ------
    DownloadError
        Which file, from where, what went wrong at each address, and where to put a copy by hand.
    """
    folder = folder or cache_folder()
    path = os.path.join(folder, source.cached_as)
    if not os.path.isdir(folder):
        try:
            os.makedirs(folder)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
    if _whole(path, source):
        return path
    with _locked(path + '.lock'):
        if not _whole(path, source):        # another process may have fetched it meanwhile
            _download(source, path)
    return path


def _whole(path, source):
    return os.path.isfile(path) and os.path.getsize(path) == source.size and sha256(path) == source.sha256


@contextlib.contextmanager
def _locked(path):
    with open(path, 'a') as handle:
        lock(handle, fcntl.LOCK_EX)
        yield


def _addresses(source):
    mirrors = os.environ.get('DATASET_MIRRORS', '').split()
    return [mirror.rstrip('/') + '/' + source.name for mirror in mirrors] + list(source.urls)


def _download(source, path):
    part = path + '.part'
    problems = []
    for url in _addresses(source):
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(BACKOFF * 2 ** (attempt - 1))
            print('Downloading %s (%.0f MB) from %s' % (source.name, source.size / 1e6, url), file=sys.stderr)
            resumed = os.path.exists(part)
            try:
                _receive(url, part, source.size)
            except urllib.error.HTTPError as error:
                problem = 'answered %d' % error.code
                if error.code == 416 and os.path.exists(part):      # nothing is left to send: start again
                    os.remove(part)
                elif error.code < 500:
                    break
            except _FAILURES as error:
                if getattr(error, 'errno', None) in (errno.ENOSPC, errno.EDQUOT):
                    raise
                problem = str(getattr(error, 'reason', None) or error) or type(error).__name__
            else:
                if os.path.getsize(part) < source.size:
                    problem = 'was cut short at %d of %d bytes' % (os.path.getsize(part), source.size)
                elif _whole(part, source):
                    os.rename(part, path)
                    return
                else:
                    problem = 'sent other bytes than expected (wrong SHA-256)'
                    os.remove(part)
                    if not resumed:     # else what lay there before may be to blame
                        break
        problems.append('%s %s' % (url, problem))
    raise DownloadError('cannot download %s: %s; put a copy at %s (SHA-256 %s), or give DATA_DIR=, the folder that holds '
                        'it (docs/training.md)' % (source.name, '; '.join(problems), path, source.sha256))


def _receive(url, part, size):
    """Append what is missing of a file of `size` bytes to `part`, never more."""
    start = os.path.getsize(part) if os.path.exists(part) else 0
    request = urllib.request.Request(url, headers={'User-Agent': 'bnn-training/1'})
    if start:
        request.add_header('Range', 'bytes=%d-' % start)
    with contextlib.closing(urllib.request.urlopen(request, timeout=TIMEOUT)) as answer:
        goes_on = start and answer.getcode() == 206
        with open(part, 'ab' if goes_on else 'wb') as handle:
            received = start if goes_on else 0
            while received < size:
                block = answer.read(min(_BLOCK, size - received))
                if not block:
                    break
                handle.write(block)
                received += len(block)
