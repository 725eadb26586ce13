"""CUDA's code path without a GPU: NVRTC 10.2 compiles all kernels, and a driver that does nothing loads them.

    LD_LIBRARY_PATH=FOLDER python -m scripts.prove_gpu.cuda       # see prove_gpu.sh

It shows that everything compiles for the architecture, what a step is made of, that checkpoints are written and read, and
what doctor and selftest say. It cannot show numerical results, cuDNN or speed.
"""
from __future__ import absolute_import, division

import os
import sys

from common.errors import UserError, run
from common.files import temporary_folder
from common.overlays import OVERLAYS
from scripts.prove_gpu.children import Report, answers, environment
from scripts.prove_gpu.opencl import made_of, resume
from training.processes import python

T4, TOO_NEW = '7.5', ('8.0', '9.0')
WITHOUT_CUDNN = 'dnn.enabled=False'
MOST_LAUNCHES = {'lfc': 106, 'cnv': 214}        # half of what it was before kernels were fused: 212 and 428


def flags(kernels):
    """Theano flags with an empty folder for compiled kernels, so that all are compiled."""
    return '%s,gpuarray.cache_path=%s' % (WITHOUT_CUDNN, kernels)


def modules(path):
    """The driver's log: the number of modules loaded for each architecture, and the number of launches."""
    found, launches = {}, 0
    if os.path.exists(path):
        with open(path) as handle:
            for line in handle:
                word, value = line.split()
                if word == 'launches':
                    launches += int(value)
                else:
                    found[value] = found.get(value, 0) + 1
    return found, launches


def compiles(report, overlay, folder):
    """Report whether all kernels of a network compile for a T4."""
    log = os.path.join(folder, overlay.name)
    try:
        _, about = answers(environment('cuda', FLAGS=flags(os.path.join(folder, overlay.name + '-kernels')),
                                       STAND_IN_CAPABILITY=T4, STAND_IN_LOG=log), '--network', overlay.name, '--steps', '2')
    except UserError as error:
        report(False, '%s: %s' % (overlay.name, error))
        return
    found, launches = modules(log)
    report(list(found) == ['sm_75'] and launches > 0, '%s: %s; %d launches' % (
        overlay.name, ', '.join('%d kernels compiled for %s' % (count, name) for name, count in found.items()) or
        'no kernel was compiled', launches))
    made_of(report, overlay, about, MOST_LAUNCHES)


def says(report, folder, capability, program, *expected):
    """Report whether a program of the project fails on such a GPU and says each of the expected words in one line."""
    variables = environment('cuda', FLAGS=flags(os.path.join(folder, capability)), STAND_IN_CAPABILITY=capability)
    status, said = python(variables, *program)
    for words in expected:
        lines = [line.strip() for line in said.splitlines() if words in line]
        report(status not in (0, 2) and len(lines) == 1, 'compute capability %s, %s: %s' % (
            capability, program[1].rpartition('.')[2] if program[0] == '-m' else program[0],
            lines[0] if lines else 'does not say "%s": %s' % (words, said.strip().splitlines()[-1:])))


def main(arguments):
    """The exit status: 0 if all is well, else 1."""
    report = Report()
    with temporary_folder() as folder:
        for overlay in OVERLAYS.values():
            compiles(report, overlay, folder)
        doctor = 'scripts/doctor.py', '--device=cuda', '--runs', folder
        selftest = '-m', 'training.selftest', '--device=cuda', '--only=lfcW1A1', '--runs', folder
        train = '-m', 'training.experiment', '--net=lfc', '--dataset=digits', '--epochs=1', '--out', folder
        says(report, folder, T4, doctor, 'compute capability 7.5', 'a product or a kernel computes wrongly')
        says(report, folder, T4, selftest, 'lfcW1A1: the GPU differs from the CPU')
        for capability in TOO_NEW:
            says(report, folder, capability, doctor, 'newer than Turing', 'no kernel can be compiled and run')
            says(report, folder, capability, selftest, 'lfcW1A1: the GPU fails')
            says(report, folder, capability, train, 'Theano cannot use a GPU here')
        given = os.environ.get('THEANO_FLAGS')
        os.environ['THEANO_FLAGS'] = ','.join(filter(None, [given, flags(os.path.join(folder, 'resumed'))]))
        resume(report, 'cuda', 'cuda')
    report(True, 'not shown without a GPU: numerical results, cuDNN, speed')
    return int(report.failed)


if __name__ == '__main__':
    sys.exit(run(main))
