"""Dropout whose masks come from a counter.

    y = dropout(x, state, p)        # state: int64 (2,), seed and step

The mask follows from seed, step and the element's place alone: forward and backward pass compute it anew, nothing is
kept, and whoever has the state has the future. Both ops and twin give the same masks.
"""
from __future__ import absolute_import, division

import numpy as np
import theano
from theano import tensor

from training.ops.native import NativeOp, float32


def _limit(p):
    return int(round((1 - p) * 2 ** 32)) - 1


def _scale(p):
    return np.float32(1. / (1. - p))


def _mix(x):
    for shift, factor in ((16, 0x85ebca6b), (13, 0xc2b2ae35)):
        x = tensor.xor(x, x // np.uint32(1 << shift)) * np.uint32(factor)
    return tensor.xor(x, x // np.uint32(1 << 16))


def dropout_twin(x, state, p):
    """``x / (1 - p)`` where kept, which has the probability 1 - p, else 0."""
    seed, step = (tensor.cast(state[i], 'uint32') for i in range(2))
    first = _mix(tensor.xor(seed, _mix(step)))
    second = _mix(first + np.uint32(0x9e3779b9))
    places = tensor.cast(tensor.arange(x.size), 'uint32').reshape(x.shape, ndim=x.ndim)
    kept = tensor.lt(_mix(_mix(tensor.xor(places, first)) + second), np.uint32(_limit(p)))
    return tensor.switch(kept, x * _scale(p), np.float32(0))


class _Dropout(NativeOp):
    headers = ('regularization.h',)
    __props__ = ('p',)
    code = """
    Input x(%(i0)s);
    if (!x.valid()) %(fail)s
    if (PyArray_SIZE(%(i1)s) != 2) {
        PyErr_SetString(PyExc_ValueError, "dropout: the state is seed and step");
        %(fail)s
    }
    const npy_int64 seed = *(npy_int64 *)PyArray_GETPTR1(%(i1)s, 0), step = *(npy_int64 *)PyArray_GETPTR1(%(i1)s, 1);
    float *y = output(&%(o0)s, PyArray_NDIM(x.array), x.shape());
    if (!y) %(fail)s
    dropout(x.data(), y, x.size(), (uint32_t)seed, (uint32_t)step, UINT32_C(%(limit)s), %(scale)sf);
    """

    def __init__(self, p):
        super(_Dropout, self).__init__()
        self.p = p

    def words(self, node, inputs, outputs):
        return {'limit': _limit(self.p), 'scale': '%.9e' % _scale(self.p)}

    def make_node(self, x, state):
        x, state = float32(x), tensor.as_tensor_variable(state)
        if state.dtype != 'int64' or state.ndim != 1:
            raise TypeError('dropout: the state is an int64 vector, not %s' % state.type)
        return theano.Apply(self, [x, state], [x.type()])

    def L_op(self, inputs, outputs, output_gradients):
        return [self(output_gradients[0], inputs[1]), theano.gradient.DisconnectedType()()]

    def connection_pattern(self, node):
        return [[True], [False]]


def dropout_native(x, state, p):
    """As :func:`dropout_twin`, to the same bits."""
    return _Dropout(p)(x, state)
