"""Compute the graph for a GPU by OpenCL on this machine's processors, and compare it with the CPU's own kernels.

    python -m scripts.prove_gpu.opencl [--quick]        # quick: two networks, two steps

For each network, at full size and with the original batch size and dropout: evaluation outputs, losses of ten steps,
parameters after the first step, and dropout masks, within the tolerances of tests/training/test_faithful.py. Then a
training stopped on one device is resumed on the other, and selftest compares them.
"""
from __future__ import absolute_import, division

import argparse
import os
import signal
import subprocess
import sys

import numpy as np

from common import npz
from common.errors import UserError, run
from common.files import temporary_folder
from common.overlays import OVERLAYS
from scripts.prove_gpu.children import Report, answers, environment
from training.processes import LARGEST, ROOT, python
from training.stopping import STOPPED

OPENCL = 'opencl0:0'
CLOSE = 1e-5
ROUNDING = 1e-5         # error of a gradient, relative to its layer's root mean square
UNDECIDED = 2e-3        # share of parameters whose gradient is 0 but for rounding
STEPS, NUDGES = 10, 4
QUICK = ('lfcW1A1', 'cnvW1A2'), 2, 1

# Most launches per step. With a kernel for each array of each formula there were twice as many (216 and 431).
MOST_LAUNCHES = {'lfc': 108, 'cnv': 221}
MOST_TRANSFERS = 5      # images, targets, two sizes, and the loss back


def differences(one, other, about, overlay):
    """Lines that say what is too far apart; and the relative differences of the losses."""
    beyond = []
    if not np.array_equal(one['mask'], other['mask']):
        beyond.append('dropout draws different numbers')
    if not np.allclose(one['outputs'], other['outputs'], rtol=CLOSE, atol=CLOSE):
        beyond.append('the evaluation outputs, by %.1g' % np.abs(one['outputs'] - other['outputs']).max())
    apart = np.abs(one['losses'] - other['losses'])
    if not apart[0] <= CLOSE * other['losses'][0]:
        beyond.append('the first loss')
    strays = [np.abs(losses - other['losses']) for name, losses in other.items() if name.startswith('strayed')]
    allowed = np.max(strays, 0)[1:].mean()
    if not apart[1:].mean() <= 2 * allowed + 1e-6:
        beyond.append('the losses, by %.1g on average; rounding alone: %.1g' % (apart[1:].mean(), allowed))
    beyond += _parameters(one, other, about, overlay)
    return beyond, apart / other['losses']


def _parameters(one, other, about, overlay):
    rate, undecided, total, beyond = overlay.network.training.LR_start, 0, 0, []
    for number, (name, scale) in enumerate(zip(about['names'], about['scales'])):
        value, expected = one['parameter_%d' % number], other['parameter_%d' % number]
        close = np.isclose(value, expected, rtol=CLOSE, atol=CLOSE)
        total += value.size
        if close.all():
            continue
        if name == 'b':         # batch norm cancels it: its gradient is 0 but for rounding
            well = close | (np.abs(value - expected) < 3 * rate)
        elif name in ('mean', 'inv_std'):
            well = close
        else:                   # Adam's step has the same relative error as its gradient
            gradient = np.abs(other['moment_%d' % number])
            well = close | (np.abs(value - expected) * gradient <
                            rate * scale * ROUNDING * np.sqrt(np.mean(gradient ** 2)))
            undecided += np.sum(~close)
        if not well.all():
            beyond.append('%d of %d values of parameter %d, %s' % (np.sum(~well), value.size, number, name))
    if undecided >= UNDECIDED * total:
        beyond.append('%d values of all parameters' % undecided)
    return beyond


def compare(report, overlay, steps, nudges):
    """Compare one network on both, and report it in a line."""
    try:
        one, about = answers(environment(OPENCL), '--network', overlay.name, '--steps', str(steps))
        other, _ = answers(environment('cpu'), '--network', overlay.name, '--steps', str(steps), '--nudges', str(nudges))
    except UserError as error:
        report(False, '%s: %s' % (overlay.name, error))
        return
    beyond, apart = differences(one, other, about, overlay)
    report(not beyond, '%s, %d steps of %d images: OpenCL %s (losses %.1g apart in the first step, %.1g in the last)%s' % (
        overlay.name, steps, len(one['outputs']), 'differs from the CPU' if beyond else 'matches the CPU', apart[0],
        apart[-1], '; too far apart: ' + ', '.join(beyond) if beyond else ''))
    made_of(report, overlay, about, MOST_LAUNCHES)


def made_of(report, overlay, about, most_launches):
    """Report what a step is made of, in a line."""
    operations = about['operations']
    report(not about['on_the_host'] and about['launches'] <= most_launches[overlay.net] and
           about['transfers'] <= MOST_TRANSFERS, '%s, a step: %d launches (at most %d), %d transfers (at most %d), %s on '
           'the host; %s' % (
               overlay.name, about['launches'], most_launches[overlay.net], about['transfers'], MOST_TRANSFERS,
               ', '.join(about['on_the_host']) or 'nothing heavy', ', '.join(
                   '%d %s' % (operations.get(name, 0), name) for name in (
                       'GpuElemwise', 'GpuDimShuffle', 'GpuContiguous', 'Updates', 'Dropout'))))


# --- checkpoints ------------------------------------------------------------------------------------------------------

TRAINING = ['-m', 'training.experiment', '--net', 'lfc', '--dataset', 'digits', '--epochs', '6', '--train-size', '300']


def resume(report, first, second):
    """Report whether a training stopped on one device resumes on the other."""
    with temporary_folder() as folder:
        arguments = TRAINING + ['--out', folder]
        process = subprocess.Popen([sys.executable, '-u'] + arguments, cwd=ROOT, env=environment(first),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = []
        for line in iter(process.stdout.readline, b''):
            said.append(line.decode('utf-8', 'replace').strip())
            if said[-1].startswith('Epoch 2 ') and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        process.stdout.close()
        if process.wait() != STOPPED:
            report(False, 'a checkpoint: %s: status %d: %s' % (first, process.returncode, said[-1:]))
            return
        path = os.path.join(folder, 'digits-lfcW1A1', 'checkpoint.npz')
        position = npz.read(path, ['position'], LARGEST)['position'][0]
        status, words = python(environment(second), *(arguments + ['--resume', '1']))
        lines = [line.strip() for line in words.splitlines()]
        resumed = [line for line in lines if line.startswith('Resuming at epoch')]
        report(status == 0 and len(resumed) == 1, 'a checkpoint of %s, made in epoch %d, %s on %s%s' % (
            first, position + 1, 'resumes' if status == 0 and resumed else 'does not resume', second,
            '' if status == 0 else ': ' + lines[-1]))


def selftest(report):
    """Run make selftest, which is for a real GPU, on OpenCL."""
    with temporary_folder() as folder:
        status, said = python(environment(OPENCL), '-m', 'training.selftest', '--only', 'lfcW1A1', '--runs', folder)
    lines = [line for line in said.splitlines() if 'lfcW1A1: ' in line] or said.splitlines()[-1:]
    well = status == 0 and 'the GPU matches the CPU' in lines[0]
    report(well, 'selftest says: %s' % lines[0].partition(' ')[2].strip())


def main(arguments):
    """The command line; see the module. The exit status: 0 if all is well, else 1."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true')
    given = parser.parse_args(arguments)
    names, steps, nudges = QUICK if given.quick else (list(OVERLAYS), STEPS, NUDGES)
    report = Report()
    for name in names:
        compare(report, OVERLAYS[name], steps, nudges)
    resume(report, 'cpu', OPENCL)
    if not given.quick:
        resume(report, OPENCL, 'cpu')
        selftest(report)
    return int(report.failed)


if __name__ == '__main__':
    sys.exit(run(main))
