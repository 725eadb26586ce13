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

BETA1, BETA2, EPSILON = .9, .999, 1e-8


class Adam(object):
    """One optimiser with a step count of its own.

    Parameters
    ----------
    parameters : list of shared float32
    finish : callable, optional
        Called with the parameter and its step (what plain Adam subtracts); returns the new value. Plain Adam where not
        given.
    """

    def __init__(self, parameters, finish=None):
        self.parameters = parameters
        self.finish = finish or (lambda parameter, step: parameter - step)
        self.count = _zeros(())
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
        updates = collections.OrderedDict([(self.count, count)])
        for parameter, gradient, mean, variance in zip(self.parameters, gradients, self.means, self.variances):
            updates[mean] = BETA1 * mean + (1 - BETA1) * gradient
            updates[variance] = BETA2 * variance + (1 - BETA2) * tensor.sqr(gradient)
            step = rate * updates[mean] / (tensor.sqrt(updates[variance]) + EPSILON)
            updates[parameter] = self.finish(parameter, step)
        return updates


def _zeros(shape):
    return theano.shared(np.zeros(shape, theano.config.floatX))
