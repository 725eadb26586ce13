"""A layer's integers as the 64-bit words of its processing elements' memories, and back.

    words = pack(matrix, pe, simd, bits)                # words[p]: the weight memory of processing element p
    unpack(words, matrix.shape[1], simd, bits)          # the matrix again
    words = pack_thresholds(thresholds, pe)
    unpack_thresholds(words, thresholds.shape[1])

Row r of a layer belongs to processing element r % PE, as its (r // PE)-th. A weight word holds SIMD neighbouring
columns of one row, the first in the lowest bits; a threshold word holds one step. (The overlay's specification.)
"""
from __future__ import absolute_import, division

import numpy as np


def pack(matrix, pe, simd, bits):
    """The weight memories of a layer.

    Parameters
    ----------
    matrix : array of int, shape (rows, columns)
        `rows` a multiple of `pe`, `columns` of `simd`. Values: -1 and +1 where `bits` is 1, else
        -2**(bits-1) to 2**(bits-1) - 1.
    pe, simd, bits : int
        Processing elements, columns in a word, bits of a weight (at most 8); simd * bits is at most 64.

    Returns
    -------
    array of uint64, shape (pe, words)
    """
    rows, columns = matrix.shape
    fields = matrix > 0 if bits == 1 else matrix.astype(np.uint8) & (2 ** bits - 1)
    fields = fields.reshape(rows, columns // simd, simd)
    words = np.zeros(fields.shape[:2], np.uint64)
    for position in range(simd):
        words |= fields[:, :, position].astype(np.uint64) << np.uint64(position * bits)
    return _deal(words, pe)


def unpack(words, columns, simd, bits):
    """The matrix that :func:`pack` packed; bits of a word beyond simd * bits are ignored.

    Parameters
    ----------
    words : array of uint64, shape (pe, words)
    columns, simd, bits : int

    Returns
    -------
    array of int8, shape (rows, columns)
    """
    words = _collect(words, columns // simd)
    fields = np.empty(words.shape + (simd,), np.int8)
    for position in range(simd):
        fields[:, :, position] = words >> np.uint64(position * bits) & np.uint64(2 ** bits - 1)
    matrix = fields.reshape(len(words), columns)
    if bits == 1:
        return 2 * matrix - 1
    sign = np.int8(2 ** (bits - 1) - 2 ** bits)     # the sign bit's value; xor and subtract extend it
    return (matrix ^ sign) - sign


def pack_thresholds(thresholds, pe):
    """The threshold memories of a layer.

    Parameters
    ----------
    thresholds : array of int64, shape (rows, steps)
        `rows` a multiple of `pe`; a row's steps in rising order.
    pe : int

    Returns
    -------
    array of int64, shape (pe, rows / pe * steps)
    """
    return _deal(thresholds, pe)


def unpack_thresholds(words, steps):
    """The thresholds that :func:`pack_thresholds` packed: int64, shape (rows, steps)."""
    return _collect(words, steps)


def _deal(rows, pe):
    """Row r to processing element r % pe: (rows, n) becomes (pe, rows / pe * n)."""
    count, length = rows.shape
    return rows.reshape(count // pe, pe, length).swapaxes(0, 1).reshape(pe, count // pe * length)


def _collect(memories, length):
    """What `_deal` dealt, rows of `length` words in their order."""
    pe = len(memories)
    return memories.reshape(pe, -1, length).swapaxes(0, 1).reshape(-1, length)
