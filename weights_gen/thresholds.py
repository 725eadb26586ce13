"""Batch norm and activation of a layer as integer thresholds on its accumulators.

A unit's activation steps up where its normalised accumulator, gamma*inv_std*(x + b - mean) + beta, passes a step of
the quantiser. That is where x itself passes

    t = (mean - b) + (step - beta) / (gamma*inv_std)

so the hardware only compares (Umuroglu et al., FINN, 2017, section 4.2.2). Where gamma is negative the comparison
is reversed; `flip` keeps it "greater than" by changing the sign of the unit's weights and of t.
"""
from __future__ import absolute_import, division

import numpy as np

from common.quantizers import ACTIVATIONS

PADDING = 65535                     # of a row that only fills the memory
FRACTION_BITS = 8                   # of the thresholds on fixed-point inputs, 24 bits in all


def flip(parameters):
    """+1 or -1 for each unit: the sign of gamma, float32 of shape (units, 1); (1, 1) where gamma is a scalar."""
    return np.sign(parameters.gamma).reshape(-1, 1)


def steps(layer):
    """Where the layer's activation steps up: (0,), or (-.5, .5)."""
    return tuple(level.edge for level in ACTIVATIONS[sum(layer.activation_bits)].levels)


def scale(layer):
    """How many threshold units are 1 in the layer's accumulator: 256 for CNV's first layer, else 1."""
    return 2 ** FRACTION_BITS if layer.input_bits[1] else 1


def limits(layer):
    """The lowest and the highest threshold that the layer's threshold memory holds, in units of 1 / scale(layer).

    BNN-PYNQ's generator limits all layers but CNV's first, where the board would read only the lowest 24 bits of a larger
    threshold; only a gamma near 0 leads to one.
    """
    bound = 2 ** 15 * scale(layer)
    return -bound, bound - 1


def real(layer, parameters):
    """Where each unit's accumulator, with flipped weights, steps up, before anything is rounded.

    Returns
    -------
    array of float64, shape (units, steps)
    """
    return flip(parameters) * (
        (_column(parameters.mean) - _column(parameters.bias)) +
        (np.array(steps(layer)) - _column(parameters.beta)) / (_column(parameters.gamma) * _column(parameters.inv_std)))


def compute(layer, parameters):
    """The thresholds of a layer, padded.

    Parameters
    ----------
    layer : common.overlays.Layer
    parameters : parameters.LayerParameters

    Returns
    -------
    array of int64, shape (layer.rows, steps), or None where the accumulators themselves are the answer
        In units of 1 / scale(layer).
    """
    if not layer.thresholds:
        return None
    exact = real(layer, parameters)
    rounded = np.full((layer.rows, exact.shape[1]), float(PADDING))
    rounded[:len(exact)] = _round(layer, exact * scale(layer), flip(parameters))
    if layer.weight_bits == 1 and not layer.binary:
        rounded -= layer.columns - layer.fan_in     # padding columns: weight +1, input -1
    return np.clip(rounded, *limits(layer)).astype(np.int64)


def _round(layer, thresholds, sign):
    """The overlay's integer thresholds.

    Where gamma is positive they answer exactly as the real ones do. Where it is negative the overlay's generator has
    always rounded up: an accumulator equal to the rounded threshold falls below it, though it is above the real one.
    """
    if layer.kind == 'conv' or not layer.binary:
        thresholds = np.where(sign < 0, np.ceil(thresholds), np.floor(thresholds))
    if layer.binary:    # the accumulator counts equal bits: x = 2*count - fan_in
        thresholds = (layer.fan_in + thresholds) / 2
    return np.trunc(thresholds)


def _column(values):
    return np.asarray(values, np.float64).reshape(-1, 1)
