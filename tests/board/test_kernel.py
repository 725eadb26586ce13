"""The C kernel equals the numpy reference, for every network and compiler option."""
from __future__ import absolute_import, division

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from board import kernel, reference, simulator
from common.overlays import CNV, LFC, OVERLAYS, overlay as overlay_of
from tests.board import networks
from tests.shared import ROOT
from weights_gen.folder import LayerMatrices

try:
    kernel.library()
    NO_KERNEL = None
except kernel.NoKernel as error:
    NO_KERNEL = str(error)
needs_kernel = pytest.mark.skipif(NO_KERNEL is not None, reason='no C kernel here: %s' % NO_KERNEL)

# Overlays that the board does not have, for another combination of precisions: 1-bit inputs, 2-bit weights.
OTHERS = [overlay_of(LFC, 2, 2, ((32, 64, 32, 16), (32, 32, 32, 8))), overlay_of(CNV, 2, 1, ((1,) * 9, (1,) * 9))]
ALL = dict(OVERLAYS, **{other.name: other for other in OTHERS})


def check(name, seed, count, extreme, threads=None):
    overlay = ALL[name]
    parameters = networks.parameters(overlay, seed, extreme)
    images = networks.images(overlay, count, seed)
    outputs = kernel.Kernel(overlay, parameters).run(images, threads)
    assert outputs.dtype == np.int32
    np.testing.assert_array_equal(outputs, reference.run(overlay, parameters, images))
    return outputs


@needs_kernel
@pytest.mark.parametrize('name', sorted(ALL))
@pytest.mark.parametrize('count, extreme', [(1, False), (3, True), (7, False)])
def test_equals_the_reference(name, count, extreme):
    outputs = check(name, count, count, extreme)
    assert count == 1 or len(np.unique(outputs, axis=0)) > 1       # otherwise the test would show nothing


@needs_kernel
@settings(max_examples=15, deadline=None)
@given(name=strategies.sampled_from(sorted(OVERLAYS)), seed=strategies.integers(0, 2 ** 32 - 1),
       count=strategies.integers(0, 5), extreme=strategies.booleans(), threads=strategies.integers(1, 3))
def test_equals_the_reference_whatever_the_network(name, seed, count, extreme, threads):
    check(name, seed, count, extreme, threads)


@needs_kernel
@pytest.mark.parametrize('name', ['lfcW1A2', 'cnvW1A1'])
def test_many_threads_in_odd_parts(monkeypatch, name):
    monkeypatch.setattr(kernel, 'IMAGES_A_CALL', {'lfc': 7, 'cnv': 3})
    check(name, 5, 13, False, threads=4)


@needs_kernel
@pytest.mark.parametrize('value', [-1, 1])
@pytest.mark.parametrize('bound', [-2 ** 23, 2 ** 23 - 1])
@pytest.mark.parametrize('name', OVERLAYS)
def test_ends_of_the_ranges(name, value, bound):
    """Sums as far from 0 as possible, thresholds as far as their memories allow."""
    overlay = OVERLAYS[name]
    parameters = []
    for layer, (weights, thresholds) in zip(overlay.layers, networks.parameters(overlay, 1)):
        if thresholds is not None:
            limit = bound if layer.input_bits == (1, 7) else int(np.clip(bound, -32768, 32767))
            thresholds = np.where(np.arange(layer.rows)[:, np.newaxis] % 3 == 0, limit, thresholds)
        parameters.append(LayerMatrices(np.full_like(weights, value), thresholds))
    images = np.array([0, 255], np.uint8).reshape((2,) + (1,) * len(overlay.image_shape))
    images = np.tile(images, (1,) + overlay.image_shape)
    np.testing.assert_array_equal(kernel.Kernel(overlay, parameters).run(images),
                                  reference.run(overlay, parameters, images))


@needs_kernel
def test_images_of_another_shape_never_reach_c():
    overlay = OVERLAYS['cnvW1A1']
    network = kernel.Kernel(overlay, networks.parameters(overlay, 1))
    for images in (np.zeros((2, 28, 28), np.uint8), np.zeros((2, 32, 32, 3), np.float32), np.zeros((), np.uint8)):
        with pytest.raises(ValueError):
            network.run(images)


@needs_kernel
def test_parameters_of_another_network_never_reach_c():
    for name, other in [('cnvW1A1', 'cnvW1A2'), ('lfcW1A1', 'lfcW1A2'), ('cnvW1A1', 'lfcW1A1')]:
        with pytest.raises(ValueError):
            kernel.Kernel(OVERLAYS[name], networks.parameters(OVERLAYS[other], 1))


@needs_kernel
def test_images_that_are_not_contiguous():
    overlay = OVERLAYS['lfcW1A1']
    parameters = networks.parameters(overlay, 1)
    images = networks.images(overlay, 6, 1).swapaxes(1, 2)[::2]
    np.testing.assert_array_equal(kernel.Kernel(overlay, parameters).run(images),
                                  reference.run(overlay, parameters, images))


@needs_kernel
def test_weights_that_c_does_not_know_are_left_to_numpy(tmpdir):
    overlay = OVERLAYS['cnvW2A2']
    parameters = networks.parameters(overlay, 1)
    parameters[3].weights[0, 0] = -2
    with pytest.raises(kernel.NoKernel):
        kernel.Kernel(overlay, parameters)
    path = networks.write(str(tmpdir.join('net')), overlay, parameters)
    assert 'layer 3' in simulator.Simulator(path, overlay).engine


@needs_kernel
def test_an_error_of_a_thread_reaches_the_caller():
    for raised in (MemoryError, IndexError):
        def work(task):
            if task == 5:
                raise raised
        with pytest.raises(raised):
            kernel._share(work, range(10), 3)


@needs_kernel
@pytest.mark.parametrize('threads', [1, 2])
def test_without_memory_c_says_so_and_computes_the_next_time(monkeypatch, threads):
    """test_sanitizers.py makes each allocation fail in turn."""
    with monkeypatch.context() as patch:
        patch.setattr(kernel, 'IMAGES_AT_ONCE', {'lfc': 2 ** 50, 'cnv': 2 ** 50})
        with pytest.raises(MemoryError):
            check('lfcW1A1', 3, 2000, False, threads)
    check('lfcW1A1', 3, 5, False, threads)


# ---- compiling ----

SCRIPT = '''
import sys
sys.path.insert(0, %r)
from board import kernel
from tests.board import test_kernel
try:
    kernel.library()
except kernel.NoKernel as error:
    sys.exit('no kernel: %%s' %% error)
for name in test_kernel.OVERLAYS:
    test_kernel.check(name, 3, 2, True)
print('equal')
''' % ROOT


def start(cache, **environment):
    environment = dict(os.environ, XDG_CACHE_HOME=str(cache), **environment)
    return subprocess.Popen([sys.executable, '-c', SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment)


def finish(process):
    out, err = process.communicate()
    return process.returncode, out.decode('utf-8').strip(), err.decode('utf-8').strip()


def cached(cache):
    return os.listdir(str(cache.join('bnn-pynq-training', 'kernel')))


@pytest.mark.once
@needs_kernel
@pytest.mark.parametrize('option', ['-mno-avx512f', '-mno-avx512f -mno-avx2 -mno-popcnt', '-O1'])
def test_compiled_for_lesser_processors(tmpdir, option):
    compiler = kernel._compiler()[0]
    if subprocess.call('echo "int x;" | %s %s -march=native -c -x c -o %s -' % (
            compiler, option, tmpdir.join('x.o')), shell=True, stderr=subprocess.PIPE):
        pytest.skip('%s does not know %s' % (compiler, option))
    assert finish(start(tmpdir, CC='%s %s' % (compiler, option))) == (0, 'equal', '')


@pytest.mark.once
@needs_kernel
def test_two_processes_at_once_compile_one_library(tmpdir):
    processes = [start(tmpdir) for _ in range(2)]
    assert [finish(process) for process in processes] == [(0, 'equal', '')] * 2
    library, digest = sorted(cached(tmpdir))
    assert library.endswith('.so') and digest == library + '.sha256'


@pytest.mark.once
@needs_kernel
def test_a_damaged_library_is_made_again(tmpdir):
    """The loader accepts half a library, which kills the process when it is used."""
    assert finish(start(tmpdir))[0] == 0
    library = tmpdir.join('bnn-pynq-training', 'kernel', min(cached(tmpdir)))
    whole = library.read_binary()
    for damaged in (b'damaged', whole[:len(whole) // 2], whole[:-1]):
        library.write_binary(damaged)
        assert finish(start(tmpdir)) == (0, 'equal', '')
        assert library.read_binary() == whole


@pytest.mark.once
@needs_kernel
def test_a_cache_that_others_may_write_is_not_used(tmpdir):
    folder = tmpdir.ensure('bnn-pynq-training', 'kernel', dir=True)
    folder.chmod(0o777)
    assert finish(start(tmpdir)) == (0, 'equal', '')
    assert folder.listdir() == []


@pytest.mark.once
@pytest.mark.parametrize('compiler, words', [('no-such-compiler', 'there is no no-such-compiler'), ('false', 'failed'),
                                             ('"gcc', 'CC is "gcc')])
def test_without_a_compiler_numpy_stands_in(random_folder, tmpdir, compiler, words):
    status, _, err = finish(start(tmpdir, CC=compiler))
    assert status == 1 and words in err
    images = str(tmpdir.join('images.npy'))
    np.save(images, networks.images(OVERLAYS['lfcW1A1'], 2, 1))
    command = [sys.executable, os.path.join(ROOT, 'board', 'simulator.py'), '--net', 'lfcW1A1',
               '--params', random_folder['lfcW1A1'], '--images', images]
    environment = dict(os.environ, CC=compiler, XDG_CACHE_HOME=str(tmpdir))
    for option, status, lines in [('--verbose', 0, 1), ('--scores', 0, 0), ('--engine=c', 1, 1)]:
        process = subprocess.Popen(command + [option], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        assert len(finish(process)[2].splitlines()) == lines
        assert process.returncode == status
