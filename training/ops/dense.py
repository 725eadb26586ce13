"""Dense layers.

    y = dense(x, W, b)      # x . W + b

``dx = dy . W^T``, ``dW = x^T . dy``, ``db = sum of dy over the batch``. Weights are digits times a magnitude (each -s, 0
or +s), and so are the inputs as a rule: then the forward product is counted in bits (c/counting.h), and the gradients'
are looked up (c/lookup.h); neither needs a BLAS. Inputs of any other values are multiplied, slowly.
"""
from __future__ import absolute_import, division

from theano import tensor

from training.ops.native import OPERAND, Array, NativeOp

_x, _W, _b = Array('x', 'batch inputs', OPERAND), Array('W', 'inputs units', OPERAND), Array('b', 'units')
_dy = Array('dy', 'batch units')


def dense_twin(x, W, b=None):
    """``x . W + b``; (N, inputs), (inputs, units) and (units,) to (N, units)."""
    output = tensor.dot(x, W)
    return output if b is None else output + b


class Dense(NativeOp):
    source, function = 'dense.c', 'dense'
    inputs, optional, outputs = (_x, _W, _b), 1, (Array('y', 'batch units'),)

    def L_op(self, inputs, outputs, output_gradients):
        dy, = output_gradients
        dW, db = DenseWeightGradient()(inputs[0], dy)
        return [DenseInputGradient()(dy, inputs[1]), dW] + [db] * (len(inputs) - 2)


class DenseInputGradient(NativeOp):
    source, function = 'dense.c', 'dense_input_gradient'
    inputs, outputs = (_dy, _W), (Array('dx', 'batch inputs'),)


class DenseWeightGradient(NativeOp):
    source, function = 'dense.c', 'dense_weight_gradient'
    inputs, outputs = (_x, _dy), (Array('dW', 'inputs units'), Array('db', 'units'))


def dense_native(x, W, b=None):
    """As :func:`dense_twin`, of float32, for W whose values are -s, 0 and +s.

    Raises
    ------
    ValueError
        When called, for other weights.
    """
    return Dense()(x, W) if b is None else Dense()(x, W, b)
