"""The layers of quantised networks, on Lasagne's :class:`Layer`.

    network = DenseLayer(network, 1024, weight_bits=1)
    network = BatchNormLayer(network)
    network = ActivationLayer(network, bits=1)

Layers with quantised weights keep the quantised copy in a shared variable of its own: the forward pass reads it, the
gradient is taken with respect to it, and whoever changes ``W`` (the update, or loading parameters) renews it. So it is
computed once per change and not once per batch.
"""
from __future__ import absolute_import, division

import numpy as np
import theano
from theano import tensor
from theano.sandbox.rng_mrg import MRG_RandomStreams
from theano.tensor.signal import pool

from training import quantization
from training.compatibility import lasagne
from training.settings import ALPHA, EPSILON

Layer = lasagne.layers.Layer


class QuantizedLayer(Layer):
    """A layer whose weights ``W`` are seen through a quantiser, with an optional bias ``b``.

    Parameters
    ----------
    incoming : Layer
    units : int
        Outputs: units or filters.
    weight_bits : int
        1 or 2.
    bias : bool

    Attributes
    ----------
    W : shared float32
        The real weights, uniform in [-1, 1] at the start, tagged ``quantized``.
    quantized_W : shared float32
        What the forward pass sees.
    learning_rate_scale : float
        ``1/sqrt(1.5/(n_in + n_out))``, after Glorot and Bengio, "Understanding the difficulty of training deep
        feedforward neural networks", 2010; as BinaryConnect (arXiv:1511.00363) scales the updates of W.
    """

    def __init__(self, incoming, units, weight_bits, bias=True, **kwargs):
        super(QuantizedLayer, self).__init__(incoming, **kwargs)
        self.units, self.weight_bits = units, weight_bits
        shape = self.weight_shape()
        self.W = self.add_param(lasagne.init.Uniform(1.), shape, name='W', quantized=True, trainable=False)
        self.b = self.add_param(lasagne.init.Constant(0.), (units,), name='b') if bias else None
        self.quantized_W = theano.shared(np.zeros(shape, theano.config.floatX), name='quantized_W')

    @property
    def learning_rate_scale(self):
        n_in, n_out = self.glorot_fans()
        return 1. / np.sqrt(1.5 / (n_in + n_out))

    def weight_shape(self):
        """Shape of ``W``."""
        raise NotImplementedError

    def glorot_fans(self):
        """(n_in, n_out) of the learning rate scale."""
        raise NotImplementedError


class DenseLayer(QuantizedLayer):
    """``x . quantised(W) + b``; (N, inputs) or (N, channels, rows, columns) in, (N, units) out; W (inputs, units)."""

    def weight_shape(self):
        return int(np.prod(self.input_shape[1:])), self.units

    def glorot_fans(self):
        return self.weight_shape()

    def get_output_shape_for(self, input_shape):
        return input_shape[0], self.units

    def get_output_for(self, input, **kwargs):
        output = tensor.dot(input.flatten(2), self.quantized_W)
        return output if self.b is None else output + self.b


class ConvLayer(QuantizedLayer):
    """3x3 'valid' correlation (no kernel flip) with quantised W, plus b; W (filters, channels, 3, 3)."""

    size = 3

    def weight_shape(self):
        return self.units, self.input_shape[1], self.size, self.size

    def glorot_fans(self):
        return self.size ** 2 * self.input_shape[1], self.size ** 2 * self.units

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.units) + tuple(side - self.size + 1 for side in input_shape[2:])

    def get_output_for(self, input, **kwargs):
        output = tensor.nnet.conv2d(input, self.quantized_W, border_mode='valid', filter_flip=False,
                                    input_shape=self.input_shape, filter_shape=self.weight_shape())
        return output if self.b is None else output + self.b.dimshuffle('x', 0, 'x', 'x')


class MaxPoolLayer(Layer):
    """2x2 max pooling, stride 2."""

    def get_output_shape_for(self, input_shape):
        return tuple(input_shape[:2]) + tuple(side // 2 for side in input_shape[2:])

    def get_output_for(self, input, **kwargs):
        return pool.pool_2d(input, (2, 2), ignore_border=True)


class BatchNormLayer(Layer):
    """Batch normalisation (Ioffe and Szegedy, 2015, arXiv:1502.03167).

    ``(x - mean) * (gamma * inv_std) + beta`` with ``inv_std = 1/sqrt(var + epsilon)``: of the batch in training, of
    the running averages in evaluation, ``new = (1 - alpha)*old + alpha*batch``, of mean and of inv_std itself.

    Parameters
    ----------
    incoming : Layer
    axes : 'auto' or 'all'
        'auto' normalises per unit, or per channel over (batch, rows, columns); 'all' over every axis, so that the four
        parameters are scalars.
    """

    def __init__(self, incoming, axes='auto', **kwargs):
        super(BatchNormLayer, self).__init__(incoming, **kwargs)
        dimensions = len(self.input_shape)
        self.axes = tuple(range(dimensions)) if axes == 'all' else (0,) + tuple(range(2, dimensions))
        shape = () if axes == 'all' else (self.input_shape[1],)
        self.pattern = ['x'] * dimensions
        if axes != 'all':
            self.pattern[1] = 0
        self.beta = self.add_param(lasagne.init.Constant(0.), shape, name='beta')
        self.gamma = self.add_param(lasagne.init.Constant(1.), shape, name='gamma')
        self.mean = self.add_param(lasagne.init.Constant(0.), shape, name='mean', trainable=False)
        self.inv_std = self.add_param(lasagne.init.Constant(1.), shape, name='inv_std', trainable=False)

    def get_output_for(self, input, deterministic=False, updates=None, **kwargs):
        """Normalise `input`; in training, add the new running averages to the dictionary `updates`."""
        if deterministic:
            mean, inv_std = self.mean, self.inv_std
        else:
            mean = input.mean(self.axes)
            inv_std = tensor.inv(tensor.sqrt(input.var(self.axes) + EPSILON))
            if updates is not None:
                for average, batch in ((self.mean, mean), (self.inv_std, inv_std)):
                    updates[average] = (1 - ALPHA) * average + ALPHA * batch
        mean, scale, beta = (statistic.dimshuffle(self.pattern)
                             for statistic in (mean, self.gamma * inv_std, self.beta))
        return (input - mean) * scale + beta


class ActivationLayer(Layer):
    """Quantised activation, 1 or 2 bits."""

    def __init__(self, incoming, bits, **kwargs):
        super(ActivationLayer, self).__init__(incoming, **kwargs)
        self.bits = bits

    def get_output_for(self, input, **kwargs):
        return quantization.activation(input, self.bits)


class FixedPointInputLayer(Layer):
    """CNV's 8-bit input, 7 of them fraction."""

    def get_output_for(self, input, **kwargs):
        return quantization.fixed_point_input(input)


class DropoutLayer(Layer):
    """Dropout (Srivastava et al., 2014): each input is zero with probability `p`, and divided by ``1 - p`` if kept.

    Parameters
    ----------
    incoming : Layer
    p : float
    random : numpy.random.RandomState
        Where the seed of this layer's own generator is drawn.
    """

    def __init__(self, incoming, p, random, **kwargs):
        super(DropoutLayer, self).__init__(incoming, **kwargs)
        self.p = p
        self.random = MRG_RandomStreams(random.randint(1, 2147462579))

    @property
    def states(self):
        """The generator's state, which each training step changes."""
        return [update[0] for update in self.random.updates()]

    def get_output_for(self, input, deterministic=False, updates=None, **kwargs):
        if deterministic:
            return input
        kept = self.random.binomial(input.shape, p=1 - self.p, dtype=input.dtype)
        return input * kept / (1 - self.p)
