"""Loss, updates, and the two compiled functions of a training.

    learner = Learner(network)
    loss = learner.train(images, labels, learning_rate)     # one step
    outputs = learner.outputs(images)                       # evaluation
"""
from __future__ import absolute_import, division

import collections

import numpy as np
import theano
from theano import tensor

from training import networks, updates
from training.compatibility import lasagne


def squared_hinge_loss(outputs, targets):
    """Mean over batch and classes of ``max(0, 1 - target*output)^2``; works on arrays and on expressions alike."""
    margins = 1. - targets * outputs
    return (margins * (margins > 0) * margins).mean()


def one_hot(labels, classes):
    """Targets of labels: +1 at the class, -1 elsewhere; (N,) integers to (N, classes) float32."""
    return np.where(np.arange(classes) == np.asarray(labels)[:, None], 1, -1).astype(np.float32)


class Learner(object):
    """Compiled training and evaluation of a network, and every state that training changes.

    The gradient is taken with respect to the quantised weights and applied to the real ones
    (Courbariaux et al., BinaryConnect, 2015, arXiv:1511.00363). Two Adam optimisers: one for the quantised weights,
    whose step is scaled per layer and the result clipped to [-1, 1]; one for everything else.

    Parameters
    ----------
    network : lasagne.layers.Layer
        From :func:`training.networks.build`.

    Attributes
    ----------
    states : list of shared variables
        Everything that a training step changes, in a fixed order, but for the quantised weights, which follow from W.
    """

    def __init__(self, network):
        self.network = network
        self.classes = network.output_shape[1]
        images = tensor.tensor4('images')
        targets = tensor.matrix('targets')
        learning_rate = tensor.scalar('learning_rate')

        changes = collections.OrderedDict()
        outputs = lasagne.layers.get_output(network, images, deterministic=False, updates=changes)
        loss = squared_hinge_loss(outputs, targets)

        quantized = networks.quantized_layers(network)
        self.weights_adam = updates.WeightsAdam(quantized)
        self.others_adam = updates.Adam(lasagne.layers.get_all_params(network, trainable=True))

        copies = [layer.quantized_W for layer in quantized]
        gradients = theano.grad(loss, copies + self.others_adam.parameters)
        changes.update(self.weights_adam.updates(gradients[:len(copies)], learning_rate))
        changes.update(self.others_adam.updates(gradients[len(copies):], learning_rate))

        self.states = (lasagne.layers.get_all_params(network) + self.weights_adam.states + self.others_adam.states +
                       [state for layer in lasagne.layers.get_all_layers(network)
                        for state in getattr(layer, 'states', [])])

        self._train = theano.function([images, targets, learning_rate], loss, updates=changes)
        self.outputs = theano.function([images], lasagne.layers.get_output(network, images, deterministic=True))

    def train(self, images, labels, learning_rate):
        """One training step.

        Parameters
        ----------
        images : float32 array (N, channels, rows, columns)
        labels : integer array (N,)
        learning_rate : float

        Returns
        -------
        float
            The batch's loss, before the step.
        """
        return float(self._train(images, one_hot(labels, self.classes), np.float32(learning_rate)))
