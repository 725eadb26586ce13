"""Ops that call a C function in c/: what such an op declares, and how its call is generated.

    class Dense(NativeOp):
        source = 'dense.c'
        inputs = Array('x', 'batch inputs', OPERAND), Array('W', 'inputs units', OPERAND)
        outputs = Array('y', 'batch units'),

calls ``dense(x, W, y, batch, inputs, units, &workspace)`` of c/dense.c: the arrays, then each size by the name that the
shapes give it, in the order in which they appear. Sizes are checked against each other and outputs made before; a
failure of the function becomes a Python exception.
"""
from __future__ import absolute_import, division

import collections
import copy
import hashlib
import os
import re

import theano
from theano import gof, scalar, tensor
from theano.compile import optdb

import training.compatibility  # noqa: F401 (Theano as this numpy needs it)

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'c')
_INCLUDE = re.compile(u'^#include "(.*)"$', re.MULTILINE)
_NAME = re.compile(r'^[a-z_]+$')

OPERAND = 'operand'         # float32; or digits -1, 0, +1, int8: see reads_digits
_DTYPES = {'float32': ('float', 'NPY_FLOAT32'), 'int8': ('int8_t', 'NPY_INT8'), 'int64': ('int64_t', 'NPY_INT64')}


class Array(collections.namedtuple('Array', ['name', 'shape', 'dtype'])):
    """An input or output of a C function.

    An output that has the name of an input begins with its values, and the function gets it once.

    Parameters
    ----------
    name : str
    shape : str
        The size of each axis: a number, a name, or what follows from a name ('rows-2', 'rows/2'). A first '*rows' stands
        for any number of axes, which have `rows` elements together.
    dtype : str
        float32, int8, int64 or OPERAND.
    """

    def __new__(cls, name, shape, dtype='float32'):
        return super(Array, cls).__new__(cls, name, tuple(shape.split()), dtype)

    @property
    def open(self):
        """Whether any number of axes fits."""
        return self.shape[:1] != () and self.shape[0].startswith('*')


def available():
    """Whether ops with C code may stand in a graph: there is a compiler, and Theano computes on the CPU."""
    return bool(theano.config.cxx) and theano.config.device.startswith('cpu') and theano.config.floatX == 'float32'


def on_a_gpu():
    """Whether Theano computes on a GPU."""
    return not theano.config.device.startswith('cpu')


class Overwriting(object):
    """An op whose outputs begin with the values of inputs, and which may overwrite these.

    Attributes
    ----------
    overwritten : dict
        Number of an output to that of the input that it begins with.
    """

    in_place = False            # in __props__
    overwritten = {}

    def overwriting(self):
        """The op that works in place."""
        op = copy.copy(self)
        op.in_place = True
        op.destroy_map = {output: [place] for output, place in self.overwritten.items()}
        return op


class NativeOp(Overwriting, gof.OpenMPOp):
    """An op in C.

    Attributes
    ----------
    source, function : str
        The C file in c/, and its function.
    inputs, outputs : tuple of Array
    optional : int
        How many of the last inputs may be left out; the function gets NULL.
    constants : tuple of str
        C expressions: arguments between the sizes and the workspace.
    definitions : str
        C code put before the file.
    """

    source = function = None
    inputs = outputs = ()
    optional = 0
    constants = ()
    definitions = u''
    __props__ = ()

    def make_node(self, *variables):
        """
        Raises
        ------
        TypeError
            For another number of inputs, or another type of one.
        """
        variables = [tensor.as_tensor_variable(variable) for variable in variables]
        if not 0 <= len(self.inputs) - len(variables) <= self.optional:
            raise TypeError('%s: %d inputs, not %d' % (self.function, len(variables), len(self.inputs)))
        for array, variable in zip(self.inputs, variables):
            if variable.dtype not in (('float32', 'int8') if array.dtype == OPERAND else (array.dtype,)):
                raise TypeError('%s: %s is %s' % (self.function, array.name, variable.dtype))
            if variable.ndim != len(array.shape) and not (array.open and variable.ndim >= len(array.shape) - 1):
                raise TypeError('%s: %s has %d dimensions, not %d' % (self.function, array.name, variable.ndim,
                                                                     len(array.shape)))
        given = {array.name: variable for array, variable in zip(self.inputs, variables)}
        return theano.Apply(self, variables, [self._output_type(array, given)() for array in self.outputs])

    def _output_type(self, array, given):
        if array.name in given:
            return given[array.name].type
        if array.open:
            return tensor.TensorType(array.dtype, given[self._first_open].type.broadcastable)
        return tensor.TensorType(array.dtype, (False,) * len(array.shape))

    @property
    def _first_open(self):
        return next(array.name for array in self.inputs if array.open)

    @property
    def overwritten(self):
        """As :class:`Overwriting` has it."""
        names = [array.name for array in self.inputs]
        return {number: names.index(array.name) for number, array in enumerate(self.outputs) if array.name in names}

    def perform(self, node, inputs, outputs):
        raise NotImplementedError('%s has C code only: use its twin' % self)

    def c_compile_args(self):
        return super(NativeOp, self).c_compile_args() + [
            '-O3', '-fopenmp-simd', '-fno-math-errno', '-fno-trapping-math', '-Wno-psabi', '-Wno-unused-function']

    def c_support_code(self):
        return self.definitions + _amalgamated([self.source, 'digits.h', 'arrays.h'])

    def c_support_code_struct(self, node, name):
        return 'Workspace workspace;'

    def c_init_code_struct(self, node, name, sub):
        return 'memset(&workspace, 0, sizeof workspace);'

    def c_cleanup_code_struct(self, node, name):
        return 'workspace_free(&workspace);'

    def c_code_cache_version(self):
        return 2, hashlib.sha256(self.c_support_code().encode('ascii')).hexdigest(), self.function, self.constants

    def c_code(self, node, name, inputs, outputs, sub):
        """The checks of the inputs, the making of the outputs, the call."""
        given = dict(zip([array.name for array in self.inputs], inputs))
        overwritten = [array.name for array in self.outputs]
        lines, sizes, arguments = [], [], []
        for array in self.inputs:
            if array.name not in given:
                arguments.append('NULL')
                continue
            lines += ['Input in_%s(%s);' % (array.name, given[array.name]), 'if (!in_%s.valid()) FAIL' % array.name]
            lines += self._sizes(array, sizes)
            if array.dtype == OPERAND:
                arguments.append('in_%s.operand()' % array.name)
            elif array.name not in overwritten:
                arguments.append('in_%s.data<%s>()' % (array.name, _DTYPES[array.dtype][0]))
        for array, variable in zip(self.outputs, outputs):
            c_type, number = _DTYPES[array.dtype]
            if array.name in given:
                made = 'own(&%s, %s, %d)' % (variable, given[array.name], self.in_place)
            elif array.open:
                made = 'output_like(&%s, %s, in_%s)' % (variable, number, self._first_open)
            else:
                lines += ['if (!positive("%s", "%s", %s)) FAIL' % (self.function, size, size)
                          for size in array.shape if not re.match('[a-z_]+$|[0-9]+$', size)]
                lines.append('const npy_intp shape_%s[] = {%s};' % (array.name, ', '.join(array.shape)))
                made = 'output(&%s, %s, %d, shape_%s)' % (variable, number, len(array.shape), array.name)
            lines += ['%s *%s = (%s *)%s;' % (c_type, array.name, c_type, made), 'if (!%s) FAIL' % array.name]
            arguments.append(array.name)
        arguments += sizes + list(self.constants) + ['&workspace']
        lines += ['workspace_begin(&workspace);',
                  'if (!succeeded("%s", %s(%s))) FAIL' % (self.function, self.function, ', '.join(arguments))]
        return '{\n%s\n}' % '\n'.join(lines).replace('FAIL', sub['fail'])

    def _sizes(self, array, known):
        """Lines that name an input's new sizes and check the known ones; names come before what follows from them."""
        for axis, size in sorted(enumerate(array.shape), key=lambda one: not _NAME.match(one[1].lstrip('*'))):
            value = 'in_%s.%s(%d)' % (array.name, 'leading' if size.startswith('*') else 'from_end',
                                      len(array.shape) - axis)
            size = size.lstrip('*')
            if _NAME.match(size) and size not in known:
                known.append(size)
                yield 'const long %s = %s;' % (size, value)
            else:
                yield 'if (!agrees("%s", "%s", %d, %s, "%s", %s)) FAIL' % (self.function, array.name, axis, value, size,
                                                                          size)


def _amalgamated(names):
    """The text of C files with their includes in it, so that what Theano caches holds no path."""
    def text_of(name):
        with open(os.path.join(_FOLDER, name), 'rb') as handle:
            text = handle.read().decode('ascii')
        return _INCLUDE.sub(lambda found: text_of(os.path.join(os.path.dirname(name), found.group(1))), text)
    return u'\n'.join(text_of(name) for name in names)


# --- graphs: digits in place of floats, results in place of operands -------------------------------------------------

def rewrites(name, position, *tags):
    """Decorator: the function, from a node to its new outputs or None, rewrites each graph that Theano compiles.

    Parameters
    ----------
    position : float
        Among Theano's own optimisations: canonicalisation is 1, specialisation 2, what works in place comes after 75.
    """
    def register(function):
        optimizer = gof.local_optimizer(None, inplace='inplace' in tags)(function)
        warn = gof.TopoOptimizer.warn_inplace if 'inplace' in tags else gof.TopoOptimizer.warn
        optdb.register(name, gof.TopoOptimizer(optimizer, failure_callback=warn), position, 'fast_run', *tags)
        return function
    return register


def as_floats(digits):
    """Digits, int8, as float32: gradients can be taken of these."""
    return tensor.cast(digits, 'float32')


def digits_behind(variable):
    """The digits of which :func:`as_floats` made this; None where it did not."""
    node = variable.owner
    if (node and isinstance(node.op, tensor.Elemwise) and isinstance(node.op.scalar_op, scalar.Cast) and
            (node.inputs[0].dtype, variable.dtype) == ('int8', 'float32')):
        return node.inputs[0]


@rewrites('training_reads_digits', 2.5)
def reads_digits(node):
    """Give an op that takes digits the digits themselves, a quarter of the floats' size."""
    if isinstance(node.op, NativeOp):
        variables = [(array.dtype == OPERAND and digits_behind(variable)) or variable
                     for array, variable in zip(node.op.inputs, node.inputs)]
        if variables != node.inputs:
            return node.op(*variables, return_list=True)


@rewrites('training_in_place', 75, 'inplace')
def works_in_place(node):
    """Once the rest of the graph is settled, an op may overwrite the inputs that its outputs begin with."""
    if isinstance(node.op, Overwriting) and not node.op.in_place and node.op.overwritten:
        return node.op.overwriting()(*node.inputs, return_list=True)
