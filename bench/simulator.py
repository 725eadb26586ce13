"""The simulator's C kernel compared with its numpy reference, in one run with a round of each in turn.

    python bench/simulator.py [--net cnvW1A1] [--rounds 7] [--json]

Parameters and images are random: the work does not depend on them. Prints medians of the rounds, on all processors that this
process may use, and the published times of an Ultra96's FPGA.
"""
from __future__ import absolute_import, division, print_function

import json
import os
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from bench import command_line
from board import kernel, reference
from common import machine
from common.errors import UserError, run
from common.overlays import IN_BATCHES, OVERLAYS, ULTRA96

IMAGES = {'lfc': (1000, 20000), 'cnv': (40, 1000)}      # per round: numpy, C


class NotMeasured(UserError):
    """There is nothing to measure, or the results differ."""


def random_network(overlay):
    """Parameters of the overlay's shapes, thresholds near the middle of the sums, and images."""
    rng = np.random.RandomState(1)
    parameters = []
    for layer in overlay.layers:
        weights = rng.choice([-1, 1] if layer.weight_bits == 1 else [-1, 0, 1], (layer.rows, layer.columns))
        middle = layer.columns // 2 if reference.counts_equal_bits(layer) else 0
        steps = max(1, sum(layer.activation_bits))
        thresholds = np.sort(middle + rng.randint(-20, 20, (layer.rows, steps)), axis=1) if layer.thresholds else None
        parameters.append((weights.astype(np.int8), thresholds))
    images = rng.randint(0, 256, (max(IMAGES[overlay.net]),) + overlay.image_shape).astype(np.uint8)
    return parameters, images


def milliseconds(function, images):
    """Milliseconds per image, when all are computed in one call."""
    started = time.time()
    function(images)
    return 1e3 * (time.time() - started) / len(images)


def measure(overlay, rounds):
    """Medians of both engines.

    Returns
    -------
    dict
        net, numpy_ms, c_ms, ratio (numpy / C), fpga_ms (None if unpublished).
    """
    parameters, images = random_network(overlay)
    try:
        network = kernel.Kernel(overlay, parameters)
    except kernel.NoKernel as error:
        raise NotMeasured(str(error))
    by_numpy, by_c = [images[:count] for count in IMAGES[overlay.net]]
    if not np.array_equal(network.run(by_numpy), reference.run(overlay, parameters, by_numpy)):     # warms both up
        raise NotMeasured('%s: C and numpy differ' % overlay.name)
    times = []
    for _ in range(rounds):
        of_numpy = milliseconds(lambda part: reference.run(overlay, parameters, part), by_numpy)
        time.sleep(0.2)         # OpenBLAS's threads keep spinning for a while
        times.append((of_numpy, milliseconds(network.run, by_c)))
    published = {how: time for board, how, time in overlay.published.measured if board is ULTRA96}
    numpy_ms, c_ms = np.median(times, axis=0).tolist()
    return {'net': overlay.name, 'numpy_ms': numpy_ms, 'c_ms': c_ms, 'ratio': numpy_ms / c_ms,
            'fpga_ms': published[IN_BATCHES] / 1e3 if IN_BATCHES in published else None}


def main(arguments):
    """The command line; see --help."""
    options = command_line.parse(__doc__, arguments, OVERLAYS)
    if not options.json:
        print('ms per image, medians of %d rounds, %d processors' % (options.rounds, machine.processors()))
        print('%-8s %9s %9s %7s %9s' % ('', 'numpy', 'C', 'ratio', 'FPGA'))
    results = []
    for name in options.net or OVERLAYS:
        result = measure(OVERLAYS[name], options.rounds)
        results.append(result)
        if not options.json:
            print('%-8s %9.4f %9.4f %6.1fx %9s' % (name, result['numpy_ms'], result['c_ms'], result['ratio'],
                                                  '-' if result['fpga_ms'] is None else '%.4f' % result['fpga_ms']))
            sys.stdout.flush()
    if options.json:
        print(json.dumps(results, indent=1, sort_keys=True))


if __name__ == '__main__':
    sys.exit(run(main))
