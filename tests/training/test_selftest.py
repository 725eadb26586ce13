"""The self-test: what it computes, what it reports as different, and its exit status with and without a GPU."""
from __future__ import absolute_import, division

import json
import os
import sys

import numpy as np
import pytest

from common.errors import UserError
from common.overlays import OVERLAYS
from tests.training import small
from training import ops, selftest

pytestmark = pytest.mark.once


@pytest.mark.parametrize('overlay', [small.OVERLAYS[1], small.OVERLAYS[3]], ids=lambda overlay: overlay.name)
def test_the_kernels_compute_as_their_twins(overlay, monkeypatch):
    """With dropout, whose random numbers are the same."""
    native, about = selftest.compute(overlay, seconds=0)
    monkeypatch.setattr(ops, 'available', lambda: False)
    twins, others = selftest.compute(overlay, seconds=0)
    assert 'Dense' in about['operations'] and 'Dense' not in others['operations']
    apart = selftest.differences(native, twins, about['layers'])
    assert apart['loss'] < 1e-5 and apart['gradients'] < 1e-3 and apart['images'] == 0
    assert apart['parameters'] < .01        # biases, whose gradients are 0 but for rounding
    assert about['layers'] == len(overlay.layers) and about['images_per_second'] > 0 and about['device'] == 'cpu'


def made(layers=2):
    """An answer like that of compute: outputs, loss, gradients, parameters."""
    random = np.random.RandomState(3)
    return [random.normal(0, 1, shape).astype(np.float32) for shape in [(40, 10), ()] + layers * [(30, 20)] + 3 * [(50,)]]


def changed(place, change):
    arrays = made()
    arrays[place] = np.asarray(change(arrays[place]), np.float32)
    return arrays


def one_image(outputs):
    return np.where(np.arange(40)[:, None] == 7, -outputs, outputs)


@pytest.mark.parametrize('arrays, beyond', [
    (made(), []), (changed(0, one_image), []),                      # one activation on the other side of its edge
    (changed(0, np.zeros_like), ['images']), (changed(0, lambda outputs: outputs[::-1]), ['images']),
    (changed(1, lambda loss: loss * 1.01), ['loss']), (changed(3, np.zeros_like), ['gradients']),
    (changed(5, lambda values: values + .01), ['parameters']),
    (changed(4, lambda values: values * np.nan), list(selftest.LIMITS)),
    (changed(2, lambda gradient: gradient[1:]), list(selftest.LIMITS))])
def test_what_computes_wrongly_is_far_away(arrays, beyond):
    apart = selftest.differences(arrays, made(), 2)
    assert [name for name, limit in selftest.LIMITS.items() if not apart[name] <= limit] == beyond


@pytest.fixture
def machine(tmpdir, monkeypatch):
    """Runs the self-test with given answers of its processes: (status, lines, report)."""
    def test(arguments=(), gpu=False, **said):
        def answers(kind, overlay):
            answer = said.get(kind, made())
            if isinstance(answer, str):
                raise UserError(answer)
            about = {'layers': 2, 'images_per_second': 1000.}
            about.update({'cudnn': 'used', 'on_the_host': said.get('host', [])} if kind == 'cuda' else {})
            return answer, about
        monkeypatch.setattr(selftest, 'answers', answers)
        monkeypatch.setattr(selftest, 'no_gpu', lambda: None if gpu else 'there is no driver')
        printed = []
        monkeypatch.setattr(selftest, 'say', lambda state, text: printed.append((state, text)))
        status = selftest.main(['--runs', str(tmpdir.join('runs'))] + list(arguments))
        with open(str(tmpdir.join('runs', selftest.REPORT))) as handle:
            report = json.load(handle)
        assert report['status'] == status and len(report['networks']) == len([
            text for _, text in printed if text.startswith(tuple(OVERLAYS))])
        return status, printed, report
    monkeypatch.delenv('DEVICE', raising=False)
    return test


def test_a_gpu_that_agrees(machine):
    status, lines, report = machine(gpu=True)
    assert status == 0 and report['no_gpu'] is None and [one['network'] for one in report['networks']] == list(OVERLAYS)
    assert {state for state, _ in lines} == {'ok'}
    assert 'lfcW1A1: the GPU matches the CPU' in lines[-6][1] and 'cuDNN used; the GPU 1000 images/s' in lines[-6][1]


@pytest.mark.parametrize('said, words', [
    ({'cuda': changed(1, lambda loss: loss * 2)}, 'the GPU differs from the CPU'),
    ({'cuda': 'nvrtc: error'}, 'the GPU fails: nvrtc: error'), ({'host': ['Gemm']}, 'beyond the limit: Gemm on the host')])
def test_a_gpu_that_does_not(machine, said, words):
    status, lines, report = machine(['--only=cnvW2A2'], gpu=True, **said)
    assert status == 1 and not report['networks'][0]['agrees']
    assert [words in text for state, text in lines if state == 'failure'] == [True]


@pytest.mark.parametrize('arguments, device, status, state', [
    ([], None, selftest.NO_GPU, 'warning'), (['--device=cpu'], 'cuda', 0, 'ok'), ([], 'cpu', 0, 'ok'),
    ([], 'cuda', selftest.NO_GPU, 'warning')])
def test_without_a_gpu_the_cpu_is_compared_and_it_is_said(machine, monkeypatch, arguments, device, status, state):
    if device:
        monkeypatch.setenv('DEVICE', device)
    answer, lines, report = machine(['--only=lfcW1A1'] + arguments)
    assert answer == status and report['no_gpu']
    assert [one for one, text in lines if text.startswith('no GPU: ')] == [state]
    assert any('the CPU matches plain Theano' in text for _, text in lines)
    assert machine(['--only=lfcW1A1'] + arguments, cpu=changed(0, np.zeros_like))[0] == 1


def test_a_process_of_its_own_answers():
    arrays, about = selftest.answers('cpu', OVERLAYS['lfcW1A1'])
    assert arrays[0].shape == (100, 10) and arrays[2].shape == (784, 1024) and about['layers'] == 4
    assert len(arrays) == 2 + 4 + 4 * 6 and about['operations']['Dense'] == 4


def test_a_process_that_fails_says_why_in_its_last_line():
    try:
        import pygpu        # noqa: F401
    except ImportError:
        with pytest.raises(UserError) as caught:
            selftest.answers('cuda', OVERLAYS['lfcW1A1'])
        assert 'Theano cannot use a GPU here' in str(caught.value) and '\n' not in str(caught.value)
    else:
        pytest.skip('this environment has pygpu')


def test_why_there_is_no_gpu(tmpdir, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pygpu', None)
    assert selftest.no_gpu().startswith('pygpu cannot be imported')
    monkeypatch.setitem(sys.modules, 'pygpu', os)

    def missing(library):
        raise OSError('no lib%s.so' % library)
    monkeypatch.setattr(selftest.cuda, 'load', missing)
    assert selftest.no_gpu() == 'there is no driver: no libcuda.so'
