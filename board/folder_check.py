"""Compare a parameter folder with what its archive gives, file by file, byte by byte.

    problems, contents = problems_of(run_folder)
"""
from __future__ import absolute_import

import os
import re

import numpy as np

from common.files import temporary_folder
from common.run_folder import BadRun
from weights_gen import generate


def problems_of(run_folder):
    """How a parameter folder differs from what its archive gives.

    Parameters
    ----------
    run_folder : common.run_folder.RunFolder

    Returns
    -------
    problems : list of str
        One for each file that is missing, foreign, of another size or of other contents; in ASCII.
    contents : dict of str to bytes
        The files that the folder should have, by their path in it.
    """
    if not os.path.isdir(run_folder.folder):
        raise BadRun('%s: there is no parameter folder: run make weights first' % run_folder.folder)
    with temporary_folder() as temporary:
        path = os.path.join(temporary, run_folder.overlay.name)
        names = run_folder.classes if os.path.exists(run_folder.classes) else None
        generate.generate(run_folder.overlay, run_folder.parameters, path, names)
        expected = {part: _read(os.path.join(path, part)) for part in _files(path)}
    found = _files(run_folder.folder)
    problems = []
    for part in sorted(set(expected) | set(found)):
        problem = (_difference(os.path.join(run_folder.folder, part), expected[part]) if part in expected and part in found
                   else 'is missing' if part in expected else 'does not belong there')
        if problem:
            problems.append('%s %s' % (re.sub('[^ -~]', '?', part), problem))
    return problems, expected


def _files(folder):
    """The paths of a folder's files within it, and of folders that do not belong in a parameter folder."""
    found = []
    for root, folders, names in os.walk(folder):
        inside = os.path.relpath(root, folder)
        foreign = [name for name in folders if os.path.join(inside, name) != os.path.join('.', 'hw')]
        folders[:] = [name for name in folders if name not in foreign]
        found += [os.path.normpath(os.path.join(inside, name)) for name in names + foreign]
    return found


def _read(path):
    with open(path, 'rb') as handle:
        return handle.read()


def _difference(path, expected):
    """How a file differs, or None."""
    if not os.path.isfile(path):
        return 'is not a file'
    if os.path.getsize(path) != len(expected):
        return 'has %d bytes instead of %d' % (os.path.getsize(path), len(expected))
    different = np.count_nonzero(np.frombuffer(_read(path), np.uint8) != np.frombuffer(expected, np.uint8))
    return 'differs in %d of %d bytes' % (different, len(expected)) if different else None
