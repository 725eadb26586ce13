"""Every quantiser compared with the specification's formula, step by step in float32 numpy."""
from __future__ import absolute_import, division

import numpy as np
import pytest
import theano
from theano import tensor

from training import quantization

MODES = {'c': None, 'python': theano.Mode(linker='py', optimizer=None)}     # None: the default mode, which training uses


def clip(x, low, high):
    return np.minimum(np.maximum(x, np.float32(low)), np.float32(high))


def half_away(x):
    """C's round: exact in float32, where floor(x + 0.5) would not be."""
    whole = np.trunc(x)
    return whole + np.sign(x) * (np.abs(x - whole) >= np.float32(.5))


def activation_1(x):
    h = clip(x, -1, 1)
    return np.float32(2) * half_away(clip((h + np.float32(1)) / np.float32(2), 0, 1)) - np.float32(1)


def activation_2(x):
    return half_away(clip(x, -1, 1) + np.float32(1)) - np.float32(1)


def weight_1(W):
    rounded = np.rint(clip((W + np.float32(1)) / np.float32(2), 0, 1))
    return np.where(rounded == 1, np.float32(1), np.float32(-1))


def weight_2(W):
    return np.rint(clip(W, -1, 1) + np.float32(1)) - np.float32(1)


def fixed_point(x):
    inside = clip(clip(x, -1, 1), -1, 1 - 2. ** -7) + np.float32(1)
    return half_away(inside * np.float32(128)) / np.float32(128) - np.float32(1)


ACTIVATIONS = {1: activation_1, 2: activation_2}
WEIGHTS = {1: weight_1, 2: weight_2}
QUANTISERS = dict(
    [('activation %d' % bits, (lambda x, bits=bits: quantization.activation(x, bits), formula))
     for bits, formula in ACTIVATIONS.items()] +
    [('weight %d' % bits, (lambda x, bits=bits: quantization.weight(x, bits), formula))
     for bits, formula in WEIGHTS.items()] +
    [('fixed point input', (quantization.fixed_point_input, fixed_point))])


def neighbours(values, steps=40):
    """Float32 values, and the next `steps` values on both sides."""
    found = [np.asarray(values, np.float32)]
    for towards in (-np.inf, np.inf):
        here = found[0]
        for _ in range(steps):
            here = np.nextafter(here, np.float32(towards))
            found.append(here)
    return np.concatenate(found)


def inputs(mode='c'):
    """A dense grid, every edge with its neighbours, tiny and huge values, both zeros, both infinities; for Python, which
    computes one by one, a tenth of the grid and of the random values.
    """
    thinned = {'c': 1, 'python': 10}[mode]
    edges = [-1, -.5, 0, .5, 1, 1.5, -1.5, 1 - 2. ** -7, 1e-9, -1e-9]
    edges += [sign * 2. ** -power for sign in (-1, 1) for power in range(20, 30)]
    halves = (np.arange(-128, 128) + .5) / 128          # where the fixed-point input rounds
    bits = np.random.RandomState(0).randint(0, 2 ** 32, 100000 // thinned, dtype=np.uint32).view(np.float32)
    return np.concatenate([
        np.linspace(-2.5, 2.5, 50000 // thinned + 1).astype(np.float32), neighbours(edges), neighbours(halves, 3),
        bits[np.isfinite(bits)], np.array([0., -0., np.inf, -np.inf, 3e38, -3e38, 1e-45, -1e-45], np.float32)])


def function_of(expression_of, mode):
    x = tensor.vector('x')
    return theano.function([x], expression_of(x), mode=MODES[mode])


@pytest.mark.parametrize('mode', sorted(MODES))
@pytest.mark.parametrize('name', sorted(QUANTISERS))
def test_value(name, mode):
    quantiser, formula = QUANTISERS[name]
    x = inputs(mode)
    values = function_of(quantiser, mode)(x)
    assert values.dtype == np.float32
    wrong = np.flatnonzero(values != formula(x))
    assert not len(wrong), [(repr(x[i]), values[i], formula(x)[i]) for i in wrong[:5]]


@pytest.mark.parametrize('mode', sorted(MODES))
@pytest.mark.parametrize('bits', sorted(ACTIVATIONS))
def test_gradient_of_activations_is_the_hard_tanhs(bits, mode):
    x = inputs(mode)
    upstream = np.random.RandomState(1).normal(0, 1, len(x)).astype(np.float32)

    def gradient(variable):
        return theano.grad((quantization.activation(variable, bits) * upstream).sum(), variable)

    np.testing.assert_array_equal(function_of(gradient, mode)(x), np.where(np.abs(x) <= 1, upstream, np.float32(0)))


@pytest.mark.parametrize('bits, levels', [(1, [-1, 1]), (2, [-1, 0, 1])])
def test_levels(bits, levels):
    for quantiser in (quantization.activation, quantization.weight):
        assert sorted(set(function_of(lambda x: quantiser(x, bits), 'c')(inputs()))) == levels


@pytest.mark.parametrize('value, bits, activation, weight', [
    (0., 1, 1, -1), (-0., 1, 1, -1), (-2. ** -25, 1, 1, -1), (-2. ** -24, 1, -1, -1), (2. ** -24, 1, 1, -1),
    (2. ** -23, 1, 1, 1), (.5, 2, 1, 1), (-.5, 2, 0, -1), (.49999, 2, 0, 0), (-.50001, 2, -1, -1), (-.49999, 2, 0, 0)])
def test_worked_examples(value, bits, activation, weight):
    """From the specification's words and the rounding of float32 sums, not from a formula in this file."""
    x = np.array([value], np.float32)
    assert function_of(lambda x: quantization.activation(x, bits), 'c')(x) == activation
    assert function_of(lambda x: quantization.weight(x, bits), 'c')(x) == weight


@pytest.mark.parametrize('bits', [1, 2])
def test_arrays_in_any_order_of_memory(bits):
    x = np.random.RandomState(2).uniform(-1.2, 1.2, (3, 4, 5, 6)).astype(np.float32)
    variable = tensor.tensor4('x')
    seen = theano.function([variable], quantization.activation(variable, bits))
    expected = ACTIVATIONS[bits](x)
    np.testing.assert_array_equal(seen(x.transpose(0, 2, 3, 1)), expected.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(seen(x[::2, :, ::-1]), expected[::2, :, ::-1])
    np.testing.assert_array_equal(seen(x[:0]), expected[:0])


def test_fixed_point_input_of_the_256_pixel_levels():
    """p*(2/255) - 1 is (p + p/255)/128 - 1: rounded up from 128 on, but for the brightest, which 8 bits cannot hold."""
    level = np.arange(256)
    pixels = level.astype(np.float32) * np.float32(2. / 255) - np.float32(1)
    values = function_of(quantization.fixed_point_input, 'c')(pixels) * 128 + 128
    np.testing.assert_array_equal(values, np.minimum(np.where(level < 128, level, level + 1), 255))
