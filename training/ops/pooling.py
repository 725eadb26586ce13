"""2x2 max pooling, stride 2, of images (N, rows, columns, channels)."""
from __future__ import absolute_import, division

import theano
from theano.tensor.signal import pool

from training.ops.native import NativeOp, float32


def max_pool_twin(x):
    """(N, rows, columns, channels) to (N, rows//2, columns//2, channels)."""
    return pool.pool_2d(x.dimshuffle(0, 3, 1, 2), (2, 2), ignore_border=True).dimshuffle(0, 2, 3, 1)


class _MaxPool(NativeOp):
    headers = ('pooling.h',)
    code = """
    Input x(%(i0)s);
    if (!x.valid()) %(fail)s
    const Pooling g(x.shape());
    const npy_intp shape[] = {g.batch, g.out_rows, g.out_columns, g.channels};
    float *y = output(&%(o0)s, 4, shape);
    if (!y) %(fail)s
    max_pool(x.data(), y, g);
    """

    def make_node(self, x):
        x = float32(x)
        if x.ndim != 4:
            raise TypeError('max pooling: %s has %d dimensions, not 4' % (x, x.ndim))
        return theano.Apply(self, [x], [x.type()])

    def L_op(self, inputs, outputs, output_gradients):
        return [_MaxPoolGradient()(inputs[0], outputs[0], output_gradients[0])]


class _MaxPoolGradient(NativeOp):
    headers = ('pooling.h',)
    code = """
    Input x(%(i0)s), y(%(i1)s), gradient(%(i2)s);
    if (!x.valid() || !y.valid() || !gradient.valid()) %(fail)s
    const Pooling g(x.shape());
    if (y.size() != g.batch * g.out_rows * g.out_columns * g.channels || gradient.size() != y.size()) {
        PyErr_SetString(PyExc_ValueError, "max pooling gradient: shapes differ");
        %(fail)s
    }
    float *dx = output(&%(o0)s, 4, x.shape());
    if (!dx) %(fail)s
    max_pool_gradient(x.data(), y.data(), gradient.data(), dx, g);
    """

    def make_node(self, x, y, gradient):
        inputs = [float32(variable) for variable in (x, y, gradient)]
        return theano.Apply(self, inputs, [inputs[0].type()])


def max_pool_native(x):
    """As :func:`max_pool_twin`."""
    return _MaxPool()(x)
