"""Integer weights: rounding, order of columns, sign, padding."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from common.overlays import OVERLAYS
from tests.weights_gen.archives import random_layers
from weights_gen import weights


def layer_and_values(name, index, **changes):
    overlay = OVERLAYS[name]
    values = random_layers(overlay)[index]
    values = values._replace(gamma=np.ones_like(values.gamma))
    return overlay.layers[index], values._replace(**changes)


def test_columns_of_a_convolution_run_ky_kx_channel():
    layer, values = layer_and_values('cnvW1A1', 1)
    matrix = weights.compute(layer, values)
    for row, channel, ky, kx in [(0, 0, 0, 0), (5, 63, 0, 2), (63, 17, 2, 1), (31, 1, 1, 0)]:
        assert matrix[row, (ky * 3 + kx) * 64 + channel] == (-1 if values.weights[row, channel, ky, kx] < 0 else 1)


def test_rows_of_a_dense_layer_are_its_units():
    layer, values = layer_and_values('lfcW1A1', 1)
    assert np.array_equal(weights.compute(layer, values), np.where(values.weights.T < 0, -1, 1))


@pytest.mark.parametrize('name, index', [('cnvW1A1', 3), ('cnvW2A2', 3), ('lfcW1A2', 2)])
def test_a_negative_gamma_turns_its_units_weights_round(name, index):
    layer, values = layer_and_values(name, index)
    gamma = np.ones_like(values.gamma)
    gamma[3] = -2
    plain, turned = weights.compute(layer, values), weights.compute(layer, values._replace(gamma=gamma))
    plain[3] *= -1
    assert np.array_equal(plain, turned)


def test_a_negative_scalar_gamma_turns_all_weights_round():
    layer, values = layer_and_values('cnvW1A1', 8)
    turned = weights.compute(layer, values._replace(gamma=np.float32(-1)))
    assert np.array_equal(turned[:10], -weights.compute(layer, values)[:10])
    assert (turned[10:] == 1).all()


@pytest.mark.parametrize('name, real, integers', [
    ('cnvW1A1', [-1, -1e-30, 0, 1e-30, 1], [-1, -1, 1, 1, 1]),
    ('cnvW2A2', [-1, -.51, -.5, -.49, 0, .49, .49999997, .5, 1], [-1, -1, 0, 0, 0, 0, 0, 1, 1]),
    ('cnvW2A2', [-7, -1.6, 1.6, 7], [-1, -1, 1, 1])])   # clipped as in the network
def test_rounding(name, real, integers):
    layer, values = layer_and_values(name, 7)
    values.weights[:len(real), 0] = real
    assert weights.compute(layer, values)[0, :len(real)].tolist() == integers


@pytest.mark.parametrize('name, index, padding', [('lfcW1A1', 0, 1), ('lfcW1A2', 3, 1), ('cnvW2A2', 8, 0)])
def test_padding(name, index, padding):
    layer, values = layer_and_values(name, index)
    matrix = weights.compute(layer, values)
    assert matrix.dtype == np.int8 and matrix.shape == (layer.rows, layer.columns)
    inputs, outputs = values.weights.shape
    padded = np.ones(matrix.shape, bool)
    padded[:outputs, :inputs] = False
    assert padded.any() and (matrix[padded] == padding).all()
