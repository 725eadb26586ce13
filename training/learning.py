"""Loss, updates, and the two compiled functions of a training.

    learner = Learner(network, loss=squared_hinge_loss)
    loss = learner.train(images, labels, learning_rate)     # one step
    outputs = learner.outputs(images)                       # evaluation
"""
from __future__ import absolute_import, division

import collections

import numpy as np
import theano
from theano import tensor

from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT
from training import compiling, networks, ops, updates
from training.compatibility import keep_compiled, lasagne


def squared_hinge_loss(outputs, targets):
    """Mean over batch and classes of ``max(0, 1 - target*output)^2``, or 0 where the target is 0.

    Works on arrays and on expressions alike.
    """
    margins = abs(targets) - targets * outputs
    return (margins * (margins > 0) * margins).mean()


def hinge_targets(labels, classes, decision=LARGEST_OUTPUT):
    """Targets of labels: +1 at the class, -1 elsewhere.

    Where the highest output that reaches 0 decides, the outputs below it count for nothing: their targets are 0.

    Parameters
    ----------
    labels : integer array (N,)
    classes : int
    decision : str
        LARGEST_OUTPUT or HIGHEST_OUTPUT of :mod:`common.overlays`.

    Returns
    -------
    float32 array (N, classes)
    """
    labels, output = np.asarray(labels, int)[:, None], np.arange(classes)
    below = 0 if decision == HIGHEST_OUTPUT else -1
    return np.where(output == labels, 1, np.where(output < labels, below, -1)).astype(np.float32)


def answers(outputs, decision=LARGEST_OUTPUT):
    """The classes that outputs stand for; by the highest output that reaches 0, class 0 where none does.

    Parameters
    ----------
    outputs : float array (N, classes)
    decision : str

    Returns
    -------
    integer array (N,)
    """
    if decision == LARGEST_OUTPUT:
        return outputs.argmax(axis=1)
    reached = outputs >= 0
    reached[:, 0] = True
    return outputs.shape[1] - 1 - reached[:, ::-1].argmax(axis=1)


class Learner(object):
    """Compiled training and evaluation of a network, and every state that training changes.

    The gradient is taken with respect to the quantised weights and applied to the real ones
    (Courbariaux et al., BinaryConnect, 2015, arXiv:1511.00363). Two Adam optimisers: one for the quantised weights,
    whose step is scaled per layer and the result clipped to [-1, 1]; one for everything else.

    Parameters
    ----------
    network : lasagne.layers.Layer
        From :func:`training.networks.build`.
    decision : str
        What the outputs are judged by: LARGEST_OUTPUT or HIGHEST_OUTPUT of :mod:`common.overlays`.
    loss : callable
        Of outputs and targets, expressions (N, classes): what training minimises.
    BN_LR_scale : float
        What multiplies the learning rate of batch norm and biases, as each layer's own scale does that of its weights.
    gamma_min : float, optional
        The least gamma behind a max pool. Training pools sums, the board pools activations: where gamma is negative, the
        largest sum does not have the largest activation. Default: any gamma.

    Attributes
    ----------
    states : list of shared variables
        Everything that a training step changes, in a fixed order, except the quantised weights, which follow from W.
    """

    def __init__(self, network, decision=LARGEST_OUTPUT, loss=squared_hinge_loss, BN_LR_scale=1, gamma_min=None):
        keep_compiled()
        self.network, self.decision = network, decision
        self.classes = network.output_shape[1]
        images = tensor.tensor4('images')
        targets = tensor.matrix('targets')
        learning_rate = tensor.scalar('learning_rate')

        changes = collections.OrderedDict()
        outputs = lasagne.layers.get_output(network, images, deterministic=False, updates=changes)
        cost = loss(outputs, targets)

        quantized = networks.quantized_layers(network)
        self.weights_adam = updates.WeightsAdam(quantized)
        self.others_adam = updates.Adam(lasagne.layers.get_all_params(network, trainable=True))

        copies = [layer.quantized_W for layer in quantized]
        gradients = theano.grad(cost, copies + self.others_adam.parameters)
        changes.update(self.weights_adam.updates(gradients[:len(copies)], learning_rate))
        changes.update(self.others_adam.updates(gradients[len(copies):], learning_rate * np.float32(BN_LR_scale)))
        if gamma_min is not None:
            for gamma in networks.gammas_behind_pools(network):
                changes[gamma] = tensor.maximum(changes[gamma], np.float32(gamma_min))

        self.states = (lasagne.layers.get_all_params(network) + self.weights_adam.states + self.others_adam.states +
                       [state for layer in lasagne.layers.get_all_layers(network)
                        for state in getattr(layer, 'states', [])])

        with compiling.side_by_side():
            self._train = theano.function([images, targets, learning_rate], cost, updates=changes, mode=ops.mode())
        self._outputs = None            # compiled when it is needed

    def outputs(self, images):
        """The network's outputs in evaluation.

        Parameters
        ----------
        images : float32 array (N, channels, rows, columns)

        Returns
        -------
        float32 array (N, classes)
        """
        if self._outputs is None:
            given = tensor.tensor4('images')
            with compiling.side_by_side():
                self._outputs = theano.function([given], lasagne.layers.get_output(self.network, given, deterministic=True))
        return self._outputs(images)

    def nodes(self):
        """What a training step computes, in its order: nodes of Theano's graph."""
        return self._train.maker.fgraph.toposort()

    def operations(self):
        """The class names of the operations of a training step, in their order."""
        return [type(node.op).__name__ for node in self.nodes()]

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
        targets = hinge_targets(labels, self.classes, self.decision)
        return float(self._train(images, targets, np.float32(learning_rate)))
