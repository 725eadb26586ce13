"""What the proofs call other processes with, and the lines that say what came out."""
from __future__ import absolute_import, division, print_function

import os
import sys

from training.processes import ask


def environment(device, **variables):
    """A process's environment, with a device in Theano's words: 'cpu', 'cuda', 'opencl0:0'."""
    result = dict(os.environ, **variables)
    result.pop('DEVICE', None)
    flags = [result.get('THEANO_FLAGS'), 'device=%s' % device, result.pop('FLAGS', None)]
    result['THEANO_FLAGS'] = ','.join(flag for flag in flags if flag)
    return result


def answers(environment, *arguments):
    """What scripts.prove_gpu.compute answers: :func:`training.processes.ask`."""
    return ask(environment, '-m', 'scripts.prove_gpu.compute', *arguments)


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
