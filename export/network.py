"""A packed network without the padding of the overlay's memories: the form that every export starts from.

    layers = unpacked(overlay, weights_gen.folder.read(path, overlay), classes=10)

Rows and columns of padding are gone, and all layers are alike: an exact dot product, and how many thresholds it
reaches. With ``dot`` the sum of weight * value over a layer's inputs,

    n = #(dot >= threshold)                     # of each output, over its 1 or 2 thresholds
    value = 2*n - 1   or   n - 1                # 1-bit activations -1, +1; 2-bit activations -1, 0, +1
    score = (dot + offset) // divisor           # of the last CNV layer, which has no thresholds

The first layer's inputs are :func:`board.reference.input_values` of the pixels. Max pooling takes the largest dot
product of each 2x2: a larger one reaches no fewer thresholds.
"""
from __future__ import absolute_import, division

import collections

import numpy as np

from board import reference

Layer = collections.namedtuple('Layer', [
    'kind',             # 'conv' (3x3, no border) or 'dense'
    'inputs', 'fan_in',  # channels of a conv, units of a dense layer; columns of the weight matrix
    'side', 'pool',     # rows (= columns) of a conv's outputs before pooling, None for a dense layer; 2x2 max pooling
    'input_bits', 'weight_bits', 'activation_bits',     # 8 (the pixels of CNV), 1 or 2; activation_bits None: scores
    'weights',          # int8 (outputs, fan_in), in the order (ky, kx, channel)
    'thresholds',       # int32 (outputs, steps), rising, within what `dot` reaches and one or two beyond; or None
    'offset', 'divisor'])   # of the scores: int32 (outputs,), int


def unpacked(overlay, parameters, classes):
    """The layers of a parameter folder.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : sequence of weights_gen.folder.LayerMatrices
    classes : int
        Of the last layer's rows; the rest is padding.

    Returns
    -------
    list of Layer
    """
    return [_layer(layer, weights.astype(np.int32), thresholds, layer.outputs or classes)
            for layer, (weights, thresholds) in zip(overlay.layers, parameters)]


def _layer(layer, weights, thresholds, rows):
    padding = -weights[:rows, layer.fan_in:].sum(axis=1)    # added to every dot product: inputs of padding are -1
    weights = weights[:rows, :layer.fan_in]
    equal_bits = reference.counts_equal_bits(layer)
    if thresholds is None:
        offset, divisor = (padding + layer.columns, 2) if equal_bits else (padding, 1)
    else:
        offset, divisor = np.zeros(rows, np.int32), 1
        thresholds = _thresholds(layer, weights, thresholds[:rows].astype(np.int64), padding)
    return Layer(layer.kind, layer.inputs, layer.fan_in, layer.ofm_dim, layer.pool, sum(layer.input_bits),
                 layer.weight_bits, sum(layer.activation_bits) if layer.thresholds else None,
                 weights.astype(np.int8), thresholds, offset.astype(np.int32), divisor)


def _thresholds(layer, weights, thresholds, padding):
    """For `dot`: the overlay compares ``acc > t``, with padding, a count of equal bits or a scale in acc."""
    if reference.counts_equal_bits(layer):      # acc = (dot + columns) / 2, and dot has the parity of columns
        reached = 2 * thresholds - layer.columns + 2
    elif layer.input_bits == (1, 7):            # acc = 2 * dot
        reached = thresholds // 2 + 1
    else:
        reached = thresholds + 1
    reached -= padding[:, np.newaxis]
    two_valued = layer.weight_bits == 1 and layer.input_bits == (1, 0)
    if two_valued:                              # dot has the parity of fan_in: round up to it
        reached += (reached - layer.fan_in) % 2
    largest = layer.fan_in * abs(weights).max() * (128 if layer.input_bits == (1, 7) else 1)
    return np.clip(reached, -largest, largest + 1 + two_valued).astype(np.int32)
