"""Record one run of the reliability checks: make prove-reliability.

    python bench/reliability.py [--kills 100] [--fuzz-seconds 60] [--soak-minutes 5] [--sample N] [--out DIR]

1. Trainings are killed at random moments, --kills times in all, and resumed. The files they end with are compared, bit by
   bit, with those of an uninterrupted one.
2. Every command is tried with every fault at every call that writes (tests/faults).
3. Every file reader is fuzzed (tests/fuzz).
4. A long training is watched (bench/soak.py).

Writes reliability.json to DIR (default: bench/results) and, if that is the default, its table into bench/README.md. The exit
status is 1 if anything was lost, hung or ended in a traceback. Run it in the tests' environment.
"""
from __future__ import absolute_import, division, print_function

import collections
import csv
import io
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from bench.training import processor
from common import machine
from common.errors import ArgumentParser, UserError, run
from common.files import temporary_folder, whole_file

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
README, RESULTS = os.path.join(ROOT, 'bench', 'README.md'), os.path.join(ROOT, 'bench', 'results')
BEGIN, END = '<!-- of results/reliability.json -->', '<!-- end -->'
LONG = ('--train-size', '500', '--epochs', '24')    # enough batches for a hundred kills
FAULTS = {'killed': 'killed', 'interrupted': 'Ctrl-C', 'terminated': 'SIGTERM', 'full': 'disk full', 'broken': 'disk broken',
          'power cut': 'power cut'}                 # the kinds of tests/faults
PATIENCE = 600              # seconds without a checkpoint after which a training counts as hung


def bits_that_differ(one, other):
    """In how many bits two files differ; if their lengths do, all bits of the longer."""
    first, second = (np.fromfile(path, np.uint8) for path in (one, other))
    if len(first) != len(second):
        return 8 * max(len(first), len(second))
    return int(np.unpackbits(first ^ second).sum())


def written(path):
    """When a file was last written, or None if it does not exist, as between two checkpoints."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def kills(wanted, parent):
    """Kill trainings at random moments, `wanted` times in all, and resume them.

    Returns
    -------
    dict
        Counts: tried (kills); lost (trainings that cannot resume or end differently); bits (of their files that differ);
        trainings; tracebacks; hangs.
    """
    from tests.training.test_kill import SAME_FILES, figures, finish, folder, start
    whole = os.path.join(parent, 'whole')
    status, output = finish(start('lfc', whole, *LONG, BNN_CHECKPOINT_SECONDS='1000'))
    if status:
        raise UserError('the uninterrupted training failed: %s' % output[-300:])
    result = collections.OrderedDict.fromkeys(('tried', 'lost', 'tracebacks', 'hangs', 'bits', 'trainings'), 0)
    moments, out = random.Random(1), os.path.join(parent, 'killed')
    last = os.path.join(folder('lfc', out), 'checkpoint.npz')

    def killed():
        """Start or resume the training and kill it a moment after its next checkpoint; whether it still ran."""
        before = written(last)
        process, begun = start('lfc', out, '--resume', *LONG), time.time()
        while process.poll() is None and written(last) in (None, before):
            time.sleep(.01)
            if time.time() - begun > PATIENCE:
                result['hangs'] += 1
                break
        time.sleep(moments.uniform(0, .6))
        alive = process.poll() is None
        if alive:
            process.kill()
        status, output = finish(process)
        result['tracebacks'] += 'Traceback' in output
        result['lost'] += not alive and status != 0
        return alive

    while result['tried'] < wanted and not result['lost'] + result['hangs']:
        shutil.rmtree(out, ignore_errors=True)
        result['trainings'] += 1
        while result['tried'] < wanted and killed():
            result['tried'] += 1
        status, output = finish(start('lfc', out, '--resume', *LONG))
        result['tracebacks'] += 'Traceback' in output
        bits = sum(bits_that_differ(*(os.path.join(folder('lfc', place), name) for place in (whole, out)))
                   for name in SAME_FILES) if status == 0 else 0
        logs = [figures(os.path.join(folder('lfc', place), 'train.log')) for place in (whole, out)]
        result['bits'] += bits
        result['lost'] += bool(status or bits or logs[0] != logs[1])
    return result


def module(name, *arguments):
    """What a test module writes with --json (None if nothing), and its exit status."""
    with temporary_folder() as folder:
        path = os.path.join(folder, 'counts.json')
        status = subprocess.call([sys.executable, '-m', name, '--json', path] + list(arguments), cwd=ROOT)
        if not os.path.exists(path):
            return None, status
        with io.open(path, encoding='ascii') as handle:
            return json.load(handle), status


def soak(minutes, data_dir, parent):
    """Watch a long training with bench/soak.py: epochs, minutes, the data set, and whether anything grew."""
    command = [sys.executable, os.path.join(ROOT, 'bench', 'soak.py'), '--minutes', '%g' % minutes, '--out', parent]
    command += ['--data-dir', data_dir] if data_dir else ['--dataset', 'digits']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.communicate()[0].decode('utf-8', 'replace')
    print(output)
    with io.open(os.path.join(parent, 'soak.csv'), encoding='ascii') as handle:
        rows = list(csv.DictReader(handle))
    if not rows:
        raise UserError('the long training failed: %s' % ' '.join(output[-300:].split()))
    return collections.OrderedDict([
        ('tried', len(rows)), ('lost', int(process.returncode != 0)), ('tracebacks', int('Traceback' in output)),
        ('hangs', 0), ('minutes', float(rows[-1]['minutes'])), ('dataset', 'mnist' if data_dir else 'digits'),
        ('memory_mb', [float(rows[number]['memory_mb']) for number in (0, -1)])])


def table(results):
    """The lines of the Markdown table."""
    about = results['machine']
    rows = [('a training killed and resumed: %(bits)d bits of its files differ' % results['kills'], results['kills'], 0)]
    faults = collections.OrderedDict()
    for row in results['faults']:
        counts = faults.setdefault(row['kind'], collections.Counter())
        counts.update({name: row[name] for name in row if isinstance(row[name], int)})
    rows += [('a command: {}, of {:,} calls'.format(FAULTS[kind], counts['calls']), counts, counts['untidy'])
             for kind, counts in faults.items()]
    fuzzed = results['fuzz'] or {}
    rows += [('damaged input: %s' % name, dict(counts, lost=None), counts['crashes'] + counts['memory'])
             for name, counts in sorted(fuzzed.items())]
    rows.append(('epochs of a training of %(minutes).1f minutes, %(dataset)s' % results['soak'], results['soak'], 0))
    lines = ['%s, %d processors, Python %s, %s, %s: `make prove-reliability` ([results/reliability.json]'
             '(results/reliability.json)).' % (about['processor'], about['processors'], about['python'], about['date'],
                                               about['load']), '',
             '| kind | tried | lost | tracebacks | hangs | other |', '|---|---|---|---|---|---|']
    for title, counts, other in rows:
        lines.append('| %s | %s |' % (title, ' | '.join(
            '' if value is None else '{:,}'.format(value) for value in [
                counts[name] for name in ('tried', 'lost', 'tracebacks', 'hangs')] + [other])))
    if not fuzzed:
        lines += ['', 'Damaged inputs were not tried in this run.']
    return lines


def put(lines, path=README):
    """Put the table's lines between the markers of a file."""
    with io.open(path, encoding='utf-8') as handle:
        text = handle.read()
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise UserError('%s has no place for the table, %s ... %s' % (path, BEGIN, END))
    with whole_file(path, 'w') as handle:
        handle.write(u'%s%s\n%s\n%s%s' % (before, BEGIN, '\n'.join(lines), END, after))


def bad(results):
    """The sum of all counts that should be 0."""
    counted = [results['kills'], results['soak']] + results['faults'] + list((results['fuzz'] or {}).values())
    return sum(counts.get(name, 0) for counts in counted
               for name in ('lost', 'tracebacks', 'hangs', 'untidy', 'crashes', 'memory', 'bits'))


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(prog='prove-reliability', description=__doc__.split('\n')[0])
    parser.add_argument('--kills', type=int, default=100, help='(default: 100)')
    parser.add_argument('--sample', type=int, metavar='N', help='calls to try for each command and fault (default: all)')
    parser.add_argument('--fuzz-seconds', type=int, default=60, help='seconds to fuzz each reader; 0: do not (default: 60)')
    parser.add_argument('--soak-minutes', type=float, default=5., help='(default: 5)')
    parser.add_argument('--data-dir', default=os.environ.get('DATA_DIR') or None,
                        help='the folder with mnist.npz, for the long training (default: train on digits)')
    parser.add_argument('--out', default=RESULTS, metavar='DIR', help='(default: bench/results)')
    given = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    results = collections.OrderedDict([('machine', collections.OrderedDict([
        ('processor', processor()), ('processors', machine.processors()), ('python', platform.python_version()),
        ('date', time.strftime('%Y-%m-%d')),
        ('load', 'nearly idle' if load < .5 * machine.processors() else 'with other programs beside (load %.0f)' % load)]))])
    with temporary_folder() as parent:
        results['kills'] = kills(given.kills, parent)
        print('killed: %s' % json.dumps(results['kills']))
        sys.stdout.flush()
        results['faults'], status = module('tests.faults', *['--sample=%d' % given.sample] * bool(given.sample))
        if results['faults'] is None:
            raise UserError('tests.faults ended with status %d' % status)
        results['fuzz'], status = module('tests.fuzz.run', '--seconds=%d' % given.fuzz_seconds) if given.fuzz_seconds else (
            None, 0)
        if given.fuzz_seconds and results['fuzz'] is None:
            print('tests.fuzz.run ended with status %d: damaged inputs were not tried' % status)
        results['soak'] = soak(given.soak_minutes, given.data_dir, os.path.join(parent, 'soak'))
    with whole_file(os.path.join(given.out, 'reliability.json'), 'w') as handle:
        handle.write(u'%s\n' % json.dumps(results, indent=1, separators=(',', ': ')))
    lines = table(results)
    print('\n'.join(lines))
    if os.path.samefile(given.out, RESULTS):
        put(lines)
    if bad(results):
        raise UserError('%d failures: see above' % bad(results))


if __name__ == '__main__':
    sys.exit(run(main))
