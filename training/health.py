"""Where a network went wrong: NaN or infinite numbers, layers that no longer tell images apart.

    all_alike(outputs)              # whether a network gives the same for every image
    dead_layer(network, images)     # where that begins
    spoilt_layer(network)           # where a parameter is NaN or infinite

Layers are those with weights, counted from 0 on, as in the names of the overlay's files.
"""
from __future__ import absolute_import, division

import numpy as np
import theano

from training.compatibility import lasagne
from training.layers import BatchNormLayer, QuantizedLayer

ROUNDING = 1e-6         # of the largest output: equal images may be summed up in another order


def all_alike(outputs):
    """Whether every unit gives the same for all images; (N, ...), N at least 2."""
    return len(outputs) > 1 and bool(np.ptp(outputs, axis=0).max() <= ROUNDING * np.abs(outputs).max())


def dead_layer(network, images):
    """The first layer whose units, after batch norm and activation, give the same for all images.

    It compiles: call it only where the outputs of the network are all alike.

    Parameters
    ----------
    network : lasagne.layers.Layer
        From :func:`training.networks.build`; as it is in evaluation.
    images : float32 array (N, channels, rows, columns)

    Returns
    -------
    int or None
    """
    given = theano.tensor.tensor4()
    for index, layer in enumerate(_normalizations(network)):
        if all_alike(theano.function([given], lasagne.layers.get_output(layer, given, deterministic=True))(images)):
            return index
    return None


def overflowing_layer(network):
    """The layer after which a step's loss became NaN or infinite.

    The gradient of such a loss spoils every parameter at once, but not the running averages, which the forward pass
    sets: the first layer where they are not finite, or else the last layer, as only its outputs have no bound.
    """
    layers = _normalizations(network)
    return next((index for index, layer in enumerate(layers) if not _finite([layer.mean, layer.inv_std])),
                len(layers) - 1)


def spoilt_layer(network):
    """The first layer with a parameter that is NaN or infinite; None where all are finite."""
    index = -1
    for layer in lasagne.layers.get_all_layers(network):
        index += isinstance(layer, QuantizedLayer)
        if not _finite(layer.get_params()):
            return index
    return None


def _normalizations(network):
    """The batch norms: one behind each layer with weights."""
    return [layer for layer in lasagne.layers.get_all_layers(network) if isinstance(layer, BatchNormLayer)]


def _finite(variables):
    return all(np.isfinite(variable.get_value(borrow=True)).all() for variable in variables)
