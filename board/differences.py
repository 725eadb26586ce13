"""Why the board's answers differ from the trained network's: each known cause is undone alone, to see its effect.

    outputs = trained.outputs               # of the trained network, float32 (N, classes)
    same = as_trained(overlay, parameters, outputs, scores)         # image by image
    reasons = explain(overlay, parameters, images, outputs, scores)

A parameter folder holds the trained network in integers, exactly except for these:

- LFC's highest-bit rule. The board answers the highest class whose output reaches 0, training the largest output.
- Thresholds. Where gamma is negative they are rounded up, so an accumulator equal to one falls below it; and one that is
  reached exactly counts in training, not in the overlay.
- Max pooling. Training pools sums, before batch norm; the overlay pools outputs. Where gamma is negative the largest
  sum has the smallest output.
- Weights on an edge. Training reads 0 as -1 (1 bit) and -1/2 as -1 (2 bits), the overlay's generator as +1 and 0.

What remains is float32 rounding in training. Rounding of the input never differs: training and board read each of
the 256 pixel values alike.
"""
from __future__ import absolute_import, division

import collections
import itertools

import numpy as np

from board import reference, simulator
from common import quantizers
from common.overlays import HIGHEST_OUTPUT
from weights_gen import folder, thresholds, weights

REASONS = collections.OrderedDict([
    ('no bit set', 'no output reaches 0, so the board answers the first class'),
    ('several bits set', 'several outputs reach 0, so the board answers the last of them'),
    ('tie', 'both classes have the same score'),
    ('max pooling', 'the board pools outputs, training pools sums: they differ where gamma is negative'),
    ('threshold', 'a sum equals a threshold, or falls between it and the overlay\'s integer for it'),
    ('weight on an edge', 'a weight is halfway between two values: training takes the lower, the generator the upper'),
    ('unknown', 'none of these; perhaps float32 rounding in training')])
CAUSES = ('max pooling', 'threshold', 'weight on an edge')

_FLOAT32 = 2. ** -23


def as_trained(overlay, parameters, outputs, scores):
    """Whether the overlay's integers match the trained network's outputs exactly.

    LFC: the bit of every class is set where its output is at least 0. CNV: the outputs are a batch norm of the scores,
    one scale and one shift for all classes; undoing it turns every output into its score.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : list of weights_gen.parameters.LayerParameters
    outputs : float array of shape (N, classes)
        Of the trained network.
    scores : int array of shape (N, classes)
        Of the overlay: :meth:`board.simulator.Simulator.scores`.

    Returns
    -------
    bool array of shape (N,)
    """
    if overlay.decision == HIGHEST_OUTPUT:
        return ((outputs >= 0) == (scores > 0)).all(axis=1)
    layer, last = overlay.layers[-1], parameters[-1]
    mean, beta = float(last.mean), float(last.beta)
    factor = float(last.gamma) * float(last.inv_std)
    sums, step = scores * np.sign(factor), 1
    if reference.counts_equal_bits(layer):
        sums, step = (2 * scores - layer.fan_in) * np.sign(factor), 2
    errors = np.abs((sums - mean) * factor + beta - outputs)
    rounding = 4 * _FLOAT32 * ((np.abs(sums) + abs(mean)) * abs(factor) + abs(beta))
    return (errors <= np.maximum(rounding, step * abs(factor) / 2)).all(axis=1)


def explain(overlay, parameters, images, outputs, scores):
    """The reason for each image on which the board answers otherwise.

    Parameters
    ----------
    overlay, parameters, outputs, scores
        As of :func:`as_trained`.
    images : uint8 array of shape (N,) + overlay.image_shape
        Only those on which the answers differ.

    Returns
    -------
    list of str
        Keys of :data:`REASONS`; several joined by ' + ', where each alone does not explain it.
    """
    exact = as_trained(overlay, parameters, outputs, scores)
    if overlay.decision == HIGHEST_OUTPUT:
        reasons = np.where(scores.any(axis=1), 'several bits set', 'no bit set').astype(object)
    else:
        reasons = np.full(len(images), 'tie', object)
    reasons[~exact] = 'unknown'
    for undone in itertools.chain.from_iterable(itertools.combinations(CAUSES, count) for count in (1, 2, 3)):
        left = np.flatnonzero(reasons == 'unknown')
        if len(left):
            run = simulator.engine_for(overlay, undo(overlay, parameters, undone))[1]
            found = run(images[left])[:, :scores.shape[1]]
            reasons[left[as_trained(overlay, parameters, outputs[left], found)]] = ' + '.join(undone)
    return reasons.tolist()


def undo(overlay, parameters, causes=CAUSES):
    """The overlay's integers with some of their differences from the trained network undone.

    With all of them undone they compute what the trained network does, in exact arithmetic.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : list of weights_gen.parameters.LayerParameters
    causes : sequence of 'max pooling', 'threshold', 'weight on an edge'

    Returns
    -------
    list of weights_gen.folder.LayerMatrices
        As :func:`board.reference.run` takes them. With 'max pooling' undone a pooled unit with a negative gamma gives
        its output with the other sign, which the next layer's weights make up for: its smallest output is pooled.
    """
    layers = []
    for layer, values in zip(overlay.layers, parameters):
        seen = values._replace(weights=_seen(layer, values.weights)) if 'weight on an edge' in causes else values
        steps = thresholds.compute(layer, values)
        if 'threshold' in causes and layer.thresholds:
            steps[:len(values.gamma)] = _exact(layer, values)
        layers.append(folder.LayerMatrices(weights.compute(layer, seen), steps))
    if 'max pooling' in causes:
        for layer, values in zip(overlay.layers, parameters):
            if layer.pool:
                _mirror(layer, np.flatnonzero(values.gamma < 0), layers)
    return layers


def _seen(layer, real):
    """Weights as training's forward pass reads them, in float32 (the specification of the training, "Numbers")."""
    return quantizers.WEIGHTS[layer.weight_bits](real, quantizers.OFFSET).astype(np.float32)


def _exact(layer, values):
    """The thresholds that an accumulator exceeds where it reaches its real threshold."""
    real = thresholds.real(layer, values) * thresholds.scale(layer)
    if layer.binary:
        real = (layer.fan_in + real) / 2
    exact = np.ceil(real) - 1
    if layer.weight_bits == 1 and not layer.binary:
        exact -= layer.columns - layer.fan_in
    return np.clip(exact, *thresholds.limits(layer)).astype(np.int64)      # no sum is beyond them


def _mirror(layer, units, layers):
    """Give these units' outputs the other sign, and the next layer's weights on them."""
    own, following = layers[layer.index], layers[layer.index + 1]
    highest = layer.columns if reference.counts_equal_bits(layer) else 0
    own.weights[units] *= -1
    own.thresholds[units] = highest - 1 - own.thresholds[units][:, ::-1]
    following.weights[:, np.isin(np.arange(following.weights.shape[1]) % layer.outputs, units)] *= -1
