"""Training speed, in one sitting: the plain graph, this project (the "product"), and Brevitas on PyTorch.

    python bench/training.py --data-dir DIR --rounds 5 --json training.json

Each contender is a separate process that waits while the others work. A round is an epoch of each in turn, so other load on
the machine affects all alike. An epoch here is 10,000 training images (LFC) or 1,000 (CNV), and their share of the
validation set. It prints medians, the spread, and the ratio of each contender's time to the product's in the same round.
"""
from __future__ import absolute_import, division, print_function

import argparse
import collections
import io
import json
import os
import subprocess
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from bench import command_line
from common import machine
from common.errors import ArgumentParser, UserError, run
from common.files import temporary_folder
from common.overlays import NETWORKS

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IMAGES = {'lfc': (10000, 2000), 'cnv': (1000, 111)}         # training images, and their share of validation
FLOP = {'lfc': 15.9e6, 'cnv': .35e9}                        # operations per training image, forward and backward
BREVITAS = ['torch==2.13.0', 'brevitas==0.13.4']


class Worker(object):
    """A contender's process."""

    def __init__(self, name, net, bits, data, python=sys.executable, threads=None, batch=None, root=ROOT):
        environment = dict(os.environ)
        if threads:
            environment.update((variable, str(threads)) for variable in (
                'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'))
        self.name = name
        kind = 'product' if name == 'baseline' else name
        command = [python, os.path.join(root, 'bench', 'contenders.py'), kind, net, bits, data]
        command += [str(batch)] if batch else []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
                                        universal_newlines=True)
        self.ready = self._answer()['ready']
        self.rounds = []

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise UserError('the measurement of %s ended early: see what it printed' % self.name)
        return json.loads(line)

    def epoch(self):
        self.begin()
        self.end()

    def begin(self):
        self.process.stdin.write('epoch\n')
        self.process.stdin.flush()

    def end(self):
        self.rounds.append(self._answer())

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def seconds(self):
        """Seconds of each round: training and evaluation."""
        return np.array([one['train'] + one['evaluate'] for one in self.rounds])


def subset(net, data_dir, folder):
    """Write the images to measure with; without data_dir random ones, which take the same time."""
    count, share = IMAGES[net]
    if data_dir:
        from datasets import registry
        data = registry.load(NETWORKS[net].dataset, net, data_dir)
        parts = [part[:size] for part, size in ((data.train.images, count), (data.train.labels, count),
                                                (data.valid.images, share), (data.valid.labels, share))]
    else:
        random, shape = np.random.RandomState(0), NETWORKS[net].image_shape
        parts = [random.randint(0, top, (size,) + tail).astype(np.uint8)
                 for size in (count, share) for top, tail in ((256, shape), (10, ()))]
    path = os.path.join(folder, net + '.npz')
    np.savez(path, **dict(zip(('images', 'labels', 'valid_images', 'valid_labels'), parts)))
    return path


def brevitas_python(folder):
    """(Python, None) of an environment with Brevitas, made in `folder` if missing; or (None, reason)."""
    python = os.path.join(folder, 'bin', 'python')
    if not os.path.exists(python):
        base = machine.program('python3.11')
        if not base:
            return None, 'Brevitas needs python3.11 on the PATH'
        try:
            subprocess.check_call([base, '-m', 'venv', folder], stdout=sys.stderr)
            subprocess.check_call([python, '-m', 'pip', 'install', '--quiet'] + BREVITAS, stdout=sys.stderr)
        except (OSError, subprocess.CalledProcessError) as error:
            return None, 'Brevitas could not be installed (%s)' % error
    if subprocess.call([python, '-c', 'import torch, brevitas']):
        return None, 'Brevitas does not import in %s: remove that folder to install it again' % folder
    return python, None


def baseline_python(commit):
    """(Python, root) of an earlier commit's tree in its own environment, made if missing.

    Raises
    ------
    UserError
        There is no such commit, or its environment cannot be made.
    """
    git = ['git', '-C', ROOT]
    try:
        sha = subprocess.check_output(git + ['rev-parse', '--verify', '--quiet', commit + '^{commit}'],
                                      universal_newlines=True).strip()
    except (OSError, subprocess.CalledProcessError):
        raise UserError('--baseline: there is no commit %s in %s' % (commit, ROOT))
    root = machine.cache_folder('baseline', sha[:12])
    python = os.path.join(root, '.venv', 'active', 'bin', 'python')
    if not os.path.exists(python):
        print('making the environment of %s in %s; this takes a minute or two' % (commit, root), file=sys.stderr)
        if not os.path.isdir(root):
            os.makedirs(root)
        archive = subprocess.Popen(git + ['archive', sha], stdout=subprocess.PIPE)
        unpacked = subprocess.call(['tar', '-x', '-C', root], stdin=archive.stdout)
        if unpacked or archive.wait() or subprocess.call([os.path.join(root, 'scripts', 'setup.sh')],
                                                         env=dict(os.environ, RUNTIME='venv'), stdout=sys.stderr):
            raise UserError('--baseline: the environment of %s could not be made in %s' % (commit, root))
    return python, root


def peak():
    """GFLOP/s of multiply-adds in registers, on all threads: the machine's peak in this sitting."""
    with temporary_folder() as folder:
        compiled = os.path.join(folder, 'peak')
        try:
            subprocess.check_call([os.environ.get('CC', 'cc'), '-O3', '-march=native', '-fopenmp', '-o', compiled,
                                   os.path.join(ROOT, 'bench', 'peak.c')])
            return float(subprocess.check_output([compiled]))
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError('bench/peak.c could not be compiled and run (%s): install a C compiler' % error)


def processor():
    """The processor's name in /proc/cpuinfo."""
    try:
        with io.open('/proc/cpuinfo', encoding='utf-8') as handle:
            return next((line.split(':', 1)[1].strip() for line in handle if line.startswith('model name')), 'unknown')
    except EnvironmentError:
        return 'unknown'


def compare(net, bits, data, rounds, contenders, threads=None, batch=None):
    """Rows of the table: a dictionary per contender."""
    workers = [Worker(name, net, bits, data, python, threads, batch, root) for name, python, root in contenders]
    try:
        for _ in range(rounds):
            for worker in workers:
                worker.epoch()
    finally:
        for worker in workers:
            worker.close()
    product = next((worker for worker in workers if worker.name == 'product'), workers[-1])
    rows = []
    for worker in workers:
        seconds = worker.seconds()
        median = float(np.median(seconds))
        rows.append(collections.OrderedDict([
            ('contender', worker.name), ('net', net), ('bits', bits), ('threads', threads), ('batch', batch),
            ('seconds', median), ('least', float(seconds.min())), ('most', float(seconds.max())),
            ('cpu_seconds', float(np.median([one['cpu'] for one in worker.rounds]))),
            ('ratio', float(np.median(seconds / product.seconds()))),
            ('images_per_second', IMAGES[net][0] / median), ('gflops', IMAGES[net][0] * FLOP[net] / median / 1e9),
            ('memory_mb', worker.rounds[-1]['memory']), ('loss', worker.rounds[-1]['loss']),
            ('first_batch_seconds', worker.ready), ('rounds', worker.rounds)]))
    return rows


def scaling(net, data, rounds):
    """The speed-up of two threads, and that of 4, 8 and 16, computed from it.

    Two single-threaded trainings at once do twice the work of one with two threads. They never wait for each other, but
    share memory and cache as threads do. If a share s of a step runs on one thread alone, an epoch on N threads takes
    s + (1 - s) / N times as long as an epoch of one of these two.
    """
    one, other = [Worker('product', net, '1w1a', data, threads=1) for _ in range(2)]
    both = Worker('product', net, '1w1a', data, threads=2)
    alone = []
    try:
        for _ in range(rounds):
            one.epoch()
            alone.append(one.rounds.pop())
            one.begin()
            other.begin()
            one.end()
            other.end()
            both.epoch()
    finally:
        for worker in (one, other, both):
            worker.close()
    shared = (one.seconds() + other.seconds()) / 2
    serial = max(0., float(np.median(2 * both.seconds() / shared)) - 1)
    return collections.OrderedDict([
        ('net', net), ('alone', float(np.median([each['train'] + each['evaluate'] for each in alone]))),
        ('shared', float(np.median(shared))), ('two_threads', float(np.median(both.seconds()))), ('serial', serial),
        ('computed', {count: 1 / (serial + (1 - serial) / count) for count in (4, 8, 16)})])


def table(rows, gflops):
    """The lines of the table."""
    yield '%-9s %-4s %-5s %3s %5s | %8s %8s %8s | %7s | %8s | %8s | %5s | %6s | %7s' % (
        'contender', 'net', 'bits', 'thr', 'batch', 'median s', 'least', 'most', 'CPU s', '/product', 'images/s', 'peak',
        'MB', 'start s')
    for row in rows:
        yield '%-9s %-4s %-5s %3s %5s | %8.2f %8.2f %8.2f | %7.2f | %8.2f | %8.0f | %4.0f%% | %6.0f | %7.1f' % (
            row['contender'], row['net'], row['bits'], row['threads'] or '', row['batch'] or '', row['seconds'],
            row['least'], row['most'], row['cpu_seconds'], row['ratio'], row['images_per_second'],
            100 * row['gflops'] / gflops, row['memory_mb'], row['first_batch_seconds'])


def main(arguments):
    parser = ArgumentParser(description='Measure training speed.',
                            formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--net', nargs='+', choices=list(NETWORKS), default=list(NETWORKS))
    parser.add_argument('--data-dir', default=os.environ.get('DATA_DIR') or None,
                        help='the folder with mnist.npz and cifar10.npz; if not given, random images')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--grow', action='store_true', help='also threads, batch sizes, and other bits (also of --baseline)')
    parser.add_argument('--brevitas', metavar='DIR', help='an environment with Brevitas, or where to make one',
                        default=machine.cache_folder('brevitas'))
    parser.add_argument('--no-brevitas', action='store_true')
    parser.add_argument('--baseline', metavar='COMMIT', help='an earlier commit of this project, in its own environment')
    parser.add_argument('--json', metavar='FILE')
    options = parser.parse_args(arguments)
    command_line.check(parser, options.rounds)
    python, reason = (None, '--no-brevitas') if options.no_brevitas else brevitas_python(options.brevitas)
    product = ('product', sys.executable, ROOT)
    baseline = [('baseline',) + baseline_python(options.baseline)] if options.baseline else []
    contenders = [('plain', sys.executable, ROOT), product] + baseline + ([('brevitas', python, ROOT)] if python else [])
    gflops, rows, scales = peak(), [], []
    print('%s, %d processors; multiply-adds in registers: %.0f GFLOP/s' % (processor(), machine.processors(), gflops))
    if reason:
        print('without Brevitas: ' + reason)
    with temporary_folder() as folder:
        for net in options.net:
            data = subset(net, options.data_dir, folder)
            rows += compare(net, '1w1a', data, options.rounds, contenders)
            if options.grow:
                for bits in ('1w2a',) + ('2w2a',) * (net == 'cnv'):
                    rows += compare(net, bits, data, options.rounds, [product] + baseline)
                scales.append(scaling(net, data, options.rounds))
                for batch in (10, 25, 50, 100, 200, 500):
                    rows += compare(net, '1w1a', data, options.rounds, [product], batch=batch)
    print('\n'.join(table(rows, gflops)))
    for scale in scales:
        print('%(net)s, s an epoch: one thread alone %(alone).2f, two such trainings at once %(shared).2f, '
              'two threads %(two_threads).2f: serial share %(serial).3f' % scale)
        print('    computed, times as fast as one thread: ' + ', '.join(
            '%d threads %.1f' % each for each in sorted(scale['computed'].items())))
    if options.json:
        with open(options.json, 'w') as handle:
            json.dump({'processor': processor(), 'gflops': gflops, 'rows': rows, 'scaling': scales}, handle, indent=1)


if __name__ == '__main__':
    sys.exit(run(main))
