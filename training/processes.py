"""Run programs of this project as processes, as Theano has one device in each.

    status, said = python(None, 'scripts/doctor.py')
    arrays, about = ask(None, '-m', 'training.selftest', '--compute', 'cpu', '--only', 'lfcW1A1')
"""
from __future__ import absolute_import

import json
import os
import subprocess
import sys

import numpy as np

from common import npz
from common.errors import UserError
from common.files import temporary_folder

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LARGEST = 2 ** 31       # bytes of an answer


def python(environment, *arguments):
    """Status and output of a Python program, run in the project's folder; `environment`: a dict, or None for this one."""
    process = subprocess.Popen((sys.executable,) + arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    said = process.communicate()[0].decode('utf-8', 'replace')
    return process.returncode, said


def ask(environment, *arguments):
    """The arrays that a program writes to --file, by name, and what it says of them in 'about', which is JSON.

    Raises
    ------
    UserError
        It failed; with its last line.
    """
    with temporary_folder() as folder:
        path = os.path.join(folder, 'answers.npz')
        status, said = python(environment, *(arguments + ('--file', path)))
        if status:
            raise UserError((said.strip().splitlines() or ['it ended with status %d' % status])[-1].strip())
        arrays = npz.read(path, npz.names(path), LARGEST)
    return arrays, json.loads(arrays.pop('about').tolist().decode('ascii'))


def tell(handle, arrays, about):
    """Write what :func:`ask` reads: a mapping of arrays, and a dict of what JSON can hold."""
    npz.write(handle, dict(arrays, about=np.array(json.dumps(about).encode('ascii'))))
