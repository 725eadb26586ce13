"""A training step in float64 numpy, written only from the training's specification, to compare the real one with.

    network = Network(overlay, classes=5, parameters=arrays)    # as saved: layer by layer W, b, beta, gamma, mean, inv_std
    loss = network.step(images, targets, rate)                  # changes network.parameters, .first, .second, .steps
    network.undecided                                           # how many values were too close to a quantiser's edge

It is simple, not fast; test_reference.py checks its gradients by finite differences.
"""
from __future__ import absolute_import, division

import numpy as np

EPSILON = 1e-4          # of batch norm
ALPHA = 0.1
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
CLOSE = 1e-5            # distance of a normalised value to an edge: about ten times float32's error for values around 1

NAMES = ('W', 'b', 'beta', 'gamma', 'mean', 'inv_std')


def layer_names(overlay):
    """The names of each layer's arrays, in the archive's order; CNV's last layer has no bias."""
    last = len(overlay.layers) - 1
    return [[name for name in NAMES if not (name == 'b' and overlay.net == 'cnv' and index == last)]
            for index in range(len(overlay.layers))]


def round_half_away(x):
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def quantise_weight(weight, bits):
    if bits == 1:
        return np.where(weight > 0, 1., -1.)
    return np.where(weight >= 0.5, 1., np.where(weight <= -0.5, -1., 0.))


def quantise_activation(x, bits):
    if bits == 1:
        return np.where(x >= 0, 1., -1.)
    return np.where(x >= 0.5, 1., np.where(x >= -0.5, 0., -1.))


def quantise_input(x):
    return round_half_away((np.clip(x, -1, 1 - 2. ** -7) + 1) * 128) / 128 - 1


def correlate(x, weight):
    """3x3 'valid' correlation of (N, C, H, W) with (F, C, 3, 3)."""
    rows, columns = x.shape[2] - 2, x.shape[3] - 2
    total = sum(np.tensordot(x[:, :, i:i + rows, j:j + columns], weight[:, :, i, j], axes=(1, 1))
                for i in range(3) for j in range(3))
    return total.transpose(0, 3, 1, 2)


def correlate_gradients(x, weight, upstream):
    """Gradients of :func:`correlate` with respect to x and weight."""
    rows, columns = upstream.shape[2:]
    of_x, of_weight = np.zeros_like(x), np.zeros_like(weight)
    for i in range(3):
        for j in range(3):
            part = x[:, :, i:i + rows, j:j + columns]
            of_weight[:, :, i, j] = np.tensordot(upstream, part, axes=((0, 2, 3), (0, 2, 3)))
            of_x[:, :, i:i + rows, j:j + columns] += np.tensordot(
                upstream, weight[:, :, i, j], axes=(1, 0)).transpose(0, 3, 1, 2)
    return of_x, of_weight


def windows(x):
    """(N, C, H, W) as (N, C, H/2, 2, W/2, 2)."""
    n, channels, rows, columns = x.shape
    return x.reshape(n, channels, rows // 2, 2, columns // 2, 2)


def max_pool(x):
    return windows(x).max(axis=(3, 5))


def max_pool_gradient(x, upstream):
    """Each of several equal maxima gets the whole gradient, as on the CPU that the original was measured on."""
    maxima = max_pool(x)[:, :, :, None, :, None]
    return (np.where(windows(x) == maxima, upstream[:, :, :, None, :, None], 0.)).reshape(x.shape)


def along(vector, axes, ndim):
    """A vector per unit or channel, or a scalar, in a shape that broadcasts."""
    return np.reshape(vector, [1 if axis in axes else -1 for axis in range(ndim)])


def targets_of(labels, classes):
    """+1 at the class, -1 elsewhere."""
    return 2. * (np.arange(classes) == np.reshape(labels, (-1, 1))) - 1


def squared_hinge(outputs, targets):
    return np.mean(np.maximum(0, 1 - targets * outputs) ** 2)


def squared_hinge_gradient(outputs, targets):
    return -2 * targets * np.maximum(0, 1 - targets * outputs) / outputs.size


class Network(object):
    """A network's parameters and the state of both optimisers, all float64.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : list of arrays
        In the archive's order.
    quantised : bool
        False: no rounding of weights and activations; the rest has a derivative.
    """

    def __init__(self, overlay, parameters, quantised=True):
        arrays = iter(parameters)
        self.overlay = overlay
        self.quantised = quantised
        self.parameters = [dict((name, np.array(next(arrays), np.float64)) for name in names)
                           for names in layer_names(overlay)]
        self.first = [dict((name, np.zeros_like(value)) for name, value in layer.items() if name in NAMES[:4])
                      for layer in self.parameters]
        self.second = [dict((name, value.copy()) for name, value in layer.items()) for layer in self.first]
        self.steps = 0
        self.undecided = 0

    def take(self, parameters, first, second):
        """Continue from these states, each a list of one dictionary per layer."""
        for own, given in ((self.parameters, parameters), (self.first, first), (self.second, second)):
            for layer, values in zip(own, given):
                for name in layer:
                    layer[name] = values[name].astype(np.float64)

    def quantised_weights(self):
        return [self._weight(index) for index in range(len(self.parameters))]

    def evaluate(self, images):
        """Outputs, using the running averages."""
        return self._forward(images, training=False)[0]

    def gradients(self, images, targets):
        """The loss, the gradient of every trained parameter, and every layer's (mean, inv_std) of the batch."""
        outputs, passed = self._forward(images, training=True)
        gradients = [None] * len(passed)
        upstream = squared_hinge_gradient(outputs, targets)
        for index in reversed(range(len(passed))):
            upstream, gradients[index] = self._backward(index, passed[index], upstream)
        statistics = [(layer['mean'], layer['inv_std']) for layer in passed]
        return squared_hinge(outputs, targets), gradients, statistics

    def step(self, images, targets, rate):
        """One step of training; returns the loss before it."""
        loss, gradients, statistics = self.gradients(images, targets)
        self.steps += 1
        for index, (mean, inv_std) in enumerate(statistics):
            layer, first, second = self.parameters[index], self.first[index], self.second[index]
            for name, gradient in gradients[index].items():
                first[name] = BETA1 * first[name] + (1 - BETA1) * gradient
                second[name] = BETA2 * second[name] + (1 - BETA2) * gradient ** 2
                layer[name] = self.moved(name, layer[name], first[name], second[name], rate)
            layer['mean'] = (1 - ALPHA) * layer['mean'] + ALPHA * mean.reshape(layer['mean'].shape)
            layer['inv_std'] = (1 - ALPHA) * layer['inv_std'] + ALPHA * inv_std.reshape(layer['inv_std'].shape)
        return loss

    def moved(self, name, value, first, second, rate):
        """A parameter after a step with these moments of Adam; only weights ('W') are scaled and clipped."""
        corrected = rate * np.sqrt(1 - BETA2 ** self.steps) / (1 - BETA1 ** self.steps)
        adam = value - corrected * first / (np.sqrt(second) + ADAM_EPSILON)
        if name != 'W':
            return adam
        n_in, n_out = (9 * value.shape[1], 9 * value.shape[0]) if value.ndim == 4 else value.shape
        return np.clip(value + (adam - value) / np.sqrt(1.5 / (n_in + n_out)), -1, 1)

    def _weight(self, index):
        weight = self.parameters[index]['W']
        return quantise_weight(weight, self.overlay.weight_bits) if self.quantised else weight

    def _edges(self):
        """Where the activation's value or gradient jumps."""
        return (-1, 0, 1) if self.overlay.activation_bits == 1 else (-1, -0.5, 0.5, 1)

    def _axes(self, index, ndim):
        if self.overlay.net == 'cnv' and index == len(self.parameters) - 1:
            return (0, 1)
        return (0, 2, 3) if ndim == 4 else (0,)

    def _forward(self, images, training):
        x = np.array(images, np.float64)
        if self.overlay.net == 'cnv' and self.quantised:
            x = quantise_input(x)
        passed = []
        for index, layer in enumerate(self.parameters):
            kept = {}
            conv = layer['W'].ndim == 4
            kept['shape'] = x.shape
            kept['x'] = x if conv else x.reshape(len(x), -1)
            x = correlate(x, self._weight(index)) if conv else kept['x'].dot(self._weight(index))
            if 'b' in layer:
                x = x + (layer['b'][:, None, None] if conv else layer['b'])
            kept['unpooled'] = x
            if self.overlay.layers[index].pool:
                x = max_pool(x)
            axes = kept['axes'] = self._axes(index, x.ndim)
            if training:
                mean = x.mean(axes)
                inv_std = 1 / np.sqrt(((x - along(mean, axes, x.ndim)) ** 2).mean(axes) + EPSILON)
            else:
                mean, inv_std = layer['mean'], layer['inv_std']
            kept['mean'], kept['inv_std'] = mean, inv_std
            kept['normal'] = (x - along(mean, axes, x.ndim)) * along(inv_std, axes, x.ndim)
            x = kept['scaled'] = (kept['normal'] * along(layer['gamma'], axes, x.ndim) +
                                  along(layer['beta'], axes, x.ndim))
            if index < len(self.parameters) - 1:
                self.undecided += sum(np.sum(np.abs(x - edge) < CLOSE) for edge in self._edges())
                x = quantise_activation(x, self.overlay.activation_bits) if self.quantised else np.clip(x, -1, 1)
            passed.append(kept)
        return x, passed

    def _backward(self, index, kept, upstream):
        """Gradients with respect to a layer's input, and to its parameters."""
        layer = self.parameters[index]
        if index < len(self.parameters) - 1:    # hard tanh
            upstream = upstream.reshape(kept['scaled'].shape) * (np.abs(kept['scaled']) <= 1)
        axes, ndim = kept['axes'], upstream.ndim
        gradients = {'beta': upstream.sum(axes).reshape(layer['beta'].shape),
                     'gamma': (upstream * kept['normal']).sum(axes).reshape(layer['gamma'].shape)}
        of_normal = upstream * along(layer['gamma'], axes, ndim)
        centred = (of_normal - of_normal.mean(axes, keepdims=True) -
                   kept['normal'] * (of_normal * kept['normal']).mean(axes, keepdims=True))
        upstream = along(kept['inv_std'], axes, ndim) * centred
        if self.overlay.layers[index].pool:
            upstream = max_pool_gradient(kept['unpooled'], upstream)
        if 'b' in layer:
            gradients['b'] = upstream.sum((0, 2, 3) if upstream.ndim == 4 else 0)
        if upstream.ndim == 4:
            of_x, gradients['W'] = correlate_gradients(kept['x'], self._weight(index), upstream)
        else:
            of_x, gradients['W'] = upstream.dot(self._weight(index).T), kept['x'].T.dot(upstream)
        return of_x.reshape(kept['shape']), gradients
