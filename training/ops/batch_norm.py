"""Batch norm of the last axis' channels, and the quantised activation behind it, in one op.

    y, mean, inv_std = batch_norm(x, gamma, beta, bits=1)       # with the batch's own statistics
    y = normalize(x, mean, inv_std, gamma, beta, bits=1)        # with given ones

``y = activation(z)``, ``z = (x - mean) * gamma * inv_std + beta``, ``inv_std = 1/sqrt(variance + epsilon)``. With g the
gradient of z (y's, where the activation passes it) and means taken over the rows,
``dx = gamma * inv_std * (g - mean(g) - (x - mean) * inv_std^2 * mean(g * (x - mean)))``,
``dgamma = inv_std * sum(g * (x - mean))``, ``dbeta = sum(g)``.

`gamma` and the others are (channels,), or scalars, which normalise over every axis. bits None is no activation.
"""
from __future__ import absolute_import, division

import collections
import functools

import numpy as np
import theano
from theano import tensor
from theano.gradient import DisconnectedType, disconnected_grad

from training import quantization
from training.constants import ALPHA, EPSILON
from training.ops.native import Array, NativeOp, as_floats, rewrites

_Rows = collections.namedtuple('_Rows', ['axes', 'count'])

_x, _gamma, _beta = Array('x', '*rows channels'), Array('gamma', 'channels'), Array('beta', 'channels')
_mean, _inv_std = Array('mean', 'channels'), Array('inv_std', 'channels')


def batch_norm_twin(x, gamma, beta, bits=None, rows_of_one=None):
    """(y, mean, inv_std), as :func:`normalize_twin` normalises with the batch's own statistics.

    rows_of_one: how many numbers of a channel one image has; a GPU need not be told at each step where that is given.

    The gradient is written out: what Theano derives of mean and variance computes most of it several times.
    """
    mean, inv_std = [disconnected_grad(value) for value in _statistics(x, gamma, rows_of_one)]
    inputs = [tensor.TensorType(variable.dtype, variable.broadcastable)() for variable in (x, mean, inv_std, gamma, beta)]
    op = theano.OpFromGraph(inputs, [normalize_twin(*inputs, bits=bits)], inline=True,
                            lop_overrides=functools.partial(_gradients, bits, rows_of_one))
    return op(x, mean, inv_std, gamma, beta), mean, inv_std


def _statistics(x, gamma, rows_of_one):
    x, rows, along = _by_channels(x, gamma, rows_of_one)
    mean = x.sum(rows.axes) / rows.count
    return mean, tensor.inv(tensor.sqrt(tensor.sqr(x - along(mean)).sum(rows.axes) / rows.count + EPSILON))


def _gradients(bits, rows_of_one, inputs, outputs, output_gradients):
    """As above; x's also through the statistics."""
    x, mean, inv_std, gamma, beta = inputs
    x, rows, along = _by_channels(x, gamma, rows_of_one)
    g, centred = _by_channels(output_gradients[0], gamma)[0], x - along(mean)
    if bits is not None:
        z = centred * along(gamma * inv_std) + along(beta)
        g = tensor.switch(quantization.ACTIVATIONS[bits].passes(z), g, np.float32(0))
    dbeta, projected = g.sum(rows.axes), (g * centred).sum(rows.axes)
    # Products of whole arrays, not first of numbers of channels: so it is one loop, and on a GPU one kernel.
    dx = along(gamma * inv_std) * (g - along(dbeta) / along(rows.count) - centred * along(inv_std) * along(inv_std) * along(
        projected) / along(rows.count))
    return [_back(dx), mean.zeros_like(), inv_std.zeros_like(), inv_std * projected, dbeta]


def averages(pairs):
    """The new running averages of pairs (average, the batch's value), shared variables and expressions."""
    return [(1 - ALPHA) * average + ALPHA * batch for average, batch in pairs]


def normalize_twin(x, mean, inv_std, gamma, beta, bits=None):
    """``activation((x - mean) * (gamma * inv_std) + beta)``."""
    x, _, along = _by_channels(x, gamma)
    return _back(_activated((x - along(mean)) * along(gamma * inv_std) + along(beta), bits))


def _activated(z, bits):
    return z if bits is None else quantization.activation(z, bits)


def _by_channels(x, gamma, rows_of_one=None):
    """Images as planes, one for each channel, as a GPU's convolutions have them; all else as it is.

    Returns
    -------
    (x, rows, along)
        rows.axes of the statistics and rows.count, how many there are of each channel; the function that lays a channel's
        number along them.
    """
    def along(value):
        return value.dimshuffle('x', 0, 'x', 'x') if value.ndim and x.ndim == 4 else value

    if x.ndim == 4:
        x = x.dimshuffle(0, 3, 1, 2)
    axes = tuple(axis for axis in range(x.ndim) if axis != 1 or not gamma.ndim)
    others = 1 if rows_of_one is None else rows_of_one
    if rows_of_one is None:
        for axis in axes[1:]:
            others = others * x.shape[axis]
    return x, _Rows(axes, tensor.cast(x.shape[0], x.dtype) * tensor.cast(others, x.dtype)), along


def _back(x):
    return x.dimshuffle(0, 2, 3, 1) if x.ndim == 4 else x


class _Normalization(NativeOp):
    """With `digits`, y is int8."""

    source = 'batch_norm.c'
    __props__ = ('bits', 'digits')

    def __init__(self, bits, digits=False):
        super(_Normalization, self).__init__()
        self.bits, self.digits = bits, digits

    @property
    def definitions(self):
        quantizer = quantization.ACTIVATIONS.get(self.bits)
        return u'#define NUMBER %s\n#define ACTIVATION(x) %s\n#define PASSES(x) %s\n' % (
            'int8_t' if self.digits else 'float', quantizer.c_value('(x)') if quantizer else '(x)',
            quantizer.c_passes('(x)') if quantizer else '1')

    @property
    def y(self):
        return Array('y', '*rows channels', 'int8' if self.digits else 'float32')


class Normalize(_Normalization):
    function = 'normalize'
    inputs = _x, _gamma, _beta, _mean, _inv_std

    @property
    def outputs(self):
        return self.y,


class BatchNorm(_Normalization):
    function = 'batch_norm'
    inputs, constants = (_x, _gamma, _beta), ('%rf' % EPSILON,)

    @property
    def outputs(self):
        return self.y, _mean, _inv_std

    def L_op(self, inputs, outputs, output_gradients):
        if not all(isinstance(gradient.type, DisconnectedType) for gradient in output_gradients[1:]):
            raise NotImplementedError('batch norm: the statistics have no gradient, only y')
        return BatchNormGradient(self.bits)(*(inputs + outputs[1:] + output_gradients[:1]))

    def connection_pattern(self, node):
        return [[True, True, True]] * 3


class BatchNormGradient(_Normalization):
    function = 'batch_norm_gradient'
    inputs = _x, _gamma, _beta, _mean, _inv_std, Array('dy', '*rows channels')
    outputs = Array('dx', '*rows channels'), Array('dgamma', 'channels'), Array('dbeta', 'channels')


@rewrites('training_writes_digits', .5)
def writes_digits(node):
    """After an activation, y is digits; where something else needs floats, they are made from these."""
    if isinstance(node.op, (BatchNorm, Normalize)) and node.op.bits and not node.op.digits:
        outputs = type(node.op)(node.op.bits, digits=True)(*node.inputs, return_list=True)
        return [as_floats(outputs[0])] + outputs[1:]


def batch_norm_native(x, gamma, beta, bits=None, rows_of_one=None):
    """As :func:`batch_norm_twin`, which alone needs rows_of_one."""
    if gamma.ndim:
        return BatchNorm(bits)(x, gamma, beta)
    y, mean, inv_std = BatchNorm(bits)(*_as_one_channel(x, gamma, beta))
    return y.reshape(x.shape), mean[0], inv_std[0]


def normalize_native(x, mean, inv_std, gamma, beta, bits=None):
    """As :func:`normalize_twin`, without a gradient."""
    if gamma.ndim:
        return Normalize(bits)(x, gamma, beta, mean, inv_std)
    return Normalize(bits)(*_as_one_channel(x, gamma, beta, mean, inv_std)).reshape(x.shape)


def _as_one_channel(x, *statistics):
    return [x.reshape((x.size, 1))] + [tensor.stack([value]) for value in statistics]
