"""C test programs, compiled with sanitizers and run on several numbers of threads; what this machine lacks is skipped."""
from __future__ import absolute_import

import os
import subprocess

import pytest

from common.machine import program
from tests.shared import ROOT

STRICT = ['-std=gnu99', '-Wall', '-Werror', '-Wno-psabi']
SANITIZERS = ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
THREADS = (1, 2, 3, 5, 7, 16, 64)

needs_gcc = pytest.mark.skipif(not program('gcc'), reason='no gcc')

# A loop with a data race: ThreadSanitizer must find it, or it would find nothing else.
_RACE = b'''#include <stdio.h>
int main(void)
{
    long sum = 0;
#pragma omp parallel for
    for (long i = 0; i < 100000; i++)
        sum += i;
    return printf("%ld", sum) < 0;
}
'''


def needs_processor(*features):
    """Skip if this processor lacks one of these features of /proc/cpuinfo."""
    with open('/proc/cpuinfo') as handle:
        words = set(handle.read().split())
    lacking = [feature for feature in features if feature not in words]
    if lacking:
        pytest.skip('this processor has no %s' % ', '.join(lacking))


def compiled(source, path, options, compiler='gcc'):
    """Compile a C file of the tests; returns the program's path, as str."""
    subprocess.check_call([compiler] + STRICT + list(options) + [os.path.join(ROOT, source), '-o', str(path), '-lm'])
    return str(path)


def run(command, **environment):
    """Status and output of a program, whose threads sleep while waiting."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                               env=dict(os.environ, OMP_WAIT_POLICY='passive', **environment))
    output = process.communicate()[0]
    return process.returncode, output


def answers(command, threads=1, **environment):
    """The output of a program that must succeed."""
    status, output = run(command, OMP_NUM_THREADS=str(threads), **environment)
    assert status == 0, output
    return output


def race_detector(folder):
    """Clang's options to compile OpenMP for ThreadSanitizer, and the environment of such programs.

    GCC's OpenMP does not support it: every barrier would be a race. LLVM's reports its synchronisation through Archer.
    Skips if one of them is missing, or finds no race.
    """
    options, source = ['-fopenmp', '-fsanitize=thread', '-O1', '-g', '-Wno-pass-failed'], folder.join('race.c')
    source.write_binary(_RACE)
    try:
        archer = subprocess.check_output(['clang', '-print-file-name=libarcher.so']).decode().strip()
        subprocess.check_output(['clang'] + options + [str(source), '-o', str(folder.join('race'))],
                                stderr=subprocess.STDOUT)
    except (EnvironmentError, subprocess.CalledProcessError):
        pytest.skip('no clang with OpenMP and ThreadSanitizer: apt-get install clang libomp-dev libclang-rt-dev')
    environment = {'OMP_TOOL_LIBRARIES': archer, 'TSAN_OPTIONS': 'ignore_noninstrumented_modules=1'}
    status, output = run([str(folder.join('race'))], OMP_NUM_THREADS='3', **environment)
    if status == 0 or 'data race' not in output:
        pytest.skip('ThreadSanitizer does not find a race here: %s' % ' '.join(output.split())[:100])
    return options, environment
