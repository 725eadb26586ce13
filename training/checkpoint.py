"""Checkpoints: everything that decides how a training continues, in one file.

    save('checkpoint.npz', arrays)      # a mapping from names to arrays
    arrays = load('checkpoint.npz')     # or the one before, where the last is damaged

Each file holds a SHA-256 over its contents, its format, and the versions of what wrote it. The last two are kept: a write
that is cut off costs nothing.
"""
from __future__ import absolute_import, division

import collections
import hashlib
import json
import os
import platform
import re

import numpy as np

from common import npz
from common.errors import UserError
from common.files import whole_file
from common.run_folder import previous

FORMAT = 2              # 1 had no format and no versions: what wrote it is not known
LARGEST = 2 ** 32       # bytes; CNV's have 25 million
_DIGEST, _FORMAT, _VERSIONS = 'sha256', 'format', 'versions'


class CheckpointError(UserError):
    """There is no checkpoint that a run can resume from."""


def versions():
    """The versions of what computes, name to text; settings.json has them too."""
    import theano
    from training.compatibility import lasagne
    return collections.OrderedDict([('python', platform.python_version()), ('theano', theano.__version__),
                                    ('lasagne', lasagne.__version__), ('numpy', np.__version__)])


def save(path, arrays):
    """Write a checkpoint; the one that is there becomes the previous one."""
    arrays = dict(arrays)
    arrays[_FORMAT], arrays[_VERSIONS] = np.array(FORMAT), from_json(versions())
    arrays[_DIGEST] = np.array(_digest(arrays).encode('ascii'))
    with whole_file(path, keep=previous(path)) as handle:
        npz.write(handle, arrays)


def load(path):
    """The arrays of the newest whole checkpoint.

    Returns
    -------
    (arrays, warning)
        A mapping, and None or a warning: what was wrong with the newest file, which versions wrote it.

    Raises
    ------
    CheckpointError
        Where neither of the two files can be used.
    """
    problems = []
    for candidate in (path, previous(path)):
        if os.path.exists(candidate):
            try:
                arrays, note = _read(candidate)
            except CheckpointError as error:
                problems.append(str(error))
            else:
                damage = '%s: using the previous checkpoint' % '; '.join(problems) if problems else None
                return arrays, '; '.join(filter(None, [damage, note])) or None
    raise CheckpointError('; '.join(problems) + '; start over with RESUME=0 (--resume 0)' if problems else
                          '%s is missing: start with RESUME=0 (--resume 0)' % path)


def from_json(value):
    """An array that holds a value as JSON, the same bytes on every Python."""
    return np.array(json.dumps(value).encode('ascii'))


def to_json(array):
    """The value that :func:`from_json` made an array of."""
    return json.loads(_text(array), object_pairs_hook=collections.OrderedDict)


def _text(array):
    """The text of an array of one string: bytes, or of a file that Python 3 wrote in format 1, Unicode."""
    text = array.tolist()
    return text.decode('ascii') if isinstance(text, bytes) else text


def _read(path):
    try:
        arrays = npz.read(path, npz.names(path), LARGEST)
        right = _text(arrays.pop(_DIGEST)) == _digest(arrays)
    except (KeyError, ValueError, EnvironmentError):
        raise CheckpointError('%s is damaged' % path)
    if not right:
        raise CheckpointError('%s is damaged (wrong SHA-256)' % path)
    if _FORMAT not in arrays or arrays[_FORMAT].tolist() != FORMAT:
        written = _shown(arrays[_FORMAT].tolist()) if _FORMAT in arrays else 1
        raise CheckpointError('%s has format %s, and this version of the program resumes from format %d: resume with the '
                              'version that wrote it' % (path, written, FORMAT))
    del arrays[_FORMAT]
    try:
        theirs = dict(to_json(arrays.pop(_VERSIONS, from_json({}))))
    except (TypeError, ValueError, RuntimeError):   # the last: nested too deep
        raise CheckpointError('%s is damaged (no versions)' % path)
    own = versions()
    differences = ['%s %s, here %s' % (name, _shown(theirs.get(name)), own[name]) for name in own
                   if theirs.get(name) != own[name]]
    return arrays, differences and ('%s was written by %s: the results may differ in their last digits'
                                    % (path, '; '.join(differences)))


def _shown(value):
    """Whatever a file holds for a number or version, in one short line."""
    return str(re.sub('[^ -~]', '?', value if isinstance(value, (str, type(u''))) else repr(value))[:40])


def _digest(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        digest.update(('%s %s %s;' % (name, array.dtype.str, array.shape)).encode('ascii'))
        digest.update(array.tobytes())
    return digest.hexdigest()
