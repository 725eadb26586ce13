"""The ops' C functions for each instruction set, under the sanitizers, with many threads and failing allocations."""
from __future__ import absolute_import

import os

import pytest

from common.machine import program
from tests.compiled import SANITIZERS, THREADS, answers, compiled, needs_gcc, needs_processor, race_detector
from tests.shared import ROOT

OPTIONS = ['-Wno-unused-function', '-fopenmp', '-I' + os.path.join(ROOT, 'training', 'ops', 'c')]
PRODUCTS, OTHERS = 'tests/training/kernels.c', 'tests/training/elementwise.c'
# Options, features that the processor needs, numbers of threads. LANES of 4 (NEON, or no vectors), 8 (AVX2) and 16 (AVX-512)
# test their loops and remainders on any processor.
FORMS = {
    'as wide as AVX2': (['-O1', '-DPORTABLE_LANES=8'], (), (1, 3)),
    'as wide as AVX-512': (['-O1', '-DPORTABLE_LANES=16'], (), (1, 3)),
    'sanitizers': (SANITIZERS + ['-march=native'], (), THREADS),      # this processor's own
    'sanitizers, no vectors': (SANITIZERS + ['-DPORTABLE_LANES=4'], (), (1, 7)),
    'sanitizers, AVX2': (SANITIZERS + ['-mavx2', '-mfma'], ('avx2', 'fma'), (1, 64)),
    'AVX-512 that counts': (['-O1', '-march=native', '-DCOUNT_BY_HAND'], ('avx512bw', 'avx512vl'), (1, 3))}


@needs_gcc
@pytest.mark.parametrize('source', [PRODUCTS, OTHERS])
@pytest.mark.parametrize('form', [pytest.param(form, marks=pytest.mark.thorough) if form.startswith('sanitizers') else form
                                  for form in sorted(FORMS)])
def test_every_width(tmpdir, form, source):
    options, features, counts = FORMS[form]
    needs_processor(*features)
    kernels = compiled(source, tmpdir.join('kernels'), OPTIONS + options)
    outputs = {answers([kernels, 'bits'], threads) for threads in counts[1:]} | {answers([kernels], counts[0])}
    assert len(outputs) == 1  # including the checksum: no bit depends on the number of threads
    assert outputs.pop().endswith('\n0 wrong\n')
    if 'sanitizers' in form:
        output = answers([kernels, 'failures'], 3)
        assert output.endswith(' allocations failed\n0 wrong\n') and '\n0 allocations' not in output


@pytest.mark.thorough
@pytest.mark.parametrize('source', [PRODUCTS, OTHERS])
def test_no_thread_reads_what_another_writes(tmpdir, source):
    options, environment = race_detector(tmpdir)
    kernels = compiled(source, tmpdir.join('kernels'), OPTIONS + options + ['-march=native'], 'clang')
    assert answers([kernels, 'bits'], 3, **environment).endswith('\n0 wrong\n')


@pytest.mark.skipif(not program('gcc') or os.uname()[4] != 'x86_64', reason='no gcc, or no x86-64')
@pytest.mark.parametrize('extra', [(), ('-mavx512vpopcntdq',)])
def test_avx512_compiles(tmpdir, extra):
    """Only compiled here; it runs as 'sanitizers' if the processor has AVX-512."""
    compiled(PRODUCTS, tmpdir.join('kernels'), OPTIONS + ['-O1', '-mavx512f', '-mavx512bw', '-mavx512vl'] + list(extra))


@pytest.mark.thorough
@pytest.mark.skipif(not program('aarch64-linux-gnu-gcc') or not program('qemu-aarch64'),
                    reason='no compiler for 64-bit Arm, or no qemu-aarch64')
def test_neon(tmpdir):
    """Undefined behaviour traps; AddressSanitizer does not run under QEMU."""
    trap = ['-fsanitize=undefined', '-fsanitize-undefined-trap-on-error']
    kernels = compiled(PRODUCTS, tmpdir.join('kernels'), OPTIONS + trap + ['-O1', '-static'], 'aarch64-linux-gnu-gcc')
    output = answers(['qemu-aarch64', kernels], 2)
    assert output.startswith('NEON') and output.endswith('\n0 wrong\n')
