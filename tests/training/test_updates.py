"""Adam over many steps compared with float64 numpy, plain and for quantised weights."""
from __future__ import absolute_import, division

import numpy as np
import pytest
import theano
from theano import tensor

from tests.training import reference
from training import layers, updates
from training.compatibility import lasagne

SHAPE = (6, 5)
DRIFT = 2e-5        # over all steps: in float32, the first steps' correction, 1 - .999^t, is accurate to 6e-5


class Numpy(object):
    """One parameter and its updates, in float64."""

    def __init__(self, value, scale=None):
        self.value, self.scale, self.first, self.second, self.steps = value.astype(np.float64), scale, 0., 0., 0

    def step(self, gradient, rate):
        self.steps += 1
        self.first = .9 * self.first + .1 * gradient.astype(np.float64)
        self.second = .999 * self.second + .001 * gradient.astype(np.float64) ** 2
        corrected = rate * np.sqrt(1 - .999 ** self.steps) / (1 - .9 ** self.steps)
        step = corrected * self.first / (np.sqrt(self.second) + 1e-8)
        self.value = self.value - step if self.scale is None else np.clip(self.value - self.scale * step, -1, 1)


def gradients(random, steps):
    """Gradients of very different sizes, as in a network: down to where Adam's epsilon matters, and zero."""
    sizes = 10. ** np.arange(-9, 1).repeat(3).reshape(SHAPE)
    sizes[0, 0] = 0
    return [(sizes * random.normal(.3, 1, SHAPE)).astype(np.float32) for _ in range(steps)]


def compiled(adam):
    gradient, rate = tensor.matrix(), tensor.scalar()
    return theano.function([gradient, rate], updates=adam.updates([gradient], rate))


def test_adam():
    random = np.random.RandomState(0)
    parameter = theano.shared(random.uniform(-1, 1, SHAPE).astype(np.float32))
    expected, adam = Numpy(parameter.get_value()), updates.Adam([parameter])
    step = compiled(adam)
    for number, gradient in enumerate(gradients(random, 300)):
        rate = .01 * .99 ** number
        step(gradient, np.float32(rate))
        expected.step(gradient, rate)
        np.testing.assert_allclose(parameter.get_value(), expected.value, rtol=0, atol=DRIFT)
    assert adam.count.get_value() == 300
    np.testing.assert_allclose(adam.means[0].get_value(), expected.first, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(adam.variances[0].get_value(), expected.second, rtol=1e-4, atol=1e-24)
    assert [state.get_value().shape for state in adam.states] == [(), SHAPE, SHAPE]


@pytest.mark.parametrize('bits', [1, 2])
def test_adam_for_quantised_weights(bits):
    random = np.random.RandomState(bits)
    layer = layers.DenseLayer(lasagne.layers.InputLayer((None, SHAPE[0])), SHAPE[1], bits)
    layer.W.set_value(random.uniform(-1, 1, SHAPE).astype(np.float32))
    scale = ((6 + 5) / 1.5) ** .5
    assert layer.learning_rate_scale == pytest.approx(scale)
    expected, adam = Numpy(layer.W.get_value(), scale), updates.WeightsAdam([layer])
    step = compiled(adam)
    clipped = 0
    for gradient in gradients(random, 100):
        step(gradient, np.float32(.01))
        expected.step(gradient, .01)
        np.testing.assert_allclose(layer.W.get_value(), expected.value, rtol=0, atol=DRIFT)
        np.testing.assert_array_equal(layer.digits.get_value(),
                                      reference.quantise_weight(layer.W.get_value(), bits))
        clipped += np.sum(np.abs(expected.value) == 1)
    assert clipped > 100


def test_each_optimiser_counts_its_own_steps():
    parameters = [theano.shared(np.ones(SHAPE, np.float32)) for _ in range(2)]
    first, second = [updates.Adam([parameter]) for parameter in parameters]
    steps = [compiled(first), compiled(second)]
    gradient = np.ones(SHAPE, np.float32)
    for _ in range(5):
        steps[0](gradient, np.float32(.1))
    steps[1](gradient, np.float32(.1))
    assert (first.count.get_value(), second.count.get_value()) == (5, 1)
    np.testing.assert_allclose(parameters[0].get_value(), 1 - .5, rtol=1e-5)
    np.testing.assert_allclose(parameters[1].get_value(), 1 - .1, rtol=1e-5)
