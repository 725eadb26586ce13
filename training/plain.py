"""Read this first: the whole experiment, in plain Theano and Lasagne, from top to bottom.

    python -m training.plain --net lfc -wb 1 -ab 1 --epochs 20
    python -m training.plain --net cnv -wb 1 -ab 2 --dataset cifar10 --data-dir DIR

Nothing here is fast: each line of the training's specification is one expression of the libraries. The other modules of
training/ compute the same many times faster, can be stopped, and say what goes wrong; tests/training/test_faithful.py
compares them with this one. weights_gen/ reads what is saved.
"""
from __future__ import absolute_import, division, print_function

import collections
import sys

from common import errors
from training import backend

if __name__ == '__main__':
    def configure(arguments):
        backend.configure()     # before Theano is imported: float32, threads, BLAS

    status = errors.run(configure)
    if status:
        sys.exit(status)

import numpy as np
import theano
from theano import scalar, tensor
from theano.tensor.signal import pool

from common import files, npz, options, overlays
from datasets import registry
from datasets.images import encode
from training.compatibility import lasagne
from training.constants import ALPHA, EPSILON   # of batch norm: share of the newest batch; added to the variance


# --- quantisers ------------------------------------------------------------------------------------------------------

class _StraightThrough(scalar.basic.RoundHalfAwayFromZero):
    """Rounding that gradients pass through unchanged (straight-through estimator, arXiv:1602.02830)."""

    def grad(self, inputs, output_gradients):
        return output_gradients


round_half_away = tensor.Elemwise(_StraightThrough(scalar.same_out_float_only))


def activation(x, bits):
    """-1 and +1, or -1, 0 and +1; with the clipping, the gradient is that of the hard tanh."""
    inside = tensor.clip(x, -1, 1)
    if bits == 1:
        return 2 * round_half_away(tensor.clip((inside + 1) / 2, 0, 1)) - 1
    return round_half_away(inside + 1) - 1


def quantized_weight(W, bits):
    """The weight that the forward pass sees; here halves go to the even number."""
    if bits == 1:
        rounded = tensor.round(tensor.clip((W + 1) / 2, 0, 1), mode='half_to_even')
        return tensor.switch(tensor.eq(rounded, 1), 1., -1.).astype(W.dtype)
    return tensor.round(tensor.clip(W, -1, 1) + 1, mode='half_to_even') - 1


def fixed_point_input(x):
    """CNV's input: 8 bits, 7 of them fraction."""
    inside = tensor.clip(tensor.clip(x, -1, 1), -1, 1 - 2. ** -7)
    return round_half_away((inside + 1) * 128) / 128 - 1


# --- the network -----------------------------------------------------------------------------------------------------

Layer = collections.namedtuple('Layer', ['W', 'b', 'norm', 'scale'])    # norm: beta, gamma, mean, inv_std


def build(overlay, classes, random):
    """The layers' parameters. CNV's last layer, whose accumulators are the answer, has no bias and one norm for all."""
    lasagne.random.set_rng(random)
    layers = []
    for layer in overlay.layers:
        units = layer.outputs or classes
        shape = (units, layer.inputs, 3, 3) if layer.kind == 'conv' else (layer.inputs, units)
        fans = (9 * layer.inputs, 9 * units) if layer.kind == 'conv' else shape
        per_unit = (units,) if layer.thresholds else ()
        W = theano.shared(lasagne.init.Uniform(1.)(shape))
        b, beta, gamma, mean, inv_std = [theano.shared(np.full(per_unit, value, np.float32))
                                         for value in (0, 0, 1, 0, 1)]
        layers.append(Layer(W, b if layer.thresholds else None, (beta, gamma, mean, inv_std),
                            np.float32(1. / np.sqrt(1.5 / sum(fans)))))
    return layers


def saved(layers):
    """The parameters in the order in which they are saved."""
    return [parameter for layer in layers for parameter in (layer.W, layer.b) + layer.norm if parameter is not None]


def forward(overlay, layers, weights, x, dropout=None, averages=None):
    """The outputs for images; in training, with dropout, and the new running averages put into `averages`."""
    if not overlay.network.black_and_white:
        x = fixed_point_input(x)
    for shape, (_, b, norm, _), W in zip(overlay.layers, layers, weights):
        rate = dropout[1 if shape.index else 0] if dropout else 0
        if rate:
            x = lasagne.layers.DropoutLayer(lasagne.layers.InputLayer((None,) * x.ndim), rate).get_output_for(x)
        if shape.kind == 'conv':
            x = tensor.nnet.conv2d(x, W, border_mode='valid', filter_flip=False)
        else:
            x = tensor.dot(x.flatten(2), W)
        if b is not None:
            x = x + (b.dimshuffle('x', 0, 'x', 'x') if x.ndim == 4 else b)
        if shape.pool:
            x = pool.pool_2d(x, (2, 2), ignore_border=True)
        x = batch_norm(x, norm, averages)
        if shape is not overlay.layers[-1]:
            x = activation(x, overlay.activation_bits)
    return x


def batch_norm(x, norm, averages):
    """By the batch's own mean and variance in training, else by the running averages of mean and 1/sqrt(variance)."""
    beta, gamma, mean, inv_std = norm
    if averages is not None:
        axes = (0,) + tuple(range(2, x.ndim)) if beta.ndim else tuple(range(x.ndim))
        batch = x.mean(axes), tensor.inv(tensor.sqrt(x.var(axes) + EPSILON))
        for average, value in zip((mean, inv_std), batch):
            averages[average] = (1 - ALPHA) * average + ALPHA * value
        mean, inv_std = batch
    pattern = ['x', 0] + ['x'] * (x.ndim - 2) if beta.ndim else ['x'] * x.ndim
    mean, factor, beta = (part.dimshuffle(pattern) for part in (mean, gamma * inv_std, beta))
    return (x - mean) * factor + beta


# --- a step of training ----------------------------------------------------------------------------------------------

class Learner(object):
    """``train(images, labels, learning_rate)`` is one step, and the batch's loss; ``outputs(images)`` is evaluation.

    The gradient is taken with respect to the quantised weights and applied to the real ones, which keep the small steps
    (arXiv:1511.00363). Their steps are scaled, and they are kept in [-1, 1]. All else is Adam's alone.
    """

    def __init__(self, overlay, classes, random, dropout_in=0., dropout_hidden=0.):
        self.classes, self.layers = classes, build(overlay, classes, random)
        images, targets, rate = tensor.tensor4(), tensor.matrix(), tensor.scalar()
        weights = [layer.W for layer in self.layers]
        others = [parameter for layer in self.layers for parameter in (layer.b,) + layer.norm[:2]
                  if parameter is not None]
        seen = [quantized_weight(W, overlay.weight_bits) for W in weights]

        updates = collections.OrderedDict()
        outputs = forward(overlay, self.layers, seen, images, (dropout_in, dropout_hidden), updates)
        loss = tensor.sqr(tensor.maximum(0., 1. - targets * outputs)).mean()        # squared hinge
        adam = lasagne.updates.adam(theano.grad(loss, seen), weights, learning_rate=rate)
        for W, _, _, scale in self.layers:
            adam[W] = tensor.clip(W + scale * (adam[W] - W), -1., 1.)
        updates.update(adam)
        updates.update(lasagne.updates.adam(loss, others, learning_rate=rate))

        self.states = list(updates)
        self._train = theano.function([images, targets, rate], loss, updates=updates)
        self.outputs = theano.function([images], forward(overlay, self.layers, seen, images))

    def train(self, images, labels, learning_rate):
        targets = 2. * np.eye(self.classes)[labels] - 1.        # +1 at the class, else -1
        return float(self._train(images, targets.astype(np.float32), np.float32(learning_rate)))


# --- the run ---------------------------------------------------------------------------------------------------------

def main(arguments):
    parser = errors.ArgumentParser(description=__doc__.splitlines()[0])
    for variable in 'NET', 'WB', 'AB', 'DATASET', 'DATA_DIR', 'EPOCHS', 'SEED':
        options.add(parser, variable)
    given = parser.parse_args(arguments)
    overlay = overlays.find(given.net, given.weight_bits, given.activation_bits)
    how, dataset = overlay.network.training, given.dataset or overlay.network.dataset
    epochs = given.epochs or how.epochs
    path = '%s-%dw-%da.npz' % (registry.run_name(dataset), given.weight_bits, given.activation_bits)
    data = registry.load(dataset, given.net, given.data_dir)
    if len(data.train.images) < how.batch_size:
        raise errors.UserError('%d training images fill no batch of %d' % (len(data.train.images), how.batch_size))
    random = np.random.RandomState(given.seed)
    learner = Learner(overlay, len(data.class_names), random, how.dropout_in, how.dropout_hidden)

    def error(part):
        outputs = [learner.outputs(encode(part.images[first:first + how.batch_size], given.net))
                   for first in range(0, len(part.images), how.batch_size)]
        return 100. * np.mean(np.concatenate(outputs).argmax(axis=1) != part.labels)

    best, order = np.inf, np.arange(len(data.train.images))
    for epoch in range(epochs):
        order = order[random.permutation(len(order))]
        rate = how.LR_start * (how.LR_fin / how.LR_start) ** (epoch / epochs)
        batches = order[:len(order) // how.batch_size * how.batch_size].reshape(-1, how.batch_size)
        loss = np.mean([learner.train(encode(data.train.images[batch], given.net), data.train.labels[batch], rate)
                        for batch in batches])
        validation = error(data.valid)
        print('Epoch %d of %d: loss %.6f, validation error %.2f%%' % (epoch + 1, epochs, loss, validation))
        if validation <= best:
            best = validation
            with files.whole_file(path) as handle:
                npz.write(handle, [parameter.get_value() for parameter in saved(learner.layers)])
            print('  the best so far: test error %.2f%%; saved as %s' % (error(data.test), path))
        sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(errors.run(main))
