"""Programs of this project in processes of their own, as Theano has one device; and the lines that say what came out."""
from __future__ import absolute_import, division, print_function

import json
import os
import subprocess
import sys

from common import npz
from common.errors import UserError
from common.files import temporary_folder

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARGEST = 2 ** 31       # bytes of an answer


def environment(device, **variables):
    """A process's environment, with a device in Theano's words: 'cpu', 'cuda', 'opencl0:0'."""
    result = dict(os.environ, **variables)
    result.pop('DEVICE', None)
    flags = [result.get('THEANO_FLAGS'), 'device=%s' % device, result.pop('FLAGS', None)]
    result['THEANO_FLAGS'] = ','.join(flag for flag in flags if flag)
    return result


def python(environment, *arguments):
    """Status and all that a Python program says, of the project's folder."""
    process = subprocess.Popen((sys.executable,) + arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    said = process.communicate()[0].decode('utf-8', 'replace')
    return process.returncode, said


def answers(environment, *arguments):
    """The arrays that scripts.prove_gpu.compute writes, and what it says about itself.

    Raises
    ------
    UserError
        It failed; the last line that it said.
    """
    with temporary_folder() as folder:
        path = os.path.join(folder, 'answers.npz')
        status, said = python(environment, '-m', 'scripts.prove_gpu.compute', '--file', path, *arguments)
        if status:
            raise UserError((said.strip().splitlines() or ['it ended with status %d' % status])[-1])
        arrays = npz.read(path, npz.names(path), LARGEST)
    return arrays, json.loads(arrays.pop('about').tolist().decode('ascii'))


class Report(object):
    """Lines, and whether all that they say is well."""

    def __init__(self):
        self.failed = False

    def __call__(self, well, text):
        """Say what was found; `well` says whether it is as it should be."""
        print('%-8s %s' % ('ok' if well else 'failure', text))
        sys.stdout.flush()
        self.failed = self.failed or not well
        return well
