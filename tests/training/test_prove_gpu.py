"""scripts/prove_gpu: which differences it reports, and what it counts."""
from __future__ import absolute_import, division

import collections

import numpy as np
import pytest
from theano import function, shared, tensor

from common.overlays import OVERLAYS
from scripts.prove_gpu import compute, opencl

ABOUT = {'names': ['W', 'b', 'gamma', 'mean'], 'scales': [5.8, 1, 1, 1]}
SHAPES = [(30, 20), (20,), (20,), (20,)]


def made(nudges=2):
    """Answers as scripts.prove_gpu.compute writes them."""
    random = np.random.RandomState(7)
    arrays = collections.OrderedDict([
        ('outputs', random.normal(0, 1, (40, 10))), ('mask', np.ones((4, 4))), ('losses', random.uniform(1, 2, 10))])
    for number in range(nudges):
        arrays['strayed_%d' % number] = arrays['losses'] + np.linspace(0, 1e-3, 10)
    for number, shape in enumerate(SHAPES):
        arrays['parameter_%d' % number] = random.uniform(-1, 1, shape)
        if number < 3:
            arrays['moment_%d' % number] = random.normal(0, 1e-3, shape)
    return arrays


def changed(name, change):
    arrays = made()
    arrays[name] = change(arrays[name].copy())
    return arrays


def in_place(place, by):
    def change(array):
        array[place] += by
        return array
    return change


@pytest.mark.parametrize('arrays, words', [
    (made(), None), (changed('outputs', in_place((3, 4), 1e-3)), 'the evaluation outputs'),
    (changed('mask', in_place((1, 2), -1)), 'dropout draws different numbers'),
    (changed('losses', in_place(0, 1e-3)), 'the first loss'), (changed('losses', in_place(5, 1e-4)), None),
    (changed('losses', in_place(slice(5, 10), 1e-2)), 'the losses, by'),
    (changed('losses', in_place(0, np.nan)), 'the first loss'),
    (changed('parameter_0', in_place((2, 2), 1e-2)), '1 of 600 values of parameter 0, W'),
    (changed('parameter_0', np.zeros_like), '600 of 600'), (changed('parameter_1', in_place(3, 1e-3)), None),
    (changed('parameter_1', in_place(3, .1)), '1 of 20 values of parameter 1, b'),
    (changed('parameter_2', in_place(0, .01)), 'parameter 2, gamma'),
    (changed('parameter_3', in_place(0, 1e-4)), 'parameter 3, mean')])
def test_what_is_too_far_apart(arrays, words):
    beyond, apart = opencl.differences(arrays, made(), ABOUT, OVERLAYS['lfcW1A1'])
    assert len(apart) == 10 and (beyond == [] if words is None else any(words in line for line in beyond)), beyond


def test_what_a_step_is_made_of():
    """With the CPU's twins, all of it is on the host, and what is large is reported."""
    x, rate = shared(np.ones((3, 2), np.float32)), tensor.scalar()
    counted = compute.counts(function([rate], updates=[(x, x + rate)]).maker.fgraph.toposort())
    assert counted['on_the_host'] == ['DimShuffle', 'Elemwise'] and counted['launches'] == counted['transfers'] == 0
    counted = compute.counts(function([rate], rate * 2).maker.fgraph.toposort())
    assert counted['on_the_host'] == [] and sum(counted['operations'].values()) == 1
