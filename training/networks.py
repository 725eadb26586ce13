"""The two networks, LFC and CNV, and their parameters as arrays.

    network = build(overlays.find('lfc', 1, 1), classes=10, random=numpy.random.RandomState(1234),
                    dropout_in=.2, dropout_hidden=.5)
    arrays = parameter_values(network)      # in the order in which they are saved
    set_parameter_values(network, arrays)
"""
from __future__ import absolute_import, division

import theano
from theano import tensor

from common import overlays
from common.errors import UserError
from training import quantization
from training.compatibility import lasagne
from training.layers import (BatchNormLayer, ConvLayer, DenseLayer, DropoutLayer, FixedPointInputLayer, MaxPoolLayer,
                             QuantizedLayer)


def build(overlay, classes, random, dropout_in=0., dropout_hidden=0.):
    """The network that an overlay computes, its weights uniform in [-1, 1].

    Each of the overlay's layers becomes [dropout,] dense or conv, [max pool,] batch norm[, activation]. CNV begins with
    an input quantiser; its last layer has no bias, and one scale and shift for all classes.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    classes : int
        1 to 64, the overlays' output width.
    random : numpy.random.RandomState
        Draws the weights and the dropout generators' seeds.
    dropout_in, dropout_hidden : float
        Dropout before the first layer, and before the others.

    Returns
    -------
    lasagne.layers.Layer
        The last layer: (N, classes) float32.

    Raises
    ------
    UserError
        For more classes than the overlays have outputs.
    """
    if not 1 <= classes <= overlays.MAX_CLASSES:
        raise UserError('%d classes do not fit the overlays: give 1 to %d' % (classes, overlays.MAX_CLASSES))
    lasagne.random.set_rng(random)
    network = lasagne.layers.InputLayer((None,) + overlay.network.planes)
    if not overlay.network.black_and_white:
        network = FixedPointInputLayer(network)
    for layer in overlay.layers:
        last = layer is overlay.layers[-1]
        rate = dropout_hidden if layer.index else dropout_in
        if rate:
            network = DropoutLayer(network, rate, random)
        linear = ConvLayer if layer.kind == 'conv' else DenseLayer
        network = linear(network, layer.outputs or classes, overlay.weight_bits, bias=layer.thresholds)
        if layer.pool:
            network = MaxPoolLayer(network)
        network = BatchNormLayer(network, axes='auto' if layer.thresholds else 'all',
                                 activation_bits=None if last else overlay.activation_bits)
    refresh_quantized_weights(network)
    return network


def quantized_layers(network):
    """The layers with quantised weights, from the input on."""
    return [layer for layer in lasagne.layers.get_all_layers(network) if isinstance(layer, QuantizedLayer)]


def gammas_behind_pools(network):
    """The shared gammas of the batch norms that follow a max pool, from the input on."""
    return [layer.gamma for layer in lasagne.layers.get_all_layers(network)
            if isinstance(layer, BatchNormLayer) and isinstance(layer.input_layer, MaxPoolLayer)]


def refresh_quantized_weights(network):
    """Compute the quantised copies again, after W was changed from outside."""
    theano.function([], updates=[
        (layer.digits, tensor.cast(quantization.weight(layer.W, layer.weight_bits), layer.digits.dtype))
        for layer in quantized_layers(network)])()


def parameters(network):
    """The shared variables whose values are saved, in the order of :func:`parameter_values`."""
    return lasagne.layers.get_all_params(network)


def parameter_values(network):
    """The parameters in the order in which they are saved: layer by layer W, b, beta, gamma, mean, inv_std.

    Returns
    -------
    list of float32 arrays
        Dense W (inputs, units); conv W (filters, channels, 3, 3); CNV's last layer has no b.
    """
    return lasagne.layers.get_all_param_values(network)


def set_parameter_values(network, arrays):
    """Set what :func:`parameter_values` returned, or what was saved.

    Raises
    ------
    ValueError
        If number or shapes differ.
    """
    lasagne.layers.set_all_param_values(network, arrays)
    refresh_quantized_weights(network)


def start_from(network, arrays):
    """Set saved parameters: all, or, where they are of another number of classes, all but the last layer's.

    Parameters
    ----------
    network : lasagne.layers.Layer
    arrays : list of float32 arrays
        Of the same topology, as :func:`parameter_values` returns them.

    Returns
    -------
    bool
        Whether the last layer stayed as it was.

    Raises
    ------
    ValueError
        If number or shapes differ otherwise.
    """
    values = parameter_values(network)
    last = parameters(network).index(quantized_layers(network)[-1].W)
    other = len(arrays) == len(values) and arrays[last].shape[1] != values[last].shape[1]
    set_parameter_values(network, arrays[:last] + values[last:] if other else arrays)
    return other
