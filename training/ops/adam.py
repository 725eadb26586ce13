"""One step of Adam (Kingma and Ba, 2014, arXiv:1412.6980) for one parameter.

    parameter, mean, variance = adam(parameter, gradient, mean, variance, rate)
    W, mean, variance, copy = adam_quantized(W, gradient, mean, variance, rate, copy, scale=.3, bits=1)

``mean = beta1 * mean + (1 - beta1) * g``, ``variance = beta2 * variance + (1 - beta2) * g^2``,
``step = rate * mean / (sqrt(variance) + epsilon)`` with the bias-corrected `rate`. The weights of quantised layers become
``clip(W - scale * step, -1, 1)``, and their quantised copy, int8, comes with them.
"""
from __future__ import absolute_import, division

import numpy as np
from theano import tensor

from training import quantization
from training.constants import ADAM_EPSILON, BETA1, BETA2
from training.ops.native import Array, NativeOp

_gradient, _rate = Array('gradient', '*size'), Array('rate', '')
_mean, _variance = Array('mean', '*size'), Array('variance', '*size')


def _moments(gradient, mean, variance):
    return BETA1 * mean + (1 - BETA1) * gradient, BETA2 * variance + (1 - BETA2) * tensor.sqr(gradient)


def adam_twin(parameter, gradient, mean, variance, rate):
    """The new values: parameter, mean, variance."""
    mean, variance = _moments(gradient, mean, variance)
    return parameter - rate * mean / (tensor.sqrt(variance) + ADAM_EPSILON), mean, variance


def adam_quantized_twin(W, gradient, mean, variance, rate, copy, scale, bits):
    """The new values: W, mean, variance, and W's quantised copy."""
    mean, variance = _moments(gradient, mean, variance)
    W = W - np.float32(scale) * (rate * mean / (tensor.sqrt(variance) + ADAM_EPSILON))
    W = tensor.clip(W, -1., 1.)
    return W, mean, variance, tensor.cast(quantization.weight(W, bits), copy.dtype)


class Adam(NativeOp):
    source, function = 'adam.c', 'adam'
    outputs = Array('parameter', '*size'), _mean, _variance
    inputs = outputs[0], _gradient, _mean, _variance, _rate
    definitions = u'#define BETA1 %r\n#define BETA2 %r\n#define EPSILON %r\n#define QUANTIZE(x) 0\n' % (
        BETA1, BETA2, ADAM_EPSILON)
    __props__ = ('in_place',)


class AdamQuantized(NativeOp):
    source, function = 'adam.c', 'adam_quantized'
    outputs = Array('W', '*size'), _mean, _variance, Array('copy', '*size', 'int8')
    # The scale is an input and not a constant of the C code: each layer has another, and would be compiled again.
    inputs = outputs[0], _gradient, _mean, _variance, _rate, Array('scale', ''), outputs[3]
    __props__ = ('bits', 'in_place')

    def __init__(self, bits):
        super(AdamQuantized, self).__init__()
        self.bits = bits

    @property
    def definitions(self):
        return Adam.definitions.replace('QUANTIZE(x) 0', 'QUANTIZE(x) ' + quantization.WEIGHTS[self.bits].c_value('(x)'))


def adam_native(parameter, gradient, mean, variance, rate):
    """As :func:`adam_twin`; in place once Theano has optimised the graph."""
    return Adam()(parameter, gradient, mean, variance, rate)


def adam_quantized_native(W, gradient, mean, variance, rate, copy, scale, bits):
    """As :func:`adam_quantized_twin`; in place once Theano has optimised the graph."""
    return AdamQuantized(bits)(W, gradient, mean, variance, rate, np.float32(scale), copy)
