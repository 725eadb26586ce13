"""Quantisers: what the forward pass sees, and the gradient that is passed back.

    output = activation(x, bits=1)          # sign, gradient of the hard tanh
    seen = weight(W, bits=2)                # -1, 0, +1; the caller takes the gradient with respect to `seen`

``binary_activation(x)`` and ``activation(x, 1)`` are the same thing.

Rounding is written as comparisons, which vector units have, and gives the same bits as the rounding of the
specification in float32: each compares the same float32 sum that would be rounded. So ``x + 1`` is compared with 1,
not x with 0: for -2**-25 <= x < 0 the sum is 1 in float32, and the answer +1.
"""
from __future__ import absolute_import, division

import operator

import numpy
from theano import scalar, tensor

_COMPARISONS = {'>=': operator.ge, '>': operator.gt}


class _Quantizer(scalar.UnaryScalarOp):
    """A scalar op that looks ``x + 1`` up in `levels`: rows (comparison, edge, value), the first that holds, else -1."""

    levels = ()

    def impl(self, x):
        total = numpy.float32(x) + numpy.float32(1)
        for comparison, edge, value in self.levels:
            if _COMPARISONS[comparison](total, edge):
                return numpy.float32(value)
        return numpy.float32(-1)

    @classmethod
    def c_value(cls, x, number='float'):
        """A C expression of the value at the expression `x`, computed in the type `number`."""
        chosen = '-1'
        for comparison, edge, value in reversed(cls.levels):
            chosen = '((%s)(%s + (%s)1) %s (%s)%s ? %s : %s)' % (number, x, number, comparison, number, edge, value, chosen)
        return chosen

    def c_code(self, node, name, inputs, outputs, sub):
        return '%s = %s;' % (outputs[0], self.c_value(inputs[0], node.inputs[0].type.dtype_specs()[1]))

    def c_code_cache_version(self):
        return (1, self.levels)

    def grad(self, inputs, output_gradients):
        return [inputs[0].zeros_like()]


class _Activation(_Quantizer):
    """Straight-through estimator: the gradient of the hard tanh, one where -1 <= x <= 1 (edges included).

    Hubara et al., "Binarized Neural Networks", 2016 (arXiv:1602.02830), section 1.3.
    """

    @staticmethod
    def c_passes(x):
        """A C expression of whether the gradient passes at the expression `x`."""
        return '(%s >= -1.f && %s <= 1.f)' % (x, x)

    def grad(self, inputs, output_gradients):
        x, = inputs
        return [output_gradients[0] * scalar.and_(scalar.ge(x, -1), scalar.le(x, 1))]


class BinaryActivation(_Activation):
    """+1 where x >= 0, else -1: ``2*round(clip((x+1)/2, 0, 1)) - 1``, halves away from zero."""

    levels = (('>=', 1., 1),)


class TernaryActivation(_Activation):
    """-1, 0, +1 with edges at -0.5 and +0.5: ``round(clip(x, -1, 1) + 1) - 1``, halves away from zero."""

    levels = (('>=', 1.5, 1), ('>=', .5, 0))


class BinaryWeight(_Quantizer):
    """+1 where W > 0, else -1: ``clip((W+1)/2, 0, 1)`` rounded, halves to even, so that 0 gives -1."""

    levels = (('>', 1., 1),)


class TernaryWeight(_Quantizer):
    """-1, 0, +1: ``round(clip(W, -1, 1) + 1) - 1``, halves to even, so that -0.5 gives -1 and +0.5 gives +1."""

    levels = (('>=', 1.5, 1), ('>', .5, 0))


def _elementwise(quantizer):
    return tensor.Elemwise(quantizer(scalar.same_out_float_only))


binary_activation = _elementwise(BinaryActivation)
ternary_activation = _elementwise(TernaryActivation)
binary_weight = _elementwise(BinaryWeight)
ternary_weight = _elementwise(TernaryWeight)

# By bits, as scalar ops
ACTIVATIONS = {1: BinaryActivation, 2: TernaryActivation}
WEIGHTS = {1: BinaryWeight, 2: TernaryWeight}


def activation(x, bits):
    """Quantise activations to 1 or 2 bits; the gradient is that of the hard tanh."""
    return {1: binary_activation, 2: ternary_activation}[bits](x)


def weight(W, bits):
    """Quantise weights to 1 or 2 bits. No gradient: the loss is differentiated with respect to the result."""
    return {1: binary_weight, 2: ternary_weight}[bits](W)


def fixed_point_input(x, fraction_bits=7):
    """Quantise inputs in [-1, 1] to signed fixed point with 7 fraction bits, as CNV's first layer reads them.

    Multiples of 2**-7 in [-1, 1 - 2**-7], halves rounded up. No gradient.
    """
    steps = 2. ** fraction_bits
    inside = tensor.clip(x, -1., 1. - 1. / steps)
    return tensor.floor((inside + 1.) * steps + .5) / steps - 1.
