"""A layer's real weights as the integer matrix that the overlay multiplies with."""
from __future__ import absolute_import

import numpy as np

from common.quantizers import PACKED_WEIGHTS
from weights_gen import thresholds


def compute(layer, parameters):
    """The weight matrix of a layer, padded.

    Columns of a convolution run (ky, kx, channel), channel fastest. Where gamma is negative a unit's weights change
    sign, as its thresholds do. Padding is +1 where weights have one bit (the padding inputs are 0 bits), else 0.

    Parameters
    ----------
    layer : common.overlays.Layer
    parameters : parameters.LayerParameters

    Returns
    -------
    array of int8, shape (layer.rows, layer.columns)
        -1 and +1 (1 bit), or -1, 0 and +1 (2 bits): :data:`common.quantizers.PACKED_WEIGHTS`.
    """
    real = parameters.weights
    rows = real.transpose(0, 2, 3, 1).reshape(len(real), -1) if layer.kind == 'conv' else real.T
    rows = rows * thresholds.flip(parameters)
    matrix = np.full((layer.rows, layer.columns), 1 if layer.weight_bits == 1 else 0, np.int8)
    matrix[:rows.shape[0], :rows.shape[1]] = PACKED_WEIGHTS[layer.weight_bits](rows)
    return matrix
