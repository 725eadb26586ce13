"""Stopping and going on: everything that decides how a training continues, in one file.

    save('checkpoint.npz', arrays)      # a mapping from names to arrays
    arrays = load('checkpoint.npz')     # or the one before, where the last is damaged

Each file holds a SHA-256 over its contents. The last two are kept: a write that is cut off costs nothing.
"""
from __future__ import absolute_import, division

import hashlib
import os

import numpy as np

from common import npz
from common.errors import UserError
from common.files import whole_file
from common.run_folder import previous

LARGEST = 2 ** 32       # bytes; CNV's have 25 million
_DIGEST = 'sha256'


class CheckpointError(UserError):
    """No checkpoint that can be gone on from."""


def save(path, arrays):
    """Write a checkpoint; the one that is there becomes the previous one."""
    arrays = dict(arrays)
    arrays[_DIGEST] = np.array(_digest(arrays))
    with whole_file(path, keep=previous(path)) as handle:
        npz.write(handle, arrays)


def load(path):
    """The arrays of the newest whole checkpoint.

    Returns
    -------
    (arrays, warning)
        A mapping, and None or what was wrong with the newest file.

    Raises
    ------
    CheckpointError
        Where neither of the two files can be used.
    """
    problems = []
    for candidate in (path, previous(path)):
        if os.path.exists(candidate):
            try:
                return _read(candidate), '; '.join(problems) or None
            except CheckpointError as error:
                problems.append(str(error))
    raise CheckpointError('; '.join(problems) + ': start again without --resume' if problems else
                          '%s is not there: start without --resume' % path)


def _read(path):
    try:
        arrays = npz.read(path, npz.names(path), LARGEST)
        right = str(arrays.pop(_DIGEST)) == _digest(arrays)
    except (KeyError, ValueError, EnvironmentError):
        raise CheckpointError('%s is damaged' % path)
    if not right:
        raise CheckpointError('%s is damaged (wrong SHA-256)' % path)
    return arrays


def _digest(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(('%s %s %s;' % (name, array.dtype.str, array.shape)).encode('ascii'))
        digest.update(array.tobytes())
    return digest.hexdigest()
