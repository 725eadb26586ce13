"""2x2 max pooling, stride 2, of images (N, rows, columns, channels).

Each value that equals its window's maximum gets the whole gradient, as Theano's own pooling on the CPU has it.
"""
from __future__ import absolute_import, division

from theano.tensor.signal import pool

from training.ops.conv import Conv, conv_pool_native
from training.ops.native import Array, NativeOp

_x, _y = Array('x', 'batch rows columns channels'), Array('y', 'batch rows/2 columns/2 channels')


def max_pool_twin(x):
    """(N, rows, columns, channels) to (N, rows//2, columns//2, channels)."""
    return pool.pool_2d(x.dimshuffle(0, 3, 1, 2), (2, 2), ignore_border=True).dimshuffle(0, 2, 3, 1)


class MaxPool(NativeOp):
    source, function = 'max_pool.c', 'max_pool'
    inputs, outputs = (_x,), (_y,)

    def L_op(self, inputs, outputs, output_gradients):
        return [MaxPoolGradient()(inputs[0], outputs[0], output_gradients[0])]


class MaxPoolGradient(NativeOp):
    source, function = 'max_pool.c', 'max_pool_gradient'
    inputs = _x, _y, Array('dy', 'batch rows/2 columns/2 channels')
    outputs = Array('dx', 'batch rows columns channels'),


def max_pool_native(x):
    """As :func:`max_pool_twin`, to the same bits; right behind a convolution, as one op with it."""
    if x.owner and isinstance(x.owner.op, Conv):
        return conv_pool_native(*x.owner.inputs)
    return MaxPool()(x)
