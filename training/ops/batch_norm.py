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

from theano import tensor
from theano.gradient import DisconnectedType

from training import quantization
from training.constants import EPSILON
from training.ops.native import Array, NativeOp, as_floats, rewrites

_x, _gamma, _beta = Array('x', '*rows channels'), Array('gamma', 'channels'), Array('beta', 'channels')
_mean, _inv_std = Array('mean', 'channels'), Array('inv_std', 'channels')


def batch_norm_twin(x, gamma, beta, bits=None):
    """(y, mean, inv_std), as :func:`normalize_twin` normalises with the batch's own statistics."""
    axes = tuple(range(x.ndim - gamma.ndim))
    mean = x.mean(axes)
    inv_std = tensor.inv(tensor.sqrt(x.var(axes) + EPSILON))
    return normalize_twin(x, mean, inv_std, gamma, beta, bits), mean, inv_std


def normalize_twin(x, mean, inv_std, gamma, beta, bits=None):
    """``activation((x - mean) * (gamma * inv_std) + beta)``."""
    y = (x - mean) * (gamma * inv_std) + beta
    return y if bits is None else quantization.activation(y, bits)


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
    """Behind an activation, y is digits: their floats, where something else needs them, are made of these."""
    if isinstance(node.op, (BatchNorm, Normalize)) and node.op.bits and not node.op.digits:
        outputs = type(node.op)(node.op.bits, digits=True)(*node.inputs, return_list=True)
        return [as_floats(outputs[0])] + outputs[1:]


def batch_norm_native(x, gamma, beta, bits=None):
    """As :func:`batch_norm_twin`."""
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
