"""How the proofs call other processes, and the lines that report what they found."""
from __future__ import absolute_import, division, print_function

import os
import sys

from training.processes import ask


def environment(device, **variables):
    """Environment variables of a process for a device, by Theano's name: 'cpu', 'cuda', 'opencl0:0'."""
    result = dict(os.environ, **variables)
    result.pop('DEVICE', None)
    flags = [result.get('THEANO_FLAGS'), 'device=%s' % device, result.pop('FLAGS', None)]
    result['THEANO_FLAGS'] = ','.join(flag for flag in flags if flag)
    return result


def answers(environment, *arguments):
    """Run scripts.prove_gpu.compute; its answers as :func:`training.processes.ask` returns them."""
    return ask(environment, '-m', 'scripts.prove_gpu.compute', *arguments)


class Report(object):
    """Prints lines, and remembers whether any was a failure."""

    def __init__(self):
        self.failed = False

    def __call__(self, well, text):
        """Print a finding; `well`: whether it is as expected."""
        print('%-8s %s' % ('ok' if well else 'failure', text))
        sys.stdout.flush()
        self.failed = self.failed or not well
        return well
