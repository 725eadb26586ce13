"""Convolutions, with or without a max pool right after them.

    y = conv(x, W, b)           # 3x3 'valid' correlation, channels last, + b
    y = conv_pool(x, W, b)      # max_pool(conv(x, W, b))

``y[n, r, c, f] = b[f] + sum over k, i, j of x[n, r+i, c+j, k] * W[f, k, i, j]``; the gradients of x and W are the same
sum, taken over f and its pixels. Products are counted in bits and looked up as in dense.py; images that are not
quantised, CNV's, are multiplied (c/product.h). With the pool, only the maxima are kept and which pixels have them, four
bits a window: the outputs, four times as large, never reach memory, forward or backward.
"""
from __future__ import absolute_import, division

from theano import tensor

from training.ops.native import OPERAND, Array, NativeOp

_x, _W = Array('x', 'batch rows columns channels', OPERAND), Array('W', 'filters channels 3 3', OPERAND)


def conv_twin(x, W, b=None):
    """3x3 'valid' correlation (no kernel flip) of images (N, rows, columns, channels), plus b.

    Parameters
    ----------
    W : (filters, channels, 3, 3)

    Returns
    -------
    (N, rows - 2, columns - 2, filters)
    """
    output = tensor.nnet.conv2d(x.dimshuffle(0, 3, 1, 2), W, border_mode='valid', filter_flip=False)
    output = output.dimshuffle(0, 2, 3, 1)
    return output if b is None else output + b


class Conv(NativeOp):
    source, function = 'conv.c', 'conv'
    inputs, optional = (_x, _W, Array('b', 'filters')), 1
    outputs = Array('y', 'batch rows-2 columns-2 filters'),

    def L_op(self, inputs, outputs, output_gradients):
        dy, = output_gradients
        dW, db = ConvWeightGradient()(inputs[0], dy)
        return [ConvInputGradient()(dy, inputs[1]), dW] + [db] * (len(inputs) - 2)


class ConvInputGradient(NativeOp):
    source, function = 'conv.c', 'conv_input_gradient'
    inputs = Array('dy', 'batch out_rows out_columns filters'), _W
    outputs = Array('dx', 'batch out_rows+2 out_columns+2 channels'),


class ConvWeightGradient(NativeOp):
    source, function = 'conv.c', 'conv_weight_gradient'
    inputs = _x, Array('dy', 'batch rows-2 columns-2 filters')
    outputs = Array('dW', 'filters channels 3 3'), Array('db', 'filters')


_winners = Array('winners', 'batch (rows-2)/2 (columns-2)/2 filters', 'int8')
_pooled = Array('y', 'batch (rows-2)/2 (columns-2)/2 filters')


class ConvPool(NativeOp):
    """To y and its winners: bit 2 * row + column of each says whether that pixel of the window has the maximum."""

    source, function = 'conv.c', 'conv_pool'
    inputs, optional, outputs = Conv.inputs, 1, (_pooled, _winners)

    def L_op(self, inputs, outputs, output_gradients):
        x, W, dy, winners = inputs[0], inputs[1], output_gradients[0], outputs[1]
        dW, db = ConvPoolWeightGradient()(x, dy, winners)
        return [ConvPoolInputGradient()(dy, winners, W, x), dW] + [db] * (len(inputs) - 2)

    def connection_pattern(self, node):
        return [[True, False]] * len(node.inputs)


class ConvPoolInputGradient(NativeOp):
    """x gives only the shape."""

    source, function = 'conv.c', 'conv_pool_input_gradient'
    inputs = (Array('dy', 'batch out_rows out_columns filters'),
              Array('winners', 'batch out_rows out_columns filters', 'int8'), _W, _x)
    outputs = Array('dx', 'batch rows columns channels'),


class ConvPoolWeightGradient(NativeOp):
    source, function = 'conv.c', 'conv_pool_weight_gradient'
    inputs = _x, Array('dy', 'batch (rows-2)/2 (columns-2)/2 filters'), _winners
    outputs = Array('dW', 'filters channels 3 3'), Array('db', 'filters')


def conv_native(x, W, b=None):
    """As :func:`conv_twin`, of float32, for W whose values are -s, 0 and +s.

    Raises
    ------
    ValueError
        When called, for other weights.
    """
    return Conv()(x, W) if b is None else Conv()(x, W, b)


def conv_pool_native(x, W, b=None):
    """As ``max_pool_twin(conv_twin(x, W, b))``."""
    return (ConvPool()(x, W) if b is None else ConvPool()(x, W, b))[0]
