"""Trained parameters in a quarter of the space, to start other trainings from: those in pretrained/.

    python -m weights_gen.compact runs/cifar10-cnvW1A1/cifar10-1w-1a.npz pretrained/cifar10-cnvW1A1.npz

Weights are rounded to STEPS values from -1 to 1, each half a step from the quantisers' edges: training reads the same
quantised weights, and the packed files stay the same bytes. All other parameters stay as they are.
"""
from __future__ import absolute_import, division, print_function

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from common import npz
from common.errors import ArgumentParser, UserError, run
from common.files import whole_file
from common.overlays import OVERLAYS
from weights_gen import parameters

STEPS = 32


def rounded(weights):
    """Weights from -1 to 1 moved to the middle of their step.

    Parameters
    ----------
    weights : float32 array

    Returns
    -------
    float32 array of the same shape
    """
    half = STEPS // 2
    return ((np.clip(np.floor(weights * half), -half, half - 1) + .5) / half).astype(np.float32)


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('parameters', metavar='TRAINED.npz')
    parser.add_argument('compact', metavar='COMPACT.npz', help='written; its name ends in the network: -cnvW1A1.npz')
    given = parser.parse_args(arguments)
    name = os.path.splitext(os.path.basename(given.compact))[0].split('-')[-1]
    if name not in OVERLAYS:
        raise UserError('%s does not end in the name of a network: -%s.npz' % (given.compact,
                                                                               '.npz, -'.join(sorted(OVERLAYS))))
    layers = parameters.read(given.parameters, OVERLAYS[name])
    with whole_file(given.compact) as handle:
        npz.write(handle, parameters.arrays([layer._replace(weights=rounded(layer.weights)) for layer in layers]),
                  compress=True)
    print('%s: %d bytes' % (given.compact, os.path.getsize(given.compact)))
    return 0


if __name__ == '__main__':
    sys.exit(run(main))
