"""The quantisers' edges, each defined once: training's ops and C code, thresholds and packed weights follow from these.

    ACTIVATIONS[2](x)                   # int8: -1, 0 or +1
    [level.edge for level in ACTIVATIONS[2].levels]
    WEIGHTS[1](W, 1)                    # as training compares, see below

A quantiser gives the lowest value, and from each edge on the next one. Exactly on an edge it gives the next where the edge
is included (``x >= edge``), else the one before (``x > edge``): roundings differ only in such half-way cases.
(The specifications of the training, "Numbers", and of the weights.)
"""
from __future__ import absolute_import

import collections

import numpy as np

Level = collections.namedtuple('Level', ['edge', 'included', 'value'])


class Quantizer(collections.namedtuple('Quantizer', ['lowest', 'levels'])):
    """A step function: `lowest`, and :class:`Level` rows in rising order."""
    __slots__ = ()

    def __call__(self, x, offset=0):
        """Quantise an array.

        Parameters
        ----------
        x : float array
        offset : float
            Added to `x`, in its precision, and to the edges before they are compared.

        Returns
        -------
        int8 array
        """
        x = np.asarray(x)
        total = x + x.dtype.type(offset)
        result = np.full(x.shape, self.lowest, np.int8)
        for edge, included, value in self.levels:
            result[total >= edge + offset if included else total > edge + offset] = value
        return result


# Training rounds x + 1, in float32: for -2**-25 <= x < 0 the sum is 1, and x counts as 0.
OFFSET = 1

# By bits. Activations: halves are rounded away from zero.
ACTIVATIONS = {1: Quantizer(-1, (Level(0., True, 1),)),
               2: Quantizer(-1, (Level(-.5, True, 0), Level(.5, True, 1)))}

# Weights as training's forward pass sees them: halves are rounded to even.
WEIGHTS = {1: Quantizer(-1, (Level(0., False, 1),)),
           2: Quantizer(-1, (Level(-.5, False, 0), Level(.5, True, 1)))}

# Weights as the overlay's generator has always packed them: a weight exactly on an edge counts as above it.
PACKED_WEIGHTS = {1: Quantizer(-1, (Level(0., True, 1),)),
                  2: Quantizer(-1, (Level(-.5, True, 0), Level(.5, True, 1)))}
