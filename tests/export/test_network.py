"""The network form that all exports share, evaluated as documented, equals the overlay's arithmetic."""
from __future__ import absolute_import, division

import numpy as np

from board import reference
from common.overlays import OVERLAYS
from export import network
from tests.board import networks


def evaluate(overlay, layers, images):
    """The docstring of export.network, line by line; LFC's scores are the last layer's n."""
    values = reference.input_values(overlay)[images].astype(np.int64)
    for layer in layers:
        if layer.kind == 'conv':
            windows = [values[:, y:y + layer.side, x:x + layer.side] for y in range(3) for x in range(3)]
            values = np.concatenate(windows, axis=3)
        else:
            values = values.reshape(len(values), -1)
        assert values.shape[-1] == layer.fan_in and layer.weights.shape[1] == layer.fan_in
        dots = values.dot(layer.weights.T.astype(np.int64))
        if layer.pool:
            dots = np.maximum(dots[:, ::2], dots[:, 1::2])
            dots = np.maximum(dots[:, :, ::2], dots[:, :, 1::2])
        if layer.thresholds is None:
            total = dots + layer.offset
            assert not (total % layer.divisor).any()
            return total // layer.divisor
        n = (dots[..., np.newaxis] >= layer.thresholds).sum(axis=-1)
        values = 2 * n - 1 if layer.activation_bits == 1 else n - 1
    return n


def test_equals_the_reference(random_case):
    exported = random_case.source
    np.testing.assert_array_equal(evaluate(exported.overlay, exported.layers, random_case.images), random_case.scores)
    assert len(np.unique(random_case.scores)) > 1


def test_published(published_case):
    exported = published_case.source
    np.testing.assert_array_equal(evaluate(exported.overlay, exported.layers, published_case.images), published_case.scores)


def test_thresholds_say_no_more_than_dot_products_can_reach():
    for overlay in OVERLAYS.values():
        for layer in network.unpacked(overlay, networks.parameters(overlay, 2, extreme=True), 10):
            if layer.thresholds is not None:
                assert abs(layer.thresholds).max() <= 4096 and (np.diff(layer.thresholds) >= 0).all()
                if layer.weight_bits == 1 and layer.input_bits == 1:        # a sum of fan_in odd numbers
                    assert ((layer.thresholds - layer.fan_in) % 2 == 0).all()
