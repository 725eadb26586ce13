"""What training spends its time in: ops with C code where that can be compiled and run, else in plain Theano.

    from training import ops
    out = ops.conv(x, W, b)

Each comes as two functions of the same arguments, ``conv_native`` and its twin ``conv_twin``, in a module of its own,
which says what it computes. Images are (N, rows, columns, channels) here.
"""
from __future__ import absolute_import

from training.ops import linear, normalization, optimization, pooling, regularization
from training.ops.native import available


def dense(x, W, b=None):
    """See :mod:`training.ops.linear`."""
    return _choose(linear.dense_native, linear.dense_twin)(x, W, b)


def conv(x, W, b=None):
    """See :mod:`training.ops.linear`."""
    return _choose(linear.conv_native, linear.conv_twin)(x, W, b)


def batch_norm(x, gamma, beta, bits=None):
    """See :mod:`training.ops.normalization`."""
    return _choose(normalization.batch_norm_native, normalization.batch_norm_twin)(x, gamma, beta, bits)


def normalize(x, mean, inv_std, gamma, beta, bits=None):
    """See :mod:`training.ops.normalization`."""
    return _choose(normalization.normalize_native, normalization.normalize_twin)(x, mean, inv_std, gamma, beta, bits)


def max_pool(x):
    """See :mod:`training.ops.pooling`."""
    return _choose(pooling.max_pool_native, pooling.max_pool_twin)(x)


def dropout(x, state, p):
    """See :mod:`training.ops.regularization`."""
    return _choose(regularization.dropout_native, regularization.dropout_twin)(x, state, p)


def adam(*arguments, **options):
    """See :mod:`training.ops.optimization`."""
    return _choose(optimization.adam_native, optimization.adam_twin)(*arguments, **options)


def _choose(native, twin):
    return native if available() else twin
