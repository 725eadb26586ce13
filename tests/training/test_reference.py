"""The reference itself: its gradients are the slopes of its loss, where that is smooth."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from tests.training import reference, small

STEP = 1e-6     # of the finite differences; their error is about STEP**2 * f''' + 1e-16/STEP


@pytest.mark.parametrize('overlay', [small.OVERLAYS[0], small.OVERLAYS[2]], ids=lambda overlay: overlay.name)
def test_gradients_are_the_slopes_of_the_loss(overlay):
    random = np.random.RandomState(1)
    network = reference.Network(overlay, small.random_parameters(overlay, random), quantised=False)
    images, labels = small.batch(overlay, random, images=6)
    targets = reference.targets_of(labels, small.CLASSES)
    gradients = network.gradients(images, targets)[1]
    checked = 0
    for layer, of_layer in zip(network.parameters, gradients):
        for name, gradient in of_layer.items():
            for place in random.permutation(gradient.size)[:25]:
                slopes = []
                for sign in (1, -1):
                    changed = layer[name].copy()
                    changed.flat[place] += sign * STEP
                    kept, layer[name] = layer[name], changed
                    slopes.append(sign * network.gradients(images, targets)[0])
                    layer[name] = kept
                assert sum(slopes) / (2 * STEP) == pytest.approx(gradient.flat[place], rel=1e-5, abs=1e-8), (name, place)
                checked += abs(gradient.flat[place]) > 1e-4     # biases before batch norm have none
    assert checked > 100


def test_max_pool_gradient_reaches_every_equal_maximum():
    x = np.array([[3., 3, 1, 0], [2, 3, 0, 5]])[None, None]
    np.testing.assert_array_equal(reference.max_pool_gradient(x, np.array([[[[10., 20]]]]))[0, 0],
                                  [[10, 10, 0, 0], [0, 10, 0, 20]])


@pytest.mark.parametrize('x, rounded', [(.5, 1), (-.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (.49, 0), (7, 7)])
def test_rounding(x, rounded):
    assert reference.round_half_away(np.float64(x)) == rounded
