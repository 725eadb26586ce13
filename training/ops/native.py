"""What ops with C code have in common, and whether they can be used here."""
from __future__ import absolute_import, division

import hashlib
import os

import theano
from theano import gof, tensor

_FOLDER = os.path.dirname(os.path.abspath(__file__))


def available():
    """Whether ops with C code may stand in a graph: there is a compiler, and Theano computes on the CPU."""
    return bool(theano.config.cxx) and theano.config.device.startswith('cpu') and theano.config.floatX == 'float32'


class NativeOp(gof.OpenMPOp):
    """An op in C, from headers beside this file and a few lines that call them.

    Attributes
    ----------
    headers : tuple of str
        Their file names, in the order in which they are needed.
    """

    headers = ()
    __props__ = ()

    def perform(self, node, inputs, outputs):
        raise NotImplementedError('%s has C code only: use its twin' % self)

    def c_compile_args(self):
        return super(NativeOp, self).c_compile_args() + [
            '-O3', '-fopenmp-simd', '-fno-math-errno', '-fno-trapping-math', '-Wno-psabi']

    def c_support_code(self):
        return u'\n'.join(_source(name) for name in ('common.h',) + self.headers)

    def c_support_code_struct(self, node, name):
        return 'Workspace workspace;'

    def c_code_cache_version(self):
        return 1, hashlib.sha256(self.c_support_code().encode('ascii')).hexdigest(), self.code

    def c_code(self, node, name, inputs, outputs, sub):
        """`code`, with %(i0)s, ... for the inputs, %(o0)s, ... for the outputs, and %(fail)s."""
        words = {'i%d' % number: variable for number, variable in enumerate(inputs)}
        words.update(('o%d' % number, variable) for number, variable in enumerate(outputs))
        words.update(self.words(node, inputs, outputs), fail=sub['fail'])
        return '{ %s }' % (self.code % words)

    def words(self, node, inputs, outputs):
        """More words for `code`, given the C names of the inputs and outputs."""
        return {}


def _source(name):
    with open(os.path.join(_FOLDER, name), 'rb') as handle:
        return handle.read().decode('ascii')


def float32(variable):
    """The variable as Theano tensor; refused where it is not float32."""
    variable = tensor.as_tensor_variable(variable)
    if variable.dtype != 'float32':
        raise TypeError('%s is %s, but float32 is needed' % (variable, variable.dtype))
    return variable
