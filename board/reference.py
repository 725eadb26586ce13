"""The overlay's arithmetic in plain numpy: the reference for the C kernel, and its stand-in where it cannot be compiled.

    outputs = reference.run(overlay, parameters, images)    # (N, 64): scores of a CNV, output bits of an LFC

Every dot product is a float32 matrix product of small integers, exact because no sum reaches 2**24. What is computed
follows the overlay's specification line by line; nothing is rearranged for speed but the order of whole images.
"""
from __future__ import absolute_import, division

import numpy as np

_BYTES_AT_ONCE = 36e6                      # of a layer's inputs, convolutions' unfolded: enough for BLAS
_EXACT = 2 ** 24                            # float32 holds every integer up to here


def input_values(overlay):
    """What the first layer computes with, for each of the 256 pixel values.

    Returns
    -------
    int8 array of shape (256,)
        LFC: -1 or +1. CNV: the pixel in 1/128, ``floor((p*2/255 - 1)*128 + 0.5)`` in [-128, 127].
    """
    pixels = np.arange(256) * 2 / 255 - 1
    if overlay.network.black_and_white:
        return np.where(pixels >= 0, 1, -1).astype(np.int8)
    return np.clip(np.floor(pixels * 128 + 0.5), -128, 127).astype(np.int8)


def counts_equal_bits(layer):
    """Whether the layer's accumulators count the equal bits of input and weight, rather than add products.

    A layer of 1-bit weights and inputs does, unless its activations have two bits (the first of LFC W1A2).
    """
    return layer.weight_bits == 1 and layer.input_bits == (1, 0) and layer.activation_bits != (2, 0)


def run(overlay, parameters, images):
    """What the last layer's rows give for each image.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : sequence of (weights, thresholds), one pair a layer
        Integer arrays, padded as in the parameter folder: weights (rows, columns) of -1/+1 or -2..1, thresholds
        (rows, steps) or None.
    images : uint8 array of shape (N,) + overlay.image_shape

    Returns
    -------
    int32 array of shape (N, rows of the last layer)
        CNV: accumulators. LFC: bits, 0 or 1.
    """
    layers = [(layer, weights.T.astype(np.float32), thresholds)
              for layer, (weights, thresholds) in zip(overlay.layers, parameters)]
    outputs = np.empty((len(images), overlay.layers[-1].rows), np.int32)
    largest = max(4 * layer.columns * (layer.ofm_dim or 1) ** 2 for layer in overlay.layers)    # bytes of an image
    step = int(max(1, _BYTES_AT_ONCE // largest))
    for start in range(0, len(images), step):
        part = slice(start, start + step)
        values = input_values(overlay)[images[part]].astype(np.float32)
        for layer, weights, thresholds in layers:
            values = _layer(layer, weights, thresholds, values)
        outputs[part] = values
    if overlay.layers[-1].thresholds:
        outputs = (outputs + 1) // 2
    return outputs


def _layer(layer, weights, thresholds, values):
    if layer.kind == 'conv':
        values = _windows(values, layer.ofm_dim)
    else:
        values = _padded(values.reshape(len(values), -1), layer.columns)
    sums = values.dot(weights)
    if counts_equal_bits(layer):
        sums = (sums + layer.columns) / 2
    elif layer.input_bits == (1, 7):        # inputs in 1/128, thresholds in 1/256
        sums *= 2
    if thresholds is None:
        return sums
    steps = np.clip(thresholds, -_EXACT, _EXACT).astype(np.float32)
    values = sum((sums > step).astype(np.float32) for step in steps.T)
    values = values * 2 - 1 if layer.activation_bits == (1, 0) else values - 1
    return _pooled(values) if layer.pool else values


def _windows(values, ofm_dim):
    """(N, rows, columns, channels) to (N, ofm_dim, ofm_dim, 9*channels), in the order (ky, kx, channel)."""
    return np.concatenate([values[:, y:y + ofm_dim, x:x + ofm_dim] for y in range(3) for x in range(3)], axis=3)


def _padded(values, columns):
    """With columns of padding, whose input is -1."""
    return np.pad(values, ((0, 0), (0, columns - values.shape[1])), 'constant', constant_values=-1)


def _pooled(values):
    """The largest of each 2x2."""
    count, rows, columns, channels = values.shape
    return values.reshape(count, rows // 2, 2, columns // 2, 2, channels).max(axis=(2, 4))
