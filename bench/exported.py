"""The exported C file compared with the simulator's kernel: processor milliseconds per image, on one thread each.

    python bench/exported.py [--net cnvW1A1] [--rounds 7] [--json]

Random parameters and images, as in bench/simulator.py. The C file is compiled as its own comment says, with
cc -O3 -march=native, and again without -march. All must give the same sum of scores. Each round runs all in turn; figures
are medians of the rounds. Processor time excludes other programs.
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
from bench.simulator import NotMeasured, random_network
from bench.training import processor
from board import kernel
from board.simulator import answers
from common.errors import run
from common.files import temporary_folder
from common.overlays import OVERLAYS
from export import c_source, network, source

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = {'lfc': 2000, 'cnv': 50}       # per round
processor_time = getattr(time, 'process_time', None) or time.clock       # Python 2's, on Linux
COLUMNS = 'native_ms', 'portable_ms', 'simulator_ms'
CLASSES = 10


def measure(overlay, rounds):
    """Medians for the exported file, compiled for this processor and for any of its kind, and for the simulator.

    Returns
    -------
    dict
        net, and :data:`COLUMNS`, per image.
    """
    parameters, images = random_network(overlay)
    images = images[:IMAGES[overlay.net]]
    try:
        simulator = kernel.Kernel(overlay, parameters)
    except kernel.NoKernel as error:
        raise NotMeasured(str(error))
    scores = simulator.run(images)[:, :CLASSES]
    expected = int(scores.sum() + answers(overlay, scores).sum())
    of = source.Source(overlay.name, overlay, network.unpacked(overlay, parameters, CLASSES),
                       classes=[u'%d' % number for number in range(CLASSES)], dataset=None, accuracy=None, note=None,
                       fingerprint=None, samples=images[:0], invert=None, threshold=None)
    times = []
    with temporary_folder() as folder:
        programs = [compiled(of, options, images, folder) for options in (['-march=native'], [])]
        for _ in range(rounds):
            taken = []
            for program in programs:
                process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                seconds, found = process.communicate(images.tobytes())[0].split()
                if int(found) != expected:
                    raise NotMeasured('%s: the exported C and the simulator differ' % overlay.name)
                taken.append(1e3 * float(seconds) / len(images))
            started = processor_time()
            simulator.run(images, threads=1)
            times.append(taken + [1e3 * (processor_time() - started) / len(images)])
    return dict(zip(('net',) + COLUMNS, [overlay.name] + np.median(times, axis=0).tolist()))


def compiled(of, options, images, folder):
    """The path of a program that times an exported network on a number of images.

    Raises
    ------
    NotMeasured
        There is no C compiler.
    """
    for ending, data in c_source.files(of).items():
        with open(os.path.join(folder, of.name + ending), 'wb') as handle:
            handle.write(data)
    defined = {'HEADER': '"%s.h"' % of.name, 'CLASSIFY': of.identifier + '_classify', 'IMAGE_BYTES': images[0].size,
               'CLASSES': CLASSES, 'IMAGES': len(images)}
    program = os.path.join(folder, 'timed' + ''.join(options))
    command = [os.environ.get('CC', 'cc'), '-std=c99', '-O3'] + options + [
        '-D%s=%s' % pair for pair in sorted(defined.items())] + [
        '-I', folder, '-o', program, os.path.join(HERE, 'exported.c'), os.path.join(folder, of.name + '.c')]
    try:
        subprocess.check_call(command)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasured('the exported C cannot be compiled (%s): install a C compiler, or name one with CC=' % error)
    return program


def main(arguments):
    """The command line; see --help."""
    options = command_line.parse(__doc__, arguments, OVERLAYS)
    if not options.json:
        print('%s; processor ms per image, one thread, medians of %d rounds' % (processor(), options.rounds))
        print('%-8s %10s %10s %10s' % ('', 'exported', 'portable', 'simulator'))
    results = []
    for name in options.net or OVERLAYS:
        results.append(measure(OVERLAYS[name], options.rounds))
        if not options.json:
            print('%(net)-8s %(native_ms)10.4f %(portable_ms)10.4f %(simulator_ms)10.4f' % results[-1])
            sys.stdout.flush()
    if options.json:
        print(json.dumps({'processor': processor(), 'rows': results}, indent=1, sort_keys=True))


if __name__ == '__main__':
    sys.exit(run(main))
