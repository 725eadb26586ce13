"""The training of training/ in the obvious way on Theano and Lasagne: what the product is measured against.

    learner = Learner(overlays.find('lfc', 1, 1), classes=10, random=numpy.random.RandomState(1234))
    loss = learner.train(images, labels, learning_rate)
    outputs = learner.outputs(images)

Each line of the specification of the training is one expression of the libraries: ``tensor.round`` rounds, weights are
quantised in every batch, batch norm is the mean and the variance of its input, ``pool_2d`` pools, and Adam is
:func:`lasagne.updates.adam`. Draws the same weights as :func:`training.networks.build` from the same generator.
"""
from __future__ import absolute_import, division

import collections

import numpy as np
import theano
from theano import scalar, tensor
from theano.tensor.signal import pool

from training.compatibility import lasagne

ALPHA, EPSILON = .1, 1e-4


class _StraightThrough(scalar.basic.RoundHalfAwayFromZero):
    """The library's rounding, with the gradient passed straight through."""

    def grad(self, inputs, output_gradients):
        return output_gradients


round_half_away = tensor.Elemwise(_StraightThrough(scalar.same_out_float_only))


def activation(x, bits):
    """Activation of 1 or 2 bits, with the gradient of the hard tanh."""
    inside = tensor.clip(x, -1, 1)
    if bits == 1:
        return 2 * round_half_away(tensor.clip((inside + 1) / 2, 0, 1)) - 1
    return round_half_away(inside + 1) - 1


def quantized_weight(W, bits):
    """The weight that the forward pass sees."""
    if bits == 1:
        rounded = tensor.round(tensor.clip((W + 1) / 2, 0, 1), mode='half_to_even')
        return tensor.switch(tensor.eq(rounded, 1), 1., -1.).astype(W.dtype)
    return tensor.round(tensor.clip(W, -1, 1) + 1, mode='half_to_even') - 1


def fixed_point_input(x):
    """CNV's input of 8 bits, 7 of them fraction."""
    inside = tensor.clip(tensor.clip(x, -1, 1), -1, 1 - 2. ** -7)
    return round_half_away((inside + 1) * 128) / 128 - 1


class Plain(object):
    """A network as expressions, and its parameters in the order in which they are saved.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    classes : int
    random : numpy.random.RandomState
    dropout_in, dropout_hidden : float
    """

    def __init__(self, overlay, classes, random, dropout_in=0., dropout_hidden=0.):
        lasagne.random.set_rng(random)
        self.overlay, self.classes = overlay, classes
        self.dropout = dropout_in, dropout_hidden
        self.layers = []
        for layer in overlay.layers:
            last_of_cnv = layer is overlay.layers[-1] and overlay.layers[0].kind == 'conv'
            units = layer.outputs or classes
            if layer.kind == 'conv':
                shape, fans = (units, layer.inputs, 3, 3), (9 * layer.inputs, 9 * units)
            else:
                shape = fans = (layer.inputs, units)
            W = theano.shared(lasagne.init.Uniform(1.)(shape))
            norm_shape = () if last_of_cnv else (units,)
            b = None if last_of_cnv else self._constant(0., (units,))
            norm = [self._constant(value, norm_shape) for value in (0., 1., 0., 1.)]
            self.layers.append((W, b, norm, np.float32(1. / np.sqrt(1.5 / sum(fans)))))

    @staticmethod
    def _constant(value, shape):
        return theano.shared(np.full(shape, value, theano.config.floatX))

    @property
    def parameters(self):
        return [parameter for W, b, norm, _ in self.layers for parameter in [W] + ([] if b is None else [b]) + norm]

    def outputs(self, x, seen, updates=None):
        """The network's outputs for images `x` and the weights that are seen; in training where `updates` is given."""
        bits = self.overlay.activation_bits
        if self.overlay.layers[0].kind == 'conv':
            x = fixed_point_input(x)
        for layer, W, (_, b, norm, _) in zip(self.overlay.layers, seen, self.layers):
            rate = self.dropout[1 if layer.index else 0]
            if rate and updates is not None:
                incoming = lasagne.layers.InputLayer((None,) * x.ndim)
                x = lasagne.layers.DropoutLayer(incoming, rate).get_output_for(x)
            if layer.kind == 'conv':
                x = tensor.nnet.conv2d(x, W, border_mode='valid', filter_flip=False)
            else:
                x = tensor.dot(x.flatten(2), W)
            if b is not None:
                x = x + (b.dimshuffle('x', 0, 'x', 'x') if x.ndim == 4 else b)
            if layer.pool:
                x = pool.pool_2d(x, (2, 2), ignore_border=True)
            x = self._batch_norm(x, norm, updates)
            if layer is not self.overlay.layers[-1]:
                x = activation(x, bits)
        return x

    @staticmethod
    def _batch_norm(x, norm, updates):
        beta, gamma, mean, inv_std = norm
        axes = tuple(range(x.ndim)) if beta.ndim == 0 else (0,) + tuple(range(2, x.ndim))
        if updates is not None:
            averages = mean, inv_std
            mean = x.mean(axes)
            inv_std = tensor.inv(tensor.sqrt(x.var(axes) + EPSILON))
            for average, batch in zip(averages, (mean, inv_std)):
                updates[average] = (1 - ALPHA) * average + ALPHA * batch
        pattern = ['x'] * x.ndim
        if beta.ndim:
            pattern[1] = 0
        mean, scale, beta = (part.dimshuffle(pattern) for part in (mean, gamma * inv_std, beta))
        return (x - mean) * scale + beta


class Learner(object):
    """Training step and evaluation of a plain network; the methods of :class:`training.learning.Learner`."""

    def __init__(self, *args, **kwargs):
        self.plain = plain = Plain(*args, **kwargs)
        images, targets = tensor.tensor4(), tensor.matrix()
        rate = tensor.scalar()
        bits = plain.overlay.weight_bits
        weights = [W for W, _, _, _ in plain.layers]
        others = [parameter for _, b, norm, _ in plain.layers for parameter in ([] if b is None else [b]) + norm[:2]]
        seen = [quantized_weight(W, bits) for W in weights]
        updates = collections.OrderedDict()
        outputs = plain.outputs(images, seen, updates)
        loss = tensor.sqr(tensor.maximum(0., 1. - targets * outputs)).mean()

        gradients = theano.grad(loss, seen)
        adam = lasagne.updates.adam(gradients, weights, learning_rate=rate)
        for W, _, _, scale in plain.layers:
            adam[W] = tensor.clip(W + scale * (adam[W] - W), -1., 1.)
        updates.update(adam)
        updates.update(lasagne.updates.adam(loss, others, learning_rate=rate))

        self._states = [(variable, variable.get_value()) for variable in updates]
        self._train = theano.function([images, targets, rate], loss, updates=updates)
        self.outputs = theano.function([images], plain.outputs(images, [quantized_weight(W, bits) for W in weights]))

    def restart(self, parameters):
        """Take over parameters, in the order in which they are saved, and forget what was trained."""
        for variable, value in self._states:
            variable.set_value(value)
        for variable, value in zip(self.plain.parameters, parameters):
            variable.set_value(value)

    def train(self, images, labels, learning_rate):
        """One step; the batch's loss."""
        targets = 2. * np.eye(self.plain.classes)[labels] - 1.
        return float(self._train(images, targets.astype(np.float32), np.float32(learning_rate)))
