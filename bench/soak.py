"""Watch a long training: memory, open files, threads and time of every epoch, and whether any of them grows.

    python bench/soak.py --minutes 60 --data-dir DIR --out soak

LFC is trained in a separate process and stopped when the time is up. Each epoch adds a line to soak.csv when it ends. At the
end, the last quarter of the epochs is compared with the first. The exit status is 0 if nothing has grown.
"""
from __future__ import absolute_import, division, print_function

import collections
import csv
import os
import subprocess
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from common.errors import ArgumentParser, UserError, run

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STOPPED = 75            # exit status of a training that was asked to stop
WARM_UP = 2             # first epochs, not counted: arrays are allocated then
FEWEST = 4              # epochs after these, to have quarters

COLUMNS = ('epoch', 'minutes', 'seconds', 'cpu_seconds', 'memory_mb', 'peak_mb', 'files', 'threads')
Row = collections.namedtuple('Row', COLUMNS)

# The statistic that a quarter is judged by, and how much more the last may have than the first. Other programs make epochs
# longer, never shorter, so for time it is the shortest epoch of a quarter.
JUDGED = (('memory_mb', np.median, .02), ('files', np.median, 0), ('threads', np.median, 0),
          ('cpu_seconds', np.min, .2))


class Grown(UserError):
    """A quantity grew over the training."""


def used(process):
    """What a process uses now: CPU seconds, MB of memory, peak MB so far, open files, threads."""
    folder = '/proc/%d' % process
    with open(folder + '/stat') as handle:
        times = handle.read().rpartition(')')[2].split()[11:13]     # a program's name may contain anything
    with open(folder + '/status') as handle:
        status = dict(line.split(':', 1) for line in handle)
    return (sum(map(int, times)) / os.sysconf('SC_CLK_TCK'), int(status['VmRSS'].split()[0]) / 1024,
            int(status['VmHWM'].split()[0]) / 1024, len(os.listdir(folder + '/fd')), int(status['Threads']))


def watch(command, minutes, write):
    """Run a training and call ``write(row)`` for each of its epochs; returns all rows.

    Raises
    ------
    UserError
        The training failed.
    """
    started = before = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
    rows, cpu_before = [], 0.
    try:
        for line in iter(process.stdout.readline, ''):
            if not line.startswith('  test error rate'):     # the last line of an epoch
                continue
            now = time.time()
            cpu, memory, peak, files, threads = used(process.pid)
            rows.append(Row(len(rows) + 1, (now - started) / 60, now - before, cpu - cpu_before, memory, peak, files,
                            threads))
            before, cpu_before = now, cpu
            write(rows[-1])
            if now - started > 60 * minutes:
                process.terminate()
        status = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        process.stdout.close()
    if status not in (0, STOPPED):
        raise UserError('the training ended with status %d after %d epochs: what it printed says why'
                        % (status, len(rows)))
    return rows


def judge(rows):
    """Compare the first quarter of the epochs with the last: (lines of a table, names of what has grown).

    Raises
    ------
    UserError
        There are too few epochs.
    """
    rows = rows[WARM_UP:]
    if len(rows) < FEWEST:
        raise UserError('%d epochs are too few to judge: give more --minutes, or a --train-size' % (len(rows) + WARM_UP))
    quarter = len(rows) // 4
    lines, grown = ['%-12s %10s %10s %8s' % ('', 'first', 'last', 'change')], []
    for name, of_quarter, room in JUDGED:
        values = [getattr(row, name) for row in rows]
        first, last = of_quarter(values[:quarter]), of_quarter(values[-quarter:])
        lines.append('%-12s %10.2f %10.2f %+7.2f%%' % (name, first, last, 100 * (last / first - 1)))
        if last > first * (1 + room):
            grown.append(name)
    return lines, grown


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description='Watch a long training of LFC.')
    parser.add_argument('--minutes', type=float, default=60., help='(default: 60)')
    parser.add_argument('--dataset', default='mnist', help='for training/mnist_mod.py (default: mnist)')
    parser.add_argument('--data-dir', default=os.environ.get('DATA_DIR') or None, help='the folder with mnist.npz')
    parser.add_argument('--train-size', type=int, metavar='N', help='use only the first N training images')
    parser.add_argument('--out', default='soak', metavar='DIR', help='for soak.csv and the run folder (default: soak)')
    options = parser.parse_args(arguments)
    if not 0 <= options.minutes <= 1e6:
        parser.error('argument --minutes: give 0 to 1000000')
    if options.train_size is not None and not 100 <= options.train_size <= 10 ** 9:
        parser.error('argument --train-size: give 100 (a batch) to 10^9')
    command = [sys.executable, '-u', os.path.join(ROOT, 'training', 'mnist_mod.py'), '--dataset', options.dataset,
               '--out', options.out]
    for name in ('data_dir', 'train_size'):
        if getattr(options, name) is not None:
            command += ['--' + name.replace('_', '-'), str(getattr(options, name))]
    if not os.path.isdir(options.out):
        os.makedirs(options.out)
    with open(os.path.join(options.out, 'soak.csv'), 'w') as handle:
        table = csv.writer(handle, lineterminator='\n')
        table.writerow(COLUMNS)

        def write(row):
            table.writerow(['%g' % round(value, 3) for value in row])
            handle.flush()

        rows = watch(command, options.minutes, write)
    lines, grown = judge(rows)
    print('%d epochs in %.1f minutes; the first %d are not counted' % (len(rows), rows[-1].minutes, WARM_UP))
    print('\n'.join(lines))
    if grown:
        raise Grown('%s grew: see %s' % (', '.join(grown), handle.name))


if __name__ == '__main__':
    sys.exit(run(main))
