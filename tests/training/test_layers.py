"""Batch norm and dropout, layer by layer; test_learning.py tests them in whole networks.

Images are (N, rows, columns, channels).
"""
from __future__ import absolute_import, division

import collections

import numpy as np
import pytest
import theano
from theano import tensor

from training import layers
from training.compatibility import lasagne

ALPHA, EPSILON = .1, 1e-4


class BatchNorm(object):
    """A batch norm layer for images or units, and its compiled functions."""

    def __init__(self, shape, axes='auto'):
        self.layer = layers.BatchNormLayer(lasagne.layers.InputLayer(shape), axes=axes)
        variable = tensor.TensorType('float32', (False,) * len(shape))()
        changes = collections.OrderedDict()
        output = self.layer.get_output_for(variable, deterministic=False, updates=changes)
        self.train = theano.function([variable], output, updates=changes)
        self.evaluate = theano.function([variable], self.layer.get_output_for(variable, deterministic=True))

    def values(self):
        """beta, gamma, mean, inv_std."""
        return [parameter.get_value() for parameter in (self.layer.beta, self.layer.gamma, self.layer.mean,
                                                        self.layer.inv_std)]


KINDS = {'per unit': ((None, 7), 'auto', (0,)), 'per channel': ((None, 5, 4, 6), 'auto', (0, 1, 2)),
         'over both axes': ((None, 7), 'all', (0, 1))}


def along(statistic, axes, ndim):
    return np.reshape(statistic, [1 if axis in axes else -1 for axis in range(ndim)])


@pytest.mark.parametrize('kind', sorted(KINDS))
def test_batch_norm(kind):
    shape, axes, numpy_axes = KINDS[kind]
    norm = BatchNorm(shape, axes)
    beta, gamma, mean, inv_std = norm.values()
    statistics_shape = () if axes == 'all' else (shape[-1],)
    for values, start in ((beta, 0), (gamma, 1), (mean, 0), (inv_std, 1)):
        np.testing.assert_array_equal(values, np.full(statistics_shape, start, np.float32))
        assert values.dtype == np.float32

    random = np.random.RandomState(0)
    beta, gamma = (random.uniform(.5, 2, statistics_shape).astype(np.float32) for _ in range(2))
    norm.layer.beta.set_value(np.asarray(beta, np.float32))
    norm.layer.gamma.set_value(np.asarray(gamma, np.float32))
    for _ in range(4):
        x = random.normal(3, 2, (11,) + shape[1:]).astype(np.float32)
        exact = x.astype(np.float64)
        batch_mean, batch_inv_std = exact.mean(numpy_axes), 1 / np.sqrt(exact.var(numpy_axes) + EPSILON)
        expected = ((exact - along(batch_mean, numpy_axes, x.ndim)) * along(batch_inv_std * gamma, numpy_axes, x.ndim) +
                    along(beta, numpy_axes, x.ndim))
        np.testing.assert_allclose(norm.train(x), expected, rtol=0, atol=1e-5)

        mean, inv_std = (1 - ALPHA) * mean + ALPHA * batch_mean, (1 - ALPHA) * inv_std + ALPHA * batch_inv_std
        np.testing.assert_allclose(norm.values()[2], mean, rtol=1e-5)
        np.testing.assert_allclose(norm.values()[3], inv_std, rtol=1e-5)

        before = norm.values()
        expected = ((exact - along(mean, numpy_axes, x.ndim)) * along(inv_std * gamma, numpy_axes, x.ndim) +
                    along(beta, numpy_axes, x.ndim))
        np.testing.assert_allclose(norm.evaluate(x), expected, rtol=0, atol=2e-5)
        for kept, now in zip(before, norm.values()):
            np.testing.assert_array_equal(kept, now)


def test_batch_norm_of_a_constant():
    """epsilon is added to the variance, not to the deviation: 1/sqrt(1e-4) is 100."""
    norm = BatchNorm((None, 2))
    np.testing.assert_allclose(norm.train(np.full((8, 2), 5, np.float32)), 0, atol=1e-3)
    np.testing.assert_allclose(norm.values()[3], .9 + .1 * 100, rtol=1e-5)
    np.testing.assert_allclose(norm.values()[2], .5, rtol=1e-6)


def dropout(p, seed=7):
    """(what training sees, what evaluation sees), compiled."""
    layer = layers.DropoutLayer(lasagne.layers.InputLayer((None, 500)), p, np.random.RandomState(seed))
    x = tensor.matrix()
    return (theano.function([x], layer.get_output_for(x, deterministic=False)),
            theano.function([x], layer.get_output_for(x, deterministic=True)))


@pytest.mark.parametrize('p', [.2, .5])
def test_dropout_keeps_a_share_and_divides_it(p):
    train, evaluate = dropout(p)
    x = np.random.RandomState(1).choice([-1, 1, .5], (400, 500)).astype(np.float32)
    seen = train(x)
    kept = seen != 0
    np.testing.assert_allclose(seen[kept], x[kept] / np.float32(1 - p), rtol=1e-6)
    spread = np.sqrt(p * (1 - p))
    assert abs(kept.mean() - (1 - p)) < 5 * spread / np.sqrt(kept.size)
    for axis in (0, 1):     # different units and images each time
        assert abs(kept.mean(axis) - (1 - p)).max() < 6 * spread / np.sqrt(kept.shape[axis])
    np.testing.assert_array_equal(evaluate(x), x)


def test_dropout_draws_again_each_step_and_the_same_from_the_same_seed():
    x = np.ones((20, 500), np.float32)
    (first, _), (again, _), (other, _) = dropout(.5, 7), dropout(.5, 7), dropout(.5, 8)
    masks = [first(x) for _ in range(3)]
    for left in range(3):
        for right in range(left):
            assert .45 < np.mean(masks[left] == masks[right]) < .55     # independent
    for mask in masks:
        np.testing.assert_array_equal(again(x), mask)
    assert .45 < np.mean(other(x) == masks[0]) < .55


def test_layers_of_one_network_drop_independently():
    random = np.random.RandomState(7)
    x = tensor.matrix()
    seen = [layers.DropoutLayer(lasagne.layers.InputLayer((None, 500)), .5, random).get_output_for(x)
            for _ in range(2)]
    masks = theano.function([x], seen)(np.ones((20, 500), np.float32))
    assert .45 < np.mean(masks[0] == masks[1]) < .55


def test_dropout_passes_the_gradient_through_what_it_kept():
    layer = layers.DropoutLayer(lasagne.layers.InputLayer((None, 500)), .2, np.random.RandomState(3))
    x = tensor.matrix()
    output = layer.get_output_for(x, deterministic=False)
    seen, gradient = theano.function([x], [output, theano.grad(output.sum(), x)])(np.ones((20, 500), np.float32))
    np.testing.assert_array_equal(gradient, seen)
