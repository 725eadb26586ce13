"""What training spends its time in: ops with C code where that can be compiled and run, else in plain Theano.

    from training import ops
    out = ops.conv(x, W, b)

Each op is a module: its formula and gradient, a twin in plain Theano (``conv_twin``) and the op whose work is the C
function of the same name in c/ (``conv_native``); both are called alike. Images are (N, rows, columns, channels) here.
"""
from __future__ import absolute_import

from training.ops import adam as _adam, batch_norm as _batch_norm, conv as _conv, dense as _dense
from training.ops import dropout as _dropout, max_pool as _max_pool
from training.ops.native import as_floats, available  # noqa: F401


def _either(native, twin):
    """The function that calls one of the two, as can be when a graph is built."""
    def call(*arguments, **options):
        return (native if available() else twin)(*arguments, **options)
    call.__name__, call.__doc__ = twin.__name__[:-len('_twin')], twin.__doc__
    return call


adam = _either(_adam.adam_native, _adam.adam_twin)
adam_quantized = _either(_adam.adam_quantized_native, _adam.adam_quantized_twin)
batch_norm = _either(_batch_norm.batch_norm_native, _batch_norm.batch_norm_twin)
conv = _either(_conv.conv_native, _conv.conv_twin)
dense = _either(_dense.dense_native, _dense.dense_twin)
dropout = _either(_dropout.dropout_native, _dropout.dropout_twin)
max_pool = _either(_max_pool.max_pool_native, _max_pool.max_pool_twin)
normalize = _either(_batch_norm.normalize_native, _batch_norm.normalize_twin)
