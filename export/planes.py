"""The layers of export.network as 32-bit words of bits: what the C file and the web page compute with.

    layers = packed(network.layers)

A 1-bit value, -1 or +1, is one bit. A 2-bit value, -1, 0 or +1, is a bit in each of two planes: whether it is not 0, and
whether it is +1. Of two vectors of bits, with `both` the places where neither is 0, and `differ` those of them where
the signs differ,

    dot = both - 2 * differ

and, since one word holds 32 places, both are counts of the ones in a few words.
"""
from __future__ import absolute_import, division

import collections

import numpy as np

from common.errors import UserError

WORD = 32       # bits; 64 would halve the steps of a large processor and double those of a small one

Packed = collections.namedtuple('Packed', [
    'layer',        # export.network.Layer
    'words',        # of one pixel of a conv's inputs, or of a dense layer's; 0: inputs are not bits, but pixels
    'weights'])     # uint32 (outputs, 9 or 1, words, planes), bit i of word k of place 32*k + i; int8 for pixels


class NotBits(UserError):
    """Weights that planes of bits cannot hold."""


def packed(layers):
    """Pack all layers.

    Parameters
    ----------
    layers : list of export.network.Layer

    Returns
    -------
    list of Packed

    Raises
    ------
    NotBits
        A weight is -2, which the overlay could hold and no training gives.
    """
    return [_packed(index, layer) for index, layer in enumerate(layers)]


def _packed(index, layer):
    if layer.weights.min() < -1:
        raise NotBits('layer %d has a weight of -2, which no training gives: export it with FORMAT=onnx' % index)
    windows = layer.weights.reshape(len(layer.weights), -1, layer.inputs)
    if layer.input_bits == 8:
        return Packed(layer, 0, layer.weights)
    planes = [windows > 0] if layer.weight_bits == 1 else [windows != 0, windows > 0]
    return Packed(layer, -(-layer.inputs // WORD), np.stack([_words(plane) for plane in planes], axis=-1))


def _words(bits):
    bits = np.pad(bits, ((0, 0), (0, 0), (0, -bits.shape[2] % WORD)), 'constant')
    octets = np.packbits(bits.reshape(bits.shape[:2] + (-1, 8))[..., ::-1], axis=-1)
    return np.ascontiguousarray(octets[..., 0]).view('<u4')
