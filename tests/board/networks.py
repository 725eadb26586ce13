"""Random networks and images. Thresholds are near the sums, so every bit of a layer can be 0 or 1."""
from __future__ import absolute_import, division

import os

import numpy as np

from board import reference
from weights_gen import folder


def parameters(overlay, seed, extreme=False):
    """Integer weights and thresholds of every layer, as weights_gen.folder.read returns them.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    seed : int
    extreme : bool
        A third of the thresholds are at or beyond the limits of the sums.
    """
    rng = np.random.RandomState(seed)
    layers = []
    for layer in overlay.layers:
        values = [-1, 1] if layer.weight_bits == 1 else [-1, 0, 1]
        weights = rng.choice(values, (layer.rows, layer.columns)).astype(np.int8)
        layers.append(folder.LayerMatrices(weights, _thresholds(rng, layer, extreme) if layer.thresholds else None))
    return layers


def _thresholds(rng, layer, extreme):
    steps = 2 if layer.activation_bits == (2, 0) else 1
    if layer.input_bits == (1, 7):
        centre, spread, limit = 0, 2 * 70 * layer.columns ** 0.5, 2 * 128 * layer.columns
    elif reference.counts_equal_bits(layer):
        centre, spread, limit = layer.columns / 2, layer.columns ** 0.5 / 2, layer.columns
    else:
        centre, spread, limit = 0, layer.columns ** 0.5, layer.columns
    thresholds = np.rint(rng.normal(centre, spread, (layer.rows, steps))).astype(np.int64)
    if extreme:
        ends = np.array([-limit - 1, -limit, 1 - limit, -1, 0, 1, limit - 1, limit, limit + 1, -32768, 32767])
        thresholds = np.where(rng.uniform(size=thresholds.shape) < 1 / 3,
                              rng.choice(ends, thresholds.shape), thresholds)
    return np.sort(thresholds, axis=1)


def write(path, overlay, layers, classes=10):
    """Write a parameter folder of these layers and return its path."""
    os.mkdir(path)
    folder.write(path, overlay, layers, [u'class%d' % index for index in range(classes)])
    return path


def images(overlay, count, seed):
    """Random images, from noise to flat colours, as uint8."""
    rng = np.random.RandomState(seed)
    shape = (count,) + overlay.image_shape
    noise = rng.randint(0, 256, shape)
    flat = rng.choice([0, 127, 128, 255], (count,) + (1,) * (len(shape) - 1))
    return np.where(rng.uniform(size=shape) < rng.choice([0.02, 0.5, 1], flat.shape), noise, flat).astype(np.uint8)
