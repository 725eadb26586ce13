"""Time of weights_gen/ compared with the least possible: a Python that imports numpy and reads the archive.

    python bench/weights_gen.py [--rounds 7] [--json]

Both are timed as whole processes, a round of each in turn, on random parameters of each network; prints medians.
"""
from __future__ import absolute_import, division, print_function

import json
import os
import subprocess
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from bench import command_line
from common.errors import run
from common.files import temporary_folder
from common.overlays import OVERLAYS
from weights_gen import parameters

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
READ = 'import sys, numpy; archive = numpy.load(sys.argv[1]); [archive[name] for name in archive.files]'


def save_random(path, overlay):
    """Save an archive like training does, with random numbers."""
    random = np.random.RandomState(1)
    layers = [parameters.LayerParameters(*[None if shape is None else random.uniform(.1, 1, shape).astype(np.float32)
                                           for shape in shapes]) for shapes in parameters.shapes(overlay, 10)]
    np.savez(path, *parameters.arrays(layers))


def seconds(*arguments):
    """Seconds of a whole Python process."""
    started = time.time()
    subprocess.check_output((sys.executable,) + arguments)
    return time.time() - started


def measure(overlay, rounds):
    """Median seconds of both.

    Returns
    -------
    dict
        net, seconds, least_seconds, ratio (seconds / least_seconds).
    """
    with temporary_folder() as folder:
        archive = os.path.join(folder, 'archive.npz')
        save_random(archive, overlay)
        generate = [os.path.join(ROOT, 'weights_gen', 'generate.py'), '--net', overlay.net,
                    '-wb', '%d' % overlay.weight_bits, '-ab', '%d' % overlay.activation_bits,
                    '--params', archive, '--out', os.path.join(folder, overlay.name)]
        ours, least = np.median([(seconds(*generate), seconds('-c', READ, archive)) for _ in range(rounds)], axis=0)
    return {'net': overlay.name, 'seconds': ours, 'least_seconds': least, 'ratio': ours / least}


def main(arguments):
    """The command line; see --help."""
    options = command_line.parse(__doc__, arguments)
    results = [measure(overlay, options.rounds) for overlay in OVERLAYS.values()]
    if options.json:
        print(json.dumps(results, indent=1, sort_keys=True))
        return
    print('seconds of a whole process, medians of %d rounds' % options.rounds)
    print('%-8s %11s %13s %7s' % ('', 'weights_gen', 'only reading', 'ratio'))
    for result in results:
        print('%-8s %11.3f %13.3f %6.1fx' % tuple(result[key] for key in ('net', 'seconds', 'least_seconds', 'ratio')))


if __name__ == '__main__':
    sys.exit(run(main))
