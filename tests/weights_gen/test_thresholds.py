"""Thresholds compared with batch norm in exact fractions, unit by unit."""
from __future__ import absolute_import, division

import math
from fractions import Fraction

import numpy as np
import pytest

from common.overlays import OVERLAYS
from tests.weights_gen.archives import random_layers
from weights_gen import thresholds

LAYERS = [(name, layer.index) for name, overlay in OVERLAYS.items() for layer in overlay.layers if layer.thresholds]


def exact_threshold(values, unit, step):
    """The dot product, before weights are negated, at which a unit passes a step; and the sign of gamma."""
    bias, beta, gamma, mean, inv_std = [Fraction(float(array[unit])) for array in values[1:]]
    return mean - bias + (Fraction(step) - beta) / (gamma * inv_std), 1 if gamma > 0 else -1


def specified_threshold(layer, exact, sign):
    """The specified threshold, computed with fractions."""
    value = sign * exact * (256 if layer.kind == 'conv' and layer.index == 0 else 1)
    if not (layer.kind == 'dense' and layer.binary):
        value = Fraction(math.ceil(value) if sign < 0 else math.floor(value))
    if layer.binary:
        value = (layer.fan_in + value) / 2
    value = int(value)      # towards zero
    if layer.weight_bits == 1 and not layer.binary:
        value -= layer.columns - layer.fan_in
    return value


@pytest.mark.parametrize('name, index', LAYERS)
def test_thresholds_are_the_specified_ones(name, index):
    overlay = OVERLAYS[name]
    layer, values = overlay.layers[index], random_layers(overlay, seed=index)[index]
    computed = thresholds.compute(layer, values)
    steps = [0] if layer.activation_bits == (1, 0) else [-.5, .5]
    units = len(values.gamma)
    assert computed.dtype == np.int64 and computed.shape == (layer.rows, len(steps))
    assert [[specified_threshold(layer, *exact_threshold(values, unit, step)) for step in steps]
            for unit in range(units)] == computed[:units].tolist()
    assert (computed[units:] == 32767).all()


@pytest.mark.parametrize('name, index', LAYERS)
def test_counting_thresholds_is_batch_norm_and_activation(name, index):
    """Accumulators near each threshold exceed it exactly when the batch norm's output exceeds the step."""
    overlay = OVERLAYS[name]
    layer, values = overlay.layers[index], random_layers(overlay, seed=index)[index]
    computed = thresholds.compute(layer, values)
    steps = [0] if layer.activation_bits == (1, 0) else [-.5, .5]
    padding = layer.columns - layer.fan_in
    for unit in range(0, len(values.gamma), 7):
        for position, step in enumerate(steps):
            exact, sign = exact_threshold(values, unit, step)
            threshold = int(computed[unit, position])
            for accumulator in range(threshold - 2, threshold + 3):
                if layer.binary:
                    dot_product = sign * (2 * accumulator - layer.fan_in)
                elif layer.weight_bits == 1:
                    dot_product = sign * Fraction(accumulator + padding, thresholds.scale(layer))
                else:
                    dot_product = sign * Fraction(accumulator, thresholds.scale(layer))
                passes = sign * dot_product > sign * exact
                if sign > 0 or accumulator != threshold:    # the overlay's generator rounds up if gamma < 0
                    assert (accumulator > threshold) == passes


def test_steps_rise_where_gamma_is_negative_too():
    overlay = OVERLAYS['cnvW1A2']
    for layer, values in zip(overlay.layers[:-1], random_layers(overlay)):
        assert (values.gamma < 0).any()
        assert (np.diff(thresholds.compute(layer, values)) >= 0).all()


@pytest.mark.parametrize('name, index, low, high', [
    ('cnvW1A1', 1, -32768, 32767), ('lfcW1A2', 0, -32768, 32767), ('cnvW1A1', 0, -2 ** 23, 2 ** 23 - 1)])
def test_thresholds_stay_within_the_memory(name, index, low, high):
    overlay = OVERLAYS[name]
    values = random_layers(overlay)[index]
    tiny = values._replace(gamma=np.full_like(values.gamma, 1e-38), inv_std=np.full_like(values.gamma, 1e-38))
    computed = thresholds.compute(overlay.layers[index], tiny)
    assert set(computed[:, 0]) == {low, high}


def test_no_thresholds_where_the_accumulators_are_the_answer():
    overlay = OVERLAYS['cnvW1A1']
    assert thresholds.compute(overlay.layers[8], random_layers(overlay)[8]) is None
