"""The layers of quantised networks, on Lasagne's :class:`Layer`.

    network = DenseLayer(network, 1024, weight_bits=1)
    network = BatchNormLayer(network, activation_bits=1)

Images are (N, rows, columns, channels) between the layers: sums over a batch, and the channels of a pixel, then lie side
by side in memory. Weights keep the order in which they are saved.

Layers with quantised weights keep the quantised copy in a shared variable of its own: the forward pass reads it, the
gradient is taken with respect to it, and what changes ``W`` (the update, or loading parameters) computes it again. So it is
computed once per change and not once per batch.
"""
from __future__ import absolute_import, division

import numpy as np
import theano

from training import ops, quantization
from training.compatibility import lasagne

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
    digits : shared int8, on a GPU float32
        The quantised weights, -1, 0 or +1.
    quantized_W : float32 variable
        The same as floats: what the forward pass sees, and the loss is differentiated with respect to.
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
        self.digits = theano.shared(np.zeros(shape, np.float32 if ops.on_a_gpu() else np.int8), name='digits')
        self.quantized_W = ops.as_floats(self.digits)

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
    """``x . quantised(W) + b``; (N, inputs), or images of as many numbers, in; (N, units) out; W (inputs, units)."""

    def weight_shape(self):
        return int(np.prod(self.input_shape[1:])), self.units

    def glorot_fans(self):
        return self.weight_shape()

    def get_output_shape_for(self, input_shape):
        return input_shape[0], self.units

    def get_output_for(self, input, **kwargs):
        return ops.dense(input.flatten(2) if input.ndim > 2 else input, self.quantized_W, self.b)


class ConvLayer(QuantizedLayer):
    """3x3 'valid' correlation (no kernel flip) with quantised W, plus b; W (filters, channels, 3, 3).

    Images are (N, rows, columns, channels).
    """

    size = 3

    def weight_shape(self):
        return self.units, self.input_shape[3], self.size, self.size

    def glorot_fans(self):
        return self.size ** 2 * self.input_shape[3], self.size ** 2 * self.units

    def get_output_shape_for(self, input_shape):
        return (input_shape[0],) + tuple(side - self.size + 1 for side in input_shape[1:3]) + (self.units,)

    def get_output_for(self, input, **kwargs):
        return ops.conv(input, self.quantized_W, self.b)


class MaxPoolLayer(Layer):
    """2x2 max pooling, stride 2; (N, rows, columns, channels)."""

    def get_output_shape_for(self, input_shape):
        return (input_shape[0],) + tuple(side // 2 for side in input_shape[1:3]) + (input_shape[3],)

    def get_output_for(self, input, **kwargs):
        return ops.max_pool(input)


class BatchNormLayer(Layer):
    """Batch normalisation (Ioffe and Szegedy, 2015, arXiv:1502.03167), and the quantised activation behind it.

    ``(x - mean) * (gamma * inv_std) + beta`` with ``inv_std = 1/sqrt(var + epsilon)``: of the batch in training, of
    the running averages in evaluation, ``new = (1 - alpha)*old + alpha*batch``, of mean and of inv_std itself.

    Parameters
    ----------
    incoming : Layer
    axes : 'auto' or 'all'
        'auto' normalises per unit, or per channel over (batch, rows, columns); 'all' over every axis, so that the four
        parameters are scalars.
    activation_bits : int, optional
        1 or 2; default: no activation.
    """

    def __init__(self, incoming, axes='auto', activation_bits=None, **kwargs):
        super(BatchNormLayer, self).__init__(incoming, **kwargs)
        self.activation_bits = activation_bits
        shape = () if axes == 'all' else (self.input_shape[-1],)
        self.rows_of_one = int(np.prod(self.input_shape[1:] if axes == 'all' else self.input_shape[1:-1]))
        zeros, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        self.beta = self.add_param(ops.shared(zeros, 'beta'), shape, name='beta')
        self.gamma = self.add_param(ops.shared(ones, 'gamma'), shape, name='gamma')
        self.mean = self.add_param(ops.shared(zeros, 'mean'), shape, name='mean', trainable=False)
        self.inv_std = self.add_param(ops.shared(ones, 'inv_std'), shape, name='inv_std', trainable=False)

    def get_output_for(self, input, deterministic=False, updates=None, **kwargs):
        """Normalise `input`; in training, add the new running averages to the dictionary `updates`."""
        if deterministic:
            return ops.normalize(input, self.mean, self.inv_std, self.gamma, self.beta, self.activation_bits)
        output, mean, inv_std = ops.batch_norm(input, self.gamma, self.beta, self.activation_bits,
                                               self.rows_of_one)
        if updates is not None:
            updates.update(zip([self.mean, self.inv_std], ops.averages([(self.mean, mean), (self.inv_std, inv_std)])))
        return output


class FixedPointInputLayer(Layer):
    """CNV's 8-bit input, 7 of them fraction; (N, channels, rows, columns) to (N, rows, columns, channels)."""

    def get_output_shape_for(self, input_shape):
        return tuple(input_shape[axis] for axis in (0, 2, 3, 1))

    def get_output_for(self, input, **kwargs):
        return quantization.fixed_point_input(input).dimshuffle(0, 2, 3, 1)


class DropoutLayer(Layer):
    """Dropout (Srivastava et al., 2014): each input is zero with probability `p`, and divided by ``1 - p`` if kept.

    Parameters
    ----------
    incoming : Layer
    p : float
    random : numpy.random.RandomState
        Draws the seed of this layer's own generator.

    Attributes
    ----------
    states : list of shared variables
        The generator's state, which each training step changes: seed and number of the step, int64 (2,).
    """

    def __init__(self, incoming, p, random, **kwargs):
        super(DropoutLayer, self).__init__(incoming, **kwargs)
        self.p = p
        state = np.array([random.randint(1, 2147462579), 0], np.int64)
        self.state = theano.shared(state, name='dropout_state', target='cpu')
        self.state.default_update = ops.next_step(self.state)
        self.states = [self.state]

    def get_output_for(self, input, deterministic=False, **kwargs):
        return input if deterministic else ops.dropout(input, self.state, self.p)
