"""Batch norm of the last axis' channels, and the quantised activation behind it, in one op.

    y, mean, inv_std = batch_norm(x, gamma, beta, bits=1)       # with the batch's own statistics
    y = normalize(x, mean, inv_std, gamma, beta, bits=1)        # with given ones

`gamma` and the others are (channels,), or scalars, which normalise over every axis. bits None is no activation.
"""
from __future__ import absolute_import, division

import theano
from theano import tensor
from theano.gradient import DisconnectedType

from training import quantization
from training.ops.native import NativeOp, float32
from training.settings import EPSILON


def batch_norm_twin(x, gamma, beta, bits=None):
    """(y, mean, inv_std), inv_std = 1/sqrt(var + epsilon), as :func:`normalize_twin` normalises with them."""
    axes = tuple(range(x.ndim - gamma.ndim))
    mean = x.mean(axes)
    inv_std = tensor.inv(tensor.sqrt(x.var(axes) + EPSILON))
    return normalize_twin(x, mean, inv_std, gamma, beta, bits), mean, inv_std


def normalize_twin(x, mean, inv_std, gamma, beta, bits=None):
    """``activation((x - mean) * (gamma * inv_std) + beta)``."""
    y = (x - mean) * (gamma * inv_std) + beta
    return y if bits is None else quantization.activation(y, bits)


class _Normalization(NativeOp):
    headers = ('normalization.h',)
    __props__ = ('bits',)

    def __init__(self, bits):
        super(_Normalization, self).__init__()
        self.bits = bits

    def words(self, node, inputs, outputs):
        return {'bits': self.bits or 0, 'epsilon': repr(EPSILON)}

    # Input arrays and their sizes; %(first)s, ... are added by the ops
    opening = """
    Input x(%(i0)s), gamma(%(i1)s), beta(%(i2)s);
    if (!x.valid() || !gamma.valid() || !beta.valid()) %(fail)s
    const long channels = gamma.size(), rows = channels ? x.size() / channels : 0;
    const int x_dimensions = PyArray_NDIM(x.array), dimensions = PyArray_NDIM(gamma.array);
    if (!rows || beta.size() != channels || (dimensions && x.shape()[x_dimensions - 1] != channels)) {
        PyErr_SetString(PyExc_ValueError, "batch norm: shapes differ, or there are no rows");
        %(fail)s
    }
    float *sums = (float *)workspace.take(sizeof(float) * channels * (2 * blocks_of(rows) + 3));
    if (!sums) %(fail)s
    float *factors = sums + 2 * blocks_of(rows) * channels;
    """


class _Normalize(_Normalization):
    """Of x, gamma, beta, mean, inv_std."""

    code = _Normalization.opening + """
    Input mean(%(i3)s), inv_std(%(i4)s);
    if (!mean.valid() || !inv_std.valid()) %(fail)s
    if (mean.size() != channels || inv_std.size() != channels) {
        PyErr_SetString(PyExc_ValueError, "normalize: shapes differ");
        %(fail)s
    }
    float *y = output(&%(o0)s, x_dimensions, x.shape());
    if (!y) %(fail)s
    normalize<%(bits)s>(x.data(), rows, channels, mean.data(), inv_std.data(), gamma.data(), beta.data(), y, factors);
    """

    def make_node(self, *inputs):
        inputs = [float32(variable) for variable in inputs]
        return theano.Apply(self, inputs, [inputs[0].type()])


class _BatchNorm(_Normalization):
    """Of x, gamma, beta; to y, mean, inv_std."""

    code = _Normalization.opening + """
    float *y = output(&%(o0)s, x_dimensions, x.shape());
    float *mean = output(&%(o1)s, dimensions, gamma.shape()), *inv_std = output(&%(o2)s, dimensions, gamma.shape());
    if (!y || !mean || !inv_std) %(fail)s
    batch_statistics(x.data(), rows, channels, %(epsilon)sf, mean, inv_std, sums);
    normalize<%(bits)s>(x.data(), rows, channels, mean, inv_std, gamma.data(), beta.data(), y, factors);
    """

    def make_node(self, *inputs):
        inputs = [float32(variable) for variable in inputs]
        return theano.Apply(self, inputs, [variable.type() for variable in (inputs[0], inputs[1], inputs[1])])

    def L_op(self, inputs, outputs, output_gradients):
        if not all(isinstance(gradient.type, DisconnectedType) for gradient in output_gradients[1:]):
            raise NotImplementedError('batch norm: the statistics have no gradient, only y')
        return _BatchNormGradient(self.bits)(*(inputs + outputs[1:] + output_gradients[:1]))

    def connection_pattern(self, node):
        return [[True, True, True]] * 3


class _BatchNormGradient(_Normalization):
    """Of x, gamma, beta, mean, inv_std and y's gradient; to the gradients of x, gamma, beta."""

    code = _Normalization.opening + """
    Input mean(%(i3)s), inv_std(%(i4)s), gradient(%(i5)s);
    if (!mean.valid() || !inv_std.valid() || !gradient.valid()) %(fail)s
    if (mean.size() != channels || inv_std.size() != channels || gradient.size() != x.size()) {
        PyErr_SetString(PyExc_ValueError, "batch norm gradient: shapes differ");
        %(fail)s
    }
    float *dx = output(&%(o0)s, x_dimensions, x.shape());
    float *dgamma = output(&%(o1)s, dimensions, gamma.shape()), *dbeta = output(&%(o2)s, dimensions, gamma.shape());
    if (!dx || !dgamma || !dbeta) %(fail)s
    batch_norm_gradient<%(bits)s>(gradient.data(), x.data(), rows, channels, mean.data(), inv_std.data(), gamma.data(),
                                  beta.data(), dx, dgamma, dbeta, sums, factors);
    """

    def make_node(self, *inputs):
        inputs = [float32(variable) for variable in inputs]
        return theano.Apply(self, inputs, [variable.type() for variable in inputs[:3]])


def batch_norm_native(x, gamma, beta, bits=None):
    """As :func:`batch_norm_twin`."""
    return _BatchNorm(bits)(x, gamma, beta)


def normalize_native(x, mean, inv_std, gamma, beta, bits=None):
    """As :func:`normalize_twin`, without a gradient."""
    return _Normalize(bits)(x, gamma, beta, mean, inv_std)
