"""board/kernel.c for each instruction set, under the sanitizers, with many threads and failing allocations: kernels.c."""
from __future__ import absolute_import

import os
import subprocess

import pytest

from tests.compiled import SANITIZERS, THREADS, answers, compiled, needs_gcc, needs_processor, run
from tests.shared import ROOT

SOURCE = 'tests/board/kernels.c'
OPTIONS = ['-fno-strict-aliasing', '-pthread', '-I' + os.path.join(ROOT, 'board')]      # the first as in kernel.py
# Options, features that the processor needs, numbers of threads that share a network.
FORMS = {'no vectors': ([], (), (1, 3)), 'AVX2': (['-mavx2'], ('avx2',), (1, 64)),
         'this processor': (['-march=native'], (), THREADS),
         'AVX-512': (['-march=native', '-DCOUNT_BY_HAND'], ('avx512f', 'avx512bw', 'avx512_vnni'), (1, 16))}


@needs_gcc
@pytest.mark.thorough
@pytest.mark.parametrize('form', sorted(FORMS))
def test_every_path(tmpdir, form):
    """With one thread, each allocation also fails once."""
    options, features, counts = FORMS[form]
    needs_processor(*features)
    kernels = compiled(SOURCE, tmpdir.join('kernels'), OPTIONS + SANITIZERS + options)
    outputs = {answers([kernels, str(threads)]) for threads in counts}
    assert len(outputs) == 1
    output = outputs.pop()
    assert output.endswith('\n0 wrong\n') and (form != 'AVX-512' or output.startswith('AVX-512'))


@needs_gcc
def test_threads_share_nothing_that_they_write(tmpdir):
    try:
        kernels = compiled(SOURCE, tmpdir.join('kernels'), OPTIONS + ['-O1', '-g', '-fsanitize=thread', '-march=native'])
    except subprocess.CalledProcessError:
        pytest.skip('this gcc has no ThreadSanitizer')
    status, output = run([kernels, '3', 'race'])
    if 'data race' not in output:
        pytest.skip('ThreadSanitizer does not find a race here: %s' % ' '.join(output.split())[:100])
    assert status
    assert answers([kernels, '3']).endswith('\n0 wrong\n')
