"""Make Theano work on every numpy, and import Lasagne of either version: the released 0.1, the documents' 0.2.dev1.

    from training.compatibility import lasagne

Lasagne 0.1 imports ``theano.tensor.signal.downsample``, which Theano 1.0 has dropped in favour of
``theano.tensor.signal.pool``; a module of the old name with the one function that is asked for is enough.
"""
from __future__ import absolute_import

import sys
import types
import warnings

import theano
import theano.tensor.signal
from theano import gof
from theano.tensor.nnet import corr
from theano.tensor.signal import pool

from training.removed import restore_in_theano

restore_in_theano()

_OLD_NAME = 'theano.tensor.signal.downsample'

if _OLD_NAME not in sys.modules:
    _downsample = types.ModuleType(_OLD_NAME)
    _downsample.max_pool_2d = pool.pool_2d
    sys.modules[_OLD_NAME] = theano.tensor.signal.downsample = _downsample

with warnings.catch_warnings():
    warnings.filterwarnings('ignore', message='pkg_resources')      # by which Lasagne 0.1 finds its version
    import lasagne  # noqa: E402 (it can only be imported now)
    import lasagne.layers  # noqa: E402, F401


if not theano.config.blas.ldflags:
    # Theano's stand-in for a BLAS calls numpy, which only one thread may do at a time; its convolutions call it from all.
    def _on_one_thread(op, *arguments, **options):
        _convolution(op, *arguments, **dict(options, openmp=False))

    _convolution, corr.BaseCorrMM.__init__ = corr.BaseCorrMM.__init__, _on_one_thread


class _NoProperties(tuple):
    """An empty tuple that is true."""

    def __bool__(self):
        return True

    __nonzero__ = __bool__      # Python 2's name


def keep_compiled():
    """Let Theano keep what it compiles for ops without properties, such as ScalarFromTensor and the dense layer's.

    Theano 1.0.5 puts an op's ``__props__`` into its version, and takes an empty one for no version at all: it compiles
    such ops at every start, LFC's for ten seconds and more (theano.gof.cc.CLinker.cmodule_key_).
    """
    classes = [gof.Op]
    for op in classes:
        if op.__dict__.get('__props__') == ():
            op.__props__ = _NoProperties()
        classes += op.__subclasses__()
