"""Dropout whose masks come from a counter.

    y = dropout(x, state, p)        # state: int64 (2,), seed and step

``y = x / (1 - p)`` where kept, which has the probability 1 - p, else 0; the gradient likewise. The mask follows from
seed, step and the element's place alone: both passes compute it, nothing is stored, and the state alone decides the
masks to come. Op and twin draw the same masks.
"""
from __future__ import absolute_import, division

import numpy as np
import theano
from theano import tensor

from training.ops.native import Array, NativeOp


def limit(p):
    """Elements whose 32-bit number is below this are kept."""
    return int(round((1 - p) * 2 ** 32)) - 1


def scale(p):
    """What kept elements are multiplied by."""
    return np.float32(1. / (1. - p))


def _mix(x):
    for shift, factor in ((16, 0x85ebca6b), (13, 0xc2b2ae35)):
        x = tensor.xor(x, x // np.uint32(1 << shift)) * np.uint32(factor)
    return tensor.xor(x, x // np.uint32(1 << 16))


def dropout_twin(x, state, p):
    """``x / (1 - p)`` where kept, else 0."""
    seed, step = (tensor.cast(state[i], 'uint32') for i in range(2))
    first = _mix(tensor.xor(seed, _mix(step)))
    second = _mix(first + np.uint32(0x9e3779b9))
    places = tensor.cast(tensor.arange(x.size), 'uint32').reshape(x.shape, ndim=x.ndim)
    kept = tensor.lt(_mix(_mix(tensor.xor(places, first)) + second), np.uint32(limit(p)))
    return tensor.switch(kept, x * scale(p), np.float32(0))


def next_step(state):
    """The state in the next step."""
    return state + np.array([0, 1], np.int64)


class Dropout(NativeOp):
    source, function = 'dropout.c', 'dropout'
    inputs, outputs = (Array('x', '*size'), Array('state', '2', 'int64')), (Array('y', '*size'),)
    __props__ = ('p',)

    def __init__(self, p):
        super(Dropout, self).__init__()
        self.p = p
        self.constants = 'UINT32_C(%d)' % limit(p), '%.9ef' % scale(p)

    def L_op(self, inputs, outputs, output_gradients):
        return [self(output_gradients[0], inputs[1]), theano.gradient.DisconnectedType()()]

    def connection_pattern(self, node):
        return [[True], [False]]


def dropout_native(x, state, p):
    """As :func:`dropout_twin`, to the same bits."""
    return Dropout(p)(x, state)
