"""The ops that training spends its time in: in C where that can be compiled and run, else in plain Theano.

    from training import ops
    out = ops.conv(x, W, b)

Each op is a module: its formula and gradient, a twin in plain Theano (``conv_twin``) and the op whose work is the C
function of the same name in c/ (``conv_native``); both take the same arguments. On a GPU the twins are used, and gpu.py for
what would be many small kernels. Images are (N, rows, columns, channels).
"""
from __future__ import absolute_import

import theano

from training.ops import adam as _adam, batch_norm as _batch_norm, conv as _conv, dense as _dense
from training.ops import dropout as _dropout, max_pool as _max_pool
from training.ops.native import as_floats, available, on_a_gpu  # noqa: F401


def _either(native, twin):
    """The function that calls the one that can be used when a graph is built."""
    def call(*arguments, **options):
        return (native if available() else twin)(*arguments, **options)
    call.__name__, call.__doc__ = twin.__name__[:-len('_twin')], twin.__doc__
    return call


def _one_by_one(parameters, rate):
    """One step of Adam for many parameters: the new values of what it changes of each.

    Parameters
    ----------
    parameters : list of tuples (state, gradient, quantized)
        state: parameter, mean, variance, and where it is quantised its digits; quantized: (scale, bits), or None.
    rate : float32 scalar
    """
    return [adam_quantized(state[0], gradient, state[1], state[2], rate, state[3], *quantized) if quantized else
            adam(state[0], gradient, state[1], state[2], rate) for state, gradient, quantized in parameters]


def _or_on_a_gpu(name, otherwise):
    """The function that calls gpu.py's of that name where Theano computes on a GPU."""
    def call(*arguments):
        if on_a_gpu():
            from training.ops import gpu       # imports Theano's GPU backend
            return getattr(gpu, name)(*arguments)
        return otherwise(*arguments)
    call.__name__, call.__doc__ = name, otherwise.__doc__
    return call


adam = _either(_adam.adam_native, _adam.adam_twin)
adam_quantized = _either(_adam.adam_quantized_native, _adam.adam_quantized_twin)
adam_of_all = _or_on_a_gpu('adam_of_all', _one_by_one)
batch_norm = _either(_batch_norm.batch_norm_native, _batch_norm.batch_norm_twin)
conv = _either(_conv.conv_native, _conv.conv_twin)
dense = _either(_dense.dense_native, _dense.dense_twin)
dropout = _or_on_a_gpu('dropout', _either(_dropout.dropout_native, _dropout.dropout_twin))
max_pool = _either(_max_pool.max_pool_native, _max_pool.max_pool_twin)
normalize = _either(_batch_norm.normalize_native, _batch_norm.normalize_twin)
next_step = _or_on_a_gpu('next_step', _dropout.next_step)
averages = _or_on_a_gpu('averages', _batch_norm.averages)


def mode():
    """Theano's mode for a training step; None is its default.

    Max pools' gradients on a GPU are Theano's own kernel: each of several equal maxima, frequent where sums are whole
    numbers, gets the gradient, as everywhere here. cuDNN does not say what it does then.
    """
    return theano.compile.get_default_mode().excluding('local_gpua_pool_dnn_grad_stride') if on_a_gpu() else None


def shared(value, name=None):
    """A shared variable where the network is: on a GPU also a scalar, which would be copied there in each step."""
    return theano.shared(value, name, **({'target': None} if on_a_gpu() else {}))
