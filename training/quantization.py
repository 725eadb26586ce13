"""Quantisers: what the forward pass sees, and the gradient that is passed back.

    output = activation(x, bits=1)          # sign, gradient of the hard tanh
    seen = weight(W, bits=2)                # -1, 0, +1; the caller takes the gradient with respect to `seen`

Their edges are in :mod:`common.quantizers`. Rounding is written as comparisons, which vector units have, and gives the
same bits as the rounding of the specification in float32: each compares the same float32 sum that would be rounded. So
``x + 1`` is compared with 1, not x with 0: for -2**-25 <= x < 0 the sum is 1 in float32, and the answer +1.
"""
from __future__ import absolute_import, division

import numpy
from theano import scalar, tensor

import training.compatibility  # noqa: F401 (Theano as this numpy needs it)
from common import quantizers


class _Quantizer(scalar.UnaryScalarOp):
    """A scalar op that looks ``x + 1`` up in the levels of a :class:`common.quantizers.Quantizer`."""

    def __init__(self, quantizer):
        super(_Quantizer, self).__init__(scalar.same_out_float_only)
        self.quantizer = quantizer

    def __eq__(self, other):
        return type(self) is type(other) and self.quantizer == other.quantizer

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash((type(self), self.quantizer))

    def make_new_inplace(self, output_types_preference):
        """The same quantiser, for an op that overwrites its input: Theano would call the class with this alone."""
        result = type(self)(self.quantizer)
        result.output_types_preference = output_types_preference
        return result

    def impl(self, x):
        return numpy.float32(self.quantizer(numpy.float32(x), quantizers.OFFSET))

    def c_value(self, x, number='float'):
        """A C expression of the value at the expression `x`, computed in the type `number`."""
        chosen = self.quantizer.lowest
        for edge, included, value in self.quantizer.levels:
            chosen = '((%s)(%s + (%s)%d) %s (%s)%s ? %s : %s)' % (
                number, x, number, quantizers.OFFSET, '>=' if included else '>', number, edge + quantizers.OFFSET,
                value, chosen)
        return chosen

    def c_code(self, node, name, inputs, outputs, sub):
        return '%s = %s;' % (outputs[0], self.c_value(inputs[0], node.inputs[0].type.dtype_specs()[1]))

    def c_code_cache_version(self):
        return (1, self.quantizer)

    def grad(self, inputs, output_gradients):
        return [inputs[0].zeros_like()]


class Activation(_Quantizer):
    """Straight-through estimator: the gradient of the hard tanh, one where -1 <= x <= 1 (edges included).

    Hubara et al., "Binarized Neural Networks", 2016 (arXiv:1602.02830), section 1.3.
    """

    @staticmethod
    def c_passes(x):
        """A C expression of whether the gradient passes at the expression `x`."""
        return '(%s >= -1.f && %s <= 1.f)' % (x, x)

    @staticmethod
    def passes(x):
        """Whether the gradient passes at `x`, as an expression."""
        return tensor.and_(tensor.ge(x, -1), tensor.le(x, 1))

    def grad(self, inputs, output_gradients):
        x, = inputs
        return [output_gradients[0] * scalar.and_(scalar.ge(x, -1), scalar.le(x, 1))]


class Weight(_Quantizer):
    """What the forward pass sees of a weight."""


# By bits, as scalar ops
ACTIVATIONS = {bits: Activation(quantizer) for bits, quantizer in quantizers.ACTIVATIONS.items()}
WEIGHTS = {bits: Weight(quantizer) for bits, quantizer in quantizers.WEIGHTS.items()}


def activation(x, bits):
    """Quantise activations to 1 or 2 bits; the gradient is that of the hard tanh."""
    return tensor.Elemwise(ACTIVATIONS[bits])(x)


def weight(W, bits):
    """Quantise weights to 1 or 2 bits. No gradient: the loss is differentiated with respect to the result."""
    return tensor.Elemwise(WEIGHTS[bits])(W)


def fixed_point_input(x, fraction_bits=7):
    """Quantise inputs in [-1, 1] to signed fixed point with 7 fraction bits, as CNV's first layer reads them.

    Multiples of 2**-7 in [-1, 1 - 2**-7], halves rounded up. No gradient.
    """
    steps = 2. ** fraction_bits
    inside = tensor.clip(x, -1., 1. - 1. / steps)
    return tensor.floor((inside + 1.) * steps + .5) / steps - 1.
