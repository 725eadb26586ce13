"""Adam (Kingma and Ba, 2014, arXiv:1412.6980), with states that a checkpoint can hold.

    adam = Adam(parameters)
    updates = adam.updates(gradients, learning_rate)
    adam.states                             # shared variables: step count, then mean and variance of each gradient
"""
from __future__ import absolute_import, division

import collections

import numpy as np
import theano
from theano import tensor

from training import ops
from training.constants import BETA1, BETA2


class Adam(object):
    """One optimiser with a step count of its own.

    Parameters
    ----------
    parameters : list of shared float32
    """

    def __init__(self, parameters):
        self.parameters = parameters
        self.count = theano.shared(np.zeros((), theano.config.floatX))     # on the host, as the rate
        self.means = [_zeros(parameter.get_value(borrow=True).shape) for parameter in parameters]
        self.variances = [_zeros(parameter.get_value(borrow=True).shape) for parameter in parameters]

    @property
    def states(self):
        return [self.count] + self.means + self.variances

    def updates(self, gradients, learning_rate):
        """An ordered dictionary from shared variables to new values.

        ``step = rate * sqrt(1 - beta2^t)/(1 - beta1^t) * mean/(sqrt(variance) + epsilon)``, the bias-corrected step.
        """
        count = self.count + 1
        rate = learning_rate * tensor.sqrt(1 - BETA2 ** count) / (1 - BETA1 ** count)
        numbers = range(len(gradients))
        changed = ops.adam_of_all([(self._state(number), gradients[number], self._quantized(number)) for number in numbers],
                                  rate)
        updates = collections.OrderedDict([(self.count, count)])
        for number in numbers:
            updates.update(zip(self._state(number), changed[number]))
        return updates

    def _state(self, number):
        """What a step changes of one parameter."""
        return self.parameters[number], self.means[number], self.variances[number]

    def _quantized(self, number):
        """(scale of the step, bits) of quantised weights."""
        return None


class WeightsAdam(Adam):
    """Adam for quantised weights: ``W <- clip(W - scale*step, -1, 1)``, and the quantised copy with it.

    Parameters
    ----------
    layers : list of training.layers.QuantizedLayer
    """

    def __init__(self, layers):
        super(WeightsAdam, self).__init__([layer.W for layer in layers])
        self.layers = layers

    def _state(self, number):
        return super(WeightsAdam, self)._state(number) + (self.layers[number].digits,)

    def _quantized(self, number):
        return self.layers[number].learning_rate_scale, self.layers[number].weight_bits


def _zeros(shape):
    return ops.shared(np.zeros(shape, theano.config.floatX))
