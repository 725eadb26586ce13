"""The ops' C functions for each instruction set, and under the sanitizers: kernels.c against loops in double."""
from __future__ import absolute_import

import os
import subprocess

import pytest

from common.machine import program

HERE = os.path.dirname(os.path.abspath(__file__))
OPS = os.path.join(HERE, '..', '..', 'training', 'ops', 'c')
# LANES of 4, 8 and 16 are what NEON or none, AVX2 and AVX-512 have: their loops and rests, whatever this processor is.
FORMS = {'this processor': ('-O1', '-march=native'), 'no vectors': ('-O1', '-DPORTABLE_LANES=4'),
         'as wide as AVX2': ('-O1', '-DPORTABLE_LANES=8'), 'as wide as AVX-512': ('-O1', '-DPORTABLE_LANES=16'),
         'sanitizers, AVX2': ('-O1', '-mavx2', '-mfma', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'),
         'sanitizers': ('-O1', '-march=native', '-fsanitize=address,undefined', '-fno-sanitize-recover=all')}


def compile_kernels(compiler, path, *options):
    command = [compiler, '-std=gnu99', '-Wall', '-Werror', '-Wno-unused-function', '-Wno-psabi', '-fopenmp', '-I' + OPS]
    subprocess.check_call(command + list(options) + [os.path.join(HERE, 'kernels.c'), '-o', path, '-lm'])


def answers(command, threads):
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                               env=dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY='passive'))
    output = process.communicate()[0]
    assert process.returncode == 0, output
    return output


@pytest.mark.skipif(not program('gcc'), reason='no gcc')
@pytest.mark.parametrize('form', sorted(FORMS))
def test_every_width(tmp_path, form):
    if form.endswith('AVX2') and 'avx2' not in open('/proc/cpuinfo').read():
        pytest.skip('this processor has no AVX2')
    compile_kernels('gcc', str(tmp_path / 'kernels'), *FORMS[form])
    counts = (1, 2, 3, 5, 7) if form == 'this processor' else (1, 3)
    outputs = {answers([str(tmp_path / 'kernels')], threads) for threads in counts}
    assert len(outputs) == 1  # with its checksum: no bit depends on the number of threads
    assert outputs.pop().endswith('\n0 wrong\n')


@pytest.mark.skipif(not program('gcc') or os.uname()[4] != 'x86_64', reason='no gcc, or no x86-64')
@pytest.mark.parametrize('extra', [(), ('-mavx512vpopcntdq',)])
def test_avx512_compiles(tmp_path, extra):
    """Compiled only: it runs where the processor has it, as 'this processor'."""
    compile_kernels('gcc', str(tmp_path / 'kernels'), '-O1', '-mavx512f', '-mavx512bw', '-mavx512vl', *extra)


@pytest.mark.skipif(not program('aarch64-linux-gnu-gcc') or not program('qemu-aarch64'),
                    reason='no compiler for 64-bit Arm, or no qemu-aarch64')
def test_neon(tmp_path):
    compile_kernels('aarch64-linux-gnu-gcc', str(tmp_path / 'kernels'), '-O1', '-static')
    output = answers(['qemu-aarch64', str(tmp_path / 'kernels')], 2)
    assert output.startswith('NEON') and output.endswith('\n0 wrong\n')
