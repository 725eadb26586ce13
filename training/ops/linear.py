"""Dense and convolutional layers, forward and backward.

    out = dense(x, W, b)            # x . W + b
    out = conv(x, W, b)             # 3x3 'valid' correlation, channels last

The forward products of quantised operands (each value -s, 0 or +s) are counted in bits; any others are multiplied in
float32. The gradients are float32 matrix products of register tiles; none of them depends on a BLAS.
``dense_twin`` and ``conv_twin`` are the same in plain Theano.
"""
from __future__ import absolute_import, division

import theano
from theano import tensor

from training.ops.native import NativeOp, float32


def dense_twin(x, W, b=None):
    """``x . W + b``; (N, inputs), (inputs, units) and (units,) to (N, units)."""
    output = tensor.dot(x, W)
    return output if b is None else output + b


def conv_twin(x, W, b=None):
    """3x3 'valid' correlation (no kernel flip) of images (N, rows, columns, channels), plus b.

    Parameters
    ----------
    W : (filters, channels, 3, 3)

    Returns
    -------
    (N, rows - 2, columns - 2, filters)
    """
    output = tensor.nnet.conv2d(x.dimshuffle(0, 3, 1, 2), W, border_mode='valid', filter_flip=False)
    output = output.dimshuffle(0, 2, 3, 1)
    return output if b is None else output + b


class _Linear(NativeOp):
    """Two operands, and a bias or none."""

    headers = ('linear.h', 'bits.h')

    def make_node(self, x, W, *bias):
        inputs = [float32(variable) for variable in (x, W) + bias]
        dimensions = self.dimensions
        for variable, expected in zip(inputs, (dimensions, dimensions, 1)):
            if variable.ndim != expected:
                raise TypeError('%s: %s has %d dimensions, not %d' % (self, variable, variable.ndim, expected))
        return theano.Apply(self, inputs, [tensor.TensorType('float32', (False,) * dimensions)()])

    def words(self, node, inputs, outputs):
        if len(inputs) == 2:
            return {'bias': '', 'bias_data': 'NULL', 'bias_wrong': 'false'}
        return {'bias': 'Input b(%s);' % inputs[2], 'bias_data': 'b.data()',
                'bias_wrong': '!b.valid() || b.size() != outputs'}

    def L_op(self, inputs, outputs, output_gradients):
        gradient, = output_gradients
        x, W = inputs[:2]
        for_weights, for_bias = self.weight_gradient(x, gradient)
        return [self.input_gradient(x, gradient, W), for_weights] + [for_bias] * (len(inputs) - 2)


class _InputGradient(NativeOp):
    """Gradient of the input, for the output's gradient and the weights; the input itself gives the shape."""

    headers = ('linear.h',)

    def make_node(self, x, gradient, W):
        inputs = [float32(variable) for variable in (x, gradient, W)]
        return theano.Apply(self, inputs, [inputs[0].type()])


class _WeightGradient(NativeOp):
    """Gradients of weights and bias, for the input and the output's gradient."""

    headers = ('linear.h',)

    def make_node(self, x, gradient):
        inputs = [float32(variable) for variable in (x, gradient)]
        weights = tensor.TensorType('float32', (False,) * inputs[0].ndim)
        return theano.Apply(self, inputs, [weights(), tensor.TensorType('float32', (False,))()])


class _DenseInputGradient(_InputGradient):
    code = """
    Input gradient(%(i1)s), W(%(i2)s);
    if (!gradient.valid() || !W.valid()) %(fail)s
    const long batch = gradient.shape()[0], inputs = W.shape()[0], units = W.shape()[1];
    if (gradient.shape()[1] != units) {
        PyErr_SetString(PyExc_ValueError, "dense input gradient: shapes differ");
        %(fail)s
    }
    const npy_intp shape[] = {batch, inputs};
    float *dx = output(&%(o0)s, 2, shape);
    if (!dx) %(fail)s
    const long padded = panels_of(batch) * PANEL;
    float *packed = (float *)workspace.take(sizeof(float) * padded * (units + 32 * thread_count()));
    if (!packed) %(fail)s
    dense_input_gradient(gradient.data(), W.data(), dx, batch, inputs, units, packed, packed + padded * units);
    """


class _DenseWeightGradient(_WeightGradient):
    code = """
    Input x(%(i0)s), gradient(%(i1)s);
    if (!x.valid() || !gradient.valid()) %(fail)s
    const long batch = x.shape()[0], inputs = x.shape()[1], units = gradient.shape()[1];
    if (gradient.shape()[0] != batch) {
        PyErr_SetString(PyExc_ValueError, "dense weight gradient: batches differ");
        %(fail)s
    }
    const npy_intp shape[] = {inputs, units}, bias_shape[] = {units};
    float *dW = output(&%(o0)s, 2, shape), *db = output(&%(o1)s, 1, bias_shape);
    if (!dW || !db) %(fail)s
    const long packed_size = panels_of(units) * PANEL * batch;
    float *packed = (float *)workspace.take(sizeof(float) * (packed_size + ROWS * batch * thread_count()));
    if (!packed) %(fail)s
    dense_weight_gradient(x.data(), gradient.data(), dW, db, batch, inputs, units, packed, packed + packed_size);
    """


class _Dense(_Linear):
    dimensions = 2
    input_gradient, weight_gradient = _DenseInputGradient(), _DenseWeightGradient()
    code = """
    Input x(%(i0)s), W(%(i1)s);
    if (!x.valid() || !W.valid()) %(fail)s
    const long batch = x.shape()[0], inputs = x.shape()[1], outputs = W.shape()[1];
    %(bias)s
    if (W.shape()[0] != inputs || %(bias_wrong)s) {
        PyErr_SetString(PyExc_ValueError, "dense: shapes differ");
        %(fail)s
    }
    const npy_intp shape[] = {batch, outputs};
    float *out = output(&%(o0)s, 2, shape);
    if (!out) %(fail)s
    const long words = words_of(inputs), weight_words = words * round_up(outputs, LANES);
    Bits x_bits, W_bits;
    float *panels;
    Pieces pieces(NULL);
    for (int round = 0; round < 2; round++) {
        if (round) {
            char *start = workspace.take(pieces.total);
            if (!start) %(fail)s
            pieces = Pieces(start);
        }
        x_bits.signs = pieces.take<uint32_t>(words * batch);
        x_bits.masks = pieces.take<uint32_t>(words * batch);
        W_bits.signs = pieces.take<uint32_t>(weight_words);
        W_bits.masks = pieces.take<uint32_t>(weight_words);
        panels = pieces.take<float>(thread_count() * PANEL * inputs);
    }
    if (!dense_bits(x.data(), W.data(), %(bias_data)s, out, batch, inputs, outputs, x_bits, W_bits))
        dense_any(x.data(), W.data(), %(bias_data)s, out, batch, inputs, outputs, panels);
    """


class _ConvInputGradient(_InputGradient):
    code = """
    Input gradient(%(i1)s), W(%(i2)s);
    if (!gradient.valid() || !W.valid()) %(fail)s
    const npy_intp *x_shape = PyArray_DIMS(%(i0)s);
    const Geometry g(x_shape, W.shape()[0]);
    if (gradient.shape()[0] != g.batch || gradient.shape()[1] != g.out_rows || gradient.shape()[2] != g.out_columns ||
        gradient.shape()[3] != g.filters || W.shape()[1] != g.channels || W.shape()[2] != 3 || W.shape()[3] != 3) {
        PyErr_SetString(PyExc_ValueError, "conv input gradient: shapes differ");
        %(fail)s
    }
    float *dx = output(&%(o0)s, 4, x_shape);
    if (!dx) %(fail)s
    long *patches;
    float *packed, *products;
    Pieces pieces(NULL);
    for (int round = 0; round < 2; round++) {
        if (round) {
            char *start = workspace.take(pieces.total);
            if (!start) %(fail)s
            pieces = Pieces(start);
        }
        patches = pieces.take<long>(g.total());
        packed = pieces.take<float>(panels_of(g.fan_in()) * PANEL * g.filters);
        products = pieces.take<float>(CHUNK * PANEL * thread_count());
    }
    g.find_patches(patches);
    conv_input_gradient(gradient.data(), W.data(), dx, g, patches, packed, products);
    """


class _ConvWeightGradient(_WeightGradient):
    code = """
    Input x(%(i0)s), gradient(%(i1)s);
    if (!x.valid() || !gradient.valid()) %(fail)s
    const Geometry g(x.shape(), gradient.shape()[3]);
    if (gradient.shape()[0] != g.batch || gradient.shape()[1] != g.out_rows || gradient.shape()[2] != g.out_columns) {
        PyErr_SetString(PyExc_ValueError, "conv weight gradient: shapes differ");
        %(fail)s
    }
    const npy_intp shape[] = {g.filters, g.channels, 3, 3}, bias_shape[] = {g.filters};
    float *dW = output(&%(o0)s, 4, shape), *db = output(&%(o1)s, 1, bias_shape);
    if (!dW || !db) %(fail)s
    long *patches;
    float *products, *panels, *lefts;
    double *sums;
    Pieces pieces(NULL);
    for (int round = 0; round < 2; round++) {
        if (round) {
            char *start = workspace.take(pieces.total);
            if (!start) %(fail)s
            pieces = Pieces(start);
        }
        patches = pieces.take<long>(g.total());
        products = pieces.take<float>(g.filters * g.fan_in());
        panels = pieces.take<float>(DEPTH * PANEL * thread_count());
        lefts = pieces.take<float>(DEPTH * round_up(g.filters, ROWS) * thread_count());
        sums = pieces.take<double>(g.filters * thread_count());
    }
    g.find_patches(patches);
    conv_weight_gradient(x.data(), gradient.data(), dW, db, g, patches, products, panels, lefts, sums);
    """


class _Conv(_Linear):
    dimensions = 4
    input_gradient, weight_gradient = _ConvInputGradient(), _ConvWeightGradient()
    code = """
    Input x(%(i0)s), W(%(i1)s);
    if (!x.valid() || !W.valid()) %(fail)s
    const Geometry g(x.shape(), W.shape()[0]);
    const long outputs = g.filters;
    %(bias)s
    if (W.shape()[1] != g.channels || W.shape()[2] != 3 || W.shape()[3] != 3 || g.out_rows < 1 ||
        g.out_columns < 1 || %(bias_wrong)s) {
        PyErr_SetString(PyExc_ValueError, "conv: shapes differ");
        %(fail)s
    }
    const npy_intp shape[] = {g.batch, g.out_rows, g.out_columns, g.filters};
    float *out = output(&%(o0)s, 4, shape);
    if (!out) %(fail)s
    const long words = words_of(g.channels), image_words = g.batch * g.rows * g.columns * words;
    const long weight_words = 9 * words * round_up(g.filters, LANES);
    Bits x_bits, W_bits;
    long *patches;
    float *filters, *packed, *chunks;
    Pieces pieces(NULL);
    for (int round = 0; round < 2; round++) {
        if (round) {
            char *start = workspace.take(pieces.total);
            if (!start) %(fail)s
            pieces = Pieces(start);
        }
        patches = pieces.take<long>(g.total());
        x_bits.signs = pieces.take<uint32_t>(image_words);
        x_bits.masks = pieces.take<uint32_t>(image_words);
        W_bits.signs = pieces.take<uint32_t>(weight_words);
        W_bits.masks = pieces.take<uint32_t>(weight_words);
        filters = pieces.take<float>(g.fan_in() * thread_count());
        packed = pieces.take<float>(panels_of(g.filters) * PANEL * g.fan_in());
        chunks = pieces.take<float>(CHUNK * g.fan_in() * thread_count());
    }
    g.find_patches(patches);
    if (!conv_bits(x.data(), W.data(), %(bias_data)s, out, g, patches, x_bits, W_bits, filters))
        conv_any(x.data(), W.data(), %(bias_data)s, out, g, patches, packed, chunks);
    """


dense_op, conv_op = _Dense(), _Conv()


def dense_native(x, W, b=None):
    """As :func:`dense_twin`."""
    return dense_op(x, W) if b is None else dense_op(x, W, b)


def conv_native(x, W, b=None):
    """As :func:`conv_twin`."""
    return conv_op(x, W) if b is None else conv_op(x, W, b)
