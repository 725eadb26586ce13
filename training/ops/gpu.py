"""One GPU kernel each for what Theano does with many small ones: the cost of a small kernel is its launch.

    [W, mean, variance, digits], [b, mean, variance] = adam_of_all([((W, mean, variance, digits), gradient, (scale, bits)),
                                                                    ((b, mean, variance), gradient, None)], rate)
    mean, inv_std = averages([(mean, batch_mean), (inv_std, batch_inv_std)])
    y = dropout(x, state, p)

Arrays are overwritten in place once Theano has optimised the graph. The kernels are written in libgpuarray's dialect of
CUDA and OpenCL. scripts/prove_gpu.sh runs them.
"""
from __future__ import absolute_import, division

import numpy as np
import theano
from theano import tensor
from theano.gpuarray.basic_ops import (
    GpuKernelBase, Kernel, as_gpuarray_variable, gpuarray_helper_inc_dir, infer_context_name)
from theano.gpuarray.type import get_context

from training import quantization
from training.constants import ADAM_EPSILON, ALPHA, BETA1, BETA2
from training.ops.dropout import limit, scale
from training.ops.native import Overwriting

LARGEST = 1000      # bytes of a launch's pointers and sizes: every OpenCL device takes 1024

_ADAM = '''
        const ga_float g = given[i];
        first[i] = %rf * first[i] + %rf * g;
        second[i] = %rf * second[i] + %rf * (g * g);
        const ga_float step = rate * first[i] / (sqrt(second[i]) + %rf);
''' % (BETA1, 1 - BETA1, BETA2, 1 - BETA2, ADAM_EPSILON)
_PLAIN = _ADAM + '''
        value[i] -= step;
'''
_QUANTIZED = _ADAM + '''
        const ga_float moved = value[i] - %.9ef * step;
        value[i] = moved < -1.f ? -1.f : moved > 1.f ? 1.f : moved;
        digits[i] = %s;
'''
_AVERAGE = '''
        value[i] = %rf * value[i] + %rf * given[i];
''' % (1 - ALPHA, ALPHA)
_KERNEL = '''#include "cluda.h"
KERNEL void updates(%s) {
    const ga_size first_of_all = GID_0 * LDIM_0 + LID_0, all = GDIM_0 * LDIM_0;
%s}
'''
_ROW = '''    {
%s        for (ga_size i = first_of_all; i < size_%d; i += all) {%s        }
    }
'''
# See c/dropout.c.
_DROPOUT = '''#include "cluda.h"
WITHIN_KERNEL ga_uint mix(ga_uint x) {
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}
KERNEL void dropout(GLOBAL_MEM ga_float *y, const ga_size offset_y, GLOBAL_MEM const ga_float *x, const ga_size offset_x,
                    const ga_size size, const ga_uint seed, const ga_uint step) {
    const ga_uint first = mix(seed ^ mix(step)), second = mix(first + 0x9e3779b9u);
    y = (GLOBAL_MEM ga_float *)((GLOBAL_MEM char *)y + offset_y);
    x = (GLOBAL_MEM const ga_float *)((GLOBAL_MEM const char *)x + offset_x);
    for (ga_size i = GID_0 * LDIM_0 + LID_0; i < size; i += GDIM_0 * LDIM_0)
        y[i] = mix(mix((ga_uint)i ^ first) + second) < %du ? x[i] * %.9ef : 0.f;
}
'''


class Updates(Overwriting, GpuKernelBase, theano.Op):
    """Rows of arrays, each with a kernel's text: what is overwritten, and what it is computed from.

    Parameters
    ----------
    rows : tuple of (names, text)
        The names of a row's arrays in the text: first 'given', which is read, then those that are overwritten. All have one
        size, and element i of each belongs together.
    """

    __props__ = 'rows', 'in_place'

    def __init__(self, rows):
        self.rows = tuple(rows)

    def make_node(self, rate, *variables):
        """To what is overwritten, row by row; `rate` is a scalar float32 on the host."""
        context = infer_context_name(*variables)
        variables = [as_gpuarray_variable(variable, context) for variable in variables]
        rate = tensor.as_tensor_variable(rate)
        if rate.type != tensor.fscalar or len(variables) != sum(len(names) for names, _ in self.rows):
            raise TypeError('updates: a rate, float32, and the arrays of %d rows' % len(self.rows))
        outputs = [variable.type() for variable, name in zip(variables, self._names()) if name != 'given']
        return theano.Apply(self, [rate] + variables, outputs)

    def _names(self):
        return [name for names, _ in self.rows for name in names]

    @property
    def overwritten(self):
        """As :class:`training.ops.native.Overwriting` has it."""
        return dict(enumerate(place for place, name in enumerate(self._names(), 1) if name != 'given'))

    def infer_shape(self, node, shapes):
        return [shapes[place] for _, place in sorted(self.overwritten.items())]

    def get_params(self, node):
        return get_context(node.inputs[1].type.context_name)

    def c_code_cache_version(self):
        return 1, self.rows, self.in_place

    def gpu_kernels(self, node, name):
        from pygpu import gpuarray
        arguments, texts, types = ['const ga_float rate'], [], [np.dtype('float32')]
        for row, (names, text) in enumerate(self.rows):
            places = ''
            for array in names:
                arguments += ['GLOBAL_MEM ga_float *%s_%d' % (array, row), 'const ga_size offset_%s_%d' % (array, row)]
                types += [gpuarray.GpuArray, gpuarray.SIZE]
                places += ('        GLOBAL_MEM ga_float *{0} = (GLOBAL_MEM ga_float *)((GLOBAL_MEM char *){0}_{1} + '
                           'offset_{0}_{1});\n').format(array, row)
            arguments.append('const ga_size size_%d' % row)
            types.append(gpuarray.SIZE)
            texts.append(_ROW % (places, row, text))
        code = _KERNEL % (', '.join(arguments), ''.join(texts))
        return [Kernel(code='\\n'.join(code.split('\n')), params=types, name='updates',
                       flags=Kernel.get_flags('float32'), objvar='k_updates_' + name)]

    def c_code(self, node, name, inputs, outputs, sub):
        """Each output is its input, or a copy of it; one call for all rows."""
        lines, arguments, outputs = ['size_t most = 1;'], ['*(npy_float32 *)PyArray_DATA(%s)' % inputs[0]], list(outputs)
        arrays, remains = list(inputs[1:]), ''
        for row, (names, _) in enumerate(self.rows):
            size = 'size_%d' % row
            for array in names:
                given = arrays.pop(0)
                if array == 'given':
                    used = 'given_%d' % row
                    # A copy where its elements lie in another order than those of the arrays that they change.
                    lines += ['PyGpuArrayObject *%s = %s;' % (used, given),
                              'if (GpuArray_IS_C_CONTIGUOUS(&%s->ga)) Py_INCREF(%s);' % (given, used),
                              'else %s = pygpu_copy(%s, GA_C_ORDER);' % (used, given), 'if (!%s) FAIL' % used,
                              'size_t %s = 1;' % size,
                              'for (unsigned axis = 0; axis < %s->ga.nd; axis++) %s *= %s->ga.dimensions[axis];' % (
                                  used, size, used), 'if (%s > most) most = %s;' % (size, size)]
                    remains += 'Py_DECREF(%s);\n' % used
                else:
                    used = outputs.pop(0)
                    lines += ['if (%s != %s) {' % (used, given), 'Py_XDECREF(%s);' % used,
                              'if (%d && GpuArray_IS_C_CONTIGUOUS(&%s->ga)) { %s = %s; Py_INCREF(%s); }' % (
                                  self.in_place, given, used, given, given),
                              'else %s = pygpu_copy(%s, GA_C_ORDER);' % (used, given), '}', 'if (!%s) FAIL' % used,
                              '{ size_t own = 1;',
                              'for (unsigned axis = 0; axis < %s->ga.nd; axis++) own *= %s->ga.dimensions[axis];' % (
                                  used, used),
                              'if (own != %s) { PyErr_SetString(PyExc_ValueError, "updates: arrays of different sizes"); '
                              'FAIL } }' % size]
                arguments += ['%s->ga.data' % used, '%s->ga.offset' % used]
            arguments.append(size)
        lines += ['int error = updates_scall(1, &most, 0, %s);' % ', '.join(arguments), remains,
                  'if (error != GA_NO_ERROR) { PyErr_Format(PyExc_RuntimeError, "updates: %%s", '
                  'GpuKernel_error(&k_updates_%s, error)); FAIL }' % name]
        return '{\n%s\n}' % '\n'.join(lines).replace('FAIL', sub['fail'])


def _in_launches(rows, variables, rate):
    """The results of rows (names, text), whose arrays are `variables`, a list a row; in as few launches as possible."""
    results, start = [], 0
    while start < len(rows):
        end, size = start, 0
        while end < len(rows) and (end == start or size + _size(rows[end]) <= LARGEST):
            size, end = size + _size(rows[end]), end + 1
        made = Updates(rows[start:end])(rate, *[array for row in variables[start:end] for array in row], return_list=True)
        for names, _ in rows[start:end]:
            results.append([made.pop(0) for _ in names[1:]])
        start = end
    return results


def _size(row):
    """Bytes of a row's arguments: a pointer and an offset for each array, and how many elements they have."""
    return 16 * len(row[0]) + 8


def adam_of_all(parameters, rate):
    """As :func:`training.ops.adam_of_all`; `rate` on the host."""
    rows, variables = [], []
    for state, gradient, quantized in parameters:
        names, text = ('given', 'value', 'first', 'second'), _PLAIN
        if quantized:
            scale, bits = quantized
            names, text = names + ('digits',), _QUANTIZED % (scale, quantization.WEIGHTS[bits].c_value('value[i]'))
        rows.append((names, text))
        variables.append((gradient,) + tuple(state))
    return _in_launches(rows, variables, rate)


def averages(pairs):
    """The new running averages of pairs (average, the batch's value)."""
    results = _in_launches([(('given', 'value'), _AVERAGE)] * len(pairs),
                           [(batch, average) for average, batch in pairs], np.float32(0))
    return [result for result, in results]


class Dropout(GpuKernelBase, theano.Op):
    """As :class:`training.ops.dropout.Dropout`, with the same masks; seed and step are numbers on the host."""

    __props__ = 'p',

    def __init__(self, p):
        self.p = p

    def make_node(self, x, state):
        x, state = as_gpuarray_variable(x, infer_context_name(x)), tensor.as_tensor_variable(state)
        if x.dtype != 'float32' or state.type != tensor.lvector:
            raise TypeError('dropout: x is float32, and the state int64 on the host')
        return theano.Apply(self, [x, state], [x.type()])

    def infer_shape(self, node, shapes):
        return [shapes[0]]

    def L_op(self, inputs, outputs, output_gradients):
        return [self(output_gradients[0], inputs[1]), theano.gradient.DisconnectedType()()]

    def connection_pattern(self, node):
        return [[True], [False]]

    def c_headers(self):
        return super(Dropout, self).c_headers() + ['<gpuarray_helper.h>']

    def c_header_dirs(self):
        return super(Dropout, self).c_header_dirs() + [gpuarray_helper_inc_dir()]

    def c_code_cache_version(self):
        return 1,

    def gpu_kernels(self, node, name):
        from pygpu import gpuarray
        code = _DROPOUT % (limit(self.p), scale(self.p))
        return [Kernel(code='\\n'.join(code.split('\n')), name='dropout', objvar='k_dropout_' + name,
                       params=[gpuarray.GpuArray, gpuarray.SIZE, gpuarray.GpuArray, gpuarray.SIZE, gpuarray.SIZE,
                               np.dtype('uint32'), np.dtype('uint32')], flags=Kernel.get_flags('float32'))]

    def c_code(self, node, name, inputs, outputs, sub):
        return '''{
            size_t size = 1;
            int error = GA_NO_ERROR;
            PyGpuArrayObject *x = %(x)s;
            if (GpuArray_IS_C_CONTIGUOUS(&x->ga)) Py_INCREF(x);
            else x = pygpu_copy(x, GA_C_ORDER);
            if (!x) %(fail)s
            for (unsigned axis = 0; axis < x->ga.nd; axis++) size *= x->ga.dimensions[axis];
            if (theano_prep_output(&%(y)s, x->ga.nd, x->ga.dimensions, x->ga.typecode, GA_C_ORDER, %(context)s)) {
                Py_DECREF(x);
                %(fail)s
            }
            const npy_int64 *state = (npy_int64 *)PyArray_DATA(%(state)s);
            if (size)
                error = dropout_scall(1, &size, 0, %(y)s->ga.data, %(y)s->ga.offset, x->ga.data, x->ga.offset, size,
                                      (npy_uint32)state[0], (npy_uint32)state[PyArray_STRIDES(%(state)s)[0] / 8]);
            Py_DECREF(x);
            if (error != GA_NO_ERROR) {
                PyErr_Format(PyExc_RuntimeError, "dropout: %%s", GpuKernel_error(&k_dropout_%(name)s, error));
                %(fail)s
            }
        }''' % {'x': inputs[0], 'state': inputs[1], 'y': outputs[0], 'name': name, 'fail': sub['fail'],
                'context': sub['params']}


class NextStep(theano.Op):
    """State to state of the next step, on the host: a sum of vectors would be taken to the GPU and back."""

    __props__ = ()
    itypes = otypes = [tensor.lvector]

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0] + np.array([0, 1], np.int64)


next_step = NextStep()


def dropout(x, state, p):
    """As :func:`training.ops.dropout.dropout_twin`, to the same bits."""
    return Dropout(p)(x, state)
