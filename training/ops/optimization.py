"""One step of Adam (arXiv:1412.6980) for one parameter.

    parameter, mean, variance = adam(parameter, gradient, mean, variance, rate)
    W, mean, variance, copy = adam(W, gradient, mean, variance, rate, scale=.3, bits=1, copy=quantized_W)

``mean = .9 mean + .1 g``; ``variance = .999 variance + .001 g^2``; ``step = rate * mean / (sqrt(variance) + 1e-8)``
with the bias-corrected `rate`. With `bits` the new value is ``clip(W - scale*step, -1, 1)``, and its quantised copy
comes too.
"""
from __future__ import absolute_import, division

import numpy as np
import theano
from theano import gof, tensor
from theano.compile import optdb

from training import quantization
from training.ops.native import NativeOp, float32

BETA1, BETA2, EPSILON = .9, .999, 1e-8


def adam_twin(parameter, gradient, mean, variance, rate, scale=1., bits=None, copy=None):
    """The new values: parameter, mean, variance, and with `bits` the quantised copy."""
    mean = BETA1 * mean + (1 - BETA1) * gradient
    variance = BETA2 * variance + (1 - BETA2) * tensor.sqr(gradient)
    parameter = parameter - np.float32(scale) * (rate * mean / (tensor.sqrt(variance) + EPSILON))
    if bits is None:
        return parameter, mean, variance
    parameter = tensor.clip(parameter, -1., 1.)
    return parameter, mean, variance, quantization.weight(parameter, bits)


class _Adam(NativeOp):
    """Of parameter, gradient, mean, variance, rate[, copy]; in place, all but gradient and rate are overwritten."""

    headers = ('optimization.h',)
    __props__ = ('scale', 'bits', 'in_place')
    code = """
    PyArrayObject *fresh[] = {%(i0)s, %(i2)s, %(i3)s, %(copy)s};
    PyArrayObject **old[] = {&%(o0)s, &%(o1)s, &%(o2)s, %(old_copy)s};
    bool right = true;
    for (int i = 0; i < %(count)s; i++) {
        fresh[i] = own(fresh[i], %(in_place)s);
        right = right && fresh[i];
        Py_XDECREF(*old[i]);
        *old[i] = fresh[i];
    }
    if (!right) %(fail)s
    Input gradient(%(i1)s);
    if (!gradient.valid()) %(fail)s
    float *data[4] = {NULL};
    const npy_intp size = gradient.size();
    for (int i = 0; i < %(count)s; i++) {
        right = right && PyArray_SIZE(fresh[i]) == size;
        data[i] = (float *)PyArray_DATA(fresh[i]);
    }
    if (!right) {
        PyErr_SetString(PyExc_ValueError, "adam: shapes differ");
        %(fail)s
    }
    const Step step = {*(float *)PyArray_DATA(%(i4)s), %(scale)sf, %(bits)s > 0};
    adam<%(bits)s>(data[0], gradient.data(), data[1], data[2], data[3], size, step);
    """

    def __init__(self, scale, bits, in_place=False):
        super(_Adam, self).__init__()
        self.scale, self.bits, self.in_place = float(scale), bits, in_place
        if in_place:
            self.destroy_map = {output: [place] for output, place in enumerate(self.places)}

    @property
    def places(self):
        """Which inputs the outputs are the new values of."""
        return (0, 2, 3) if self.bits is None else (0, 2, 3, 5)

    def words(self, node, inputs, outputs):
        return {'in_place': int(self.in_place), 'copy': inputs[5] if self.bits else 'NULL',
                'old_copy': '&' + outputs[3] if self.bits else 'NULL', 'count': len(node.outputs),
                'scale': '%.9e' % self.scale, 'bits': self.bits or 0}

    def make_node(self, *inputs):
        inputs = [float32(variable) for variable in inputs]
        return theano.Apply(self, inputs, [inputs[place].type() for place in self.places])


def adam_native(parameter, gradient, mean, variance, rate, scale=1., bits=None, copy=None):
    """As :func:`adam_twin`; in place once Theano has optimised the graph."""
    inputs = [parameter, gradient, mean, variance, rate] + ([] if bits is None else [copy])
    return _Adam(scale, bits)(*inputs)


@gof.local_optimizer([_Adam], inplace=True)
def _in_place(node):
    """Theano's own way to let an op overwrite its inputs: once the rest of the graph is settled."""
    if isinstance(node.op, _Adam) and not node.op.in_place:
        return _Adam(node.op.scale, node.op.bits, in_place=True)(*node.inputs, return_list=True)


optdb.register('training_adam_in_place', gof.TopoOptimizer(_in_place, failure_callback=gof.TopoOptimizer.warn_inplace),
               75, 'fast_run', 'inplace')
