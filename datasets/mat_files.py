"""Arrays of numbers from MATLAB's files, version 5, which are not trusted.

    with open_regular('train_32x32.mat') as handle:
        describe(handle)                            # {'X': (32, 32, 3, 73257), 'y': (73257, 1)}
        read(handle, ['X', 'y'], largest=2 ** 30)   # name to array

The form is MathWorks' "MAT-File Format". SciPy's reader is not used: its C code uses the types that a file names as
indices into a table, so a damaged byte ends the process.
"""
from __future__ import absolute_import, division

import io
import struct

import numpy as np

from common.npz import TooLarge, exactly
from datasets.readers import Inflated, Part

_ORDERS = {b'\x00\x01IM': '<', b'\x01\x00MI': '>'}      # how version and byte order end a file's first 128 bytes
_TYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8', 12: 'i8', 13: 'u8'}    # as stored
_CLASSES = {6: 'f8', 7: 'f4', 8: 'i1', 9: 'u1', 10: 'i2', 11: 'u2', 12: 'i4', 13: 'u4', 14: 'i8', 15: 'u8'}
_INT8, _INT32, _UINT32, _MATRIX, _COMPRESSED = 1, 5, 6, 14, 15
_COMPLEX = 0x0800                       # in the flags, whose lowest byte is the class
_MOST = 1024                            # bytes of flags, of dimensions and of a name


def describe(handle):
    """The arrays of a file.

    Parameters
    ----------
    handle : binary file

    Returns
    -------
    dict of str to tuple
        Name to shape; () for anything but an array of numbers.

    Raises
    ------
    ValueError
        The file is of another kind, or damaged.
    """
    return {name: shape if number else () for name, shape, number, _ in _variables(handle)}


def read(handle, wanted, largest):
    """Arrays of numbers of a file.

    Parameters
    ----------
    handle : binary file
    wanted : sequence of str
    largest : int
        Bytes of each.

    Returns
    -------
    dict of str to array

    Raises
    ------
    common.npz.TooLarge
    ValueError
        The file is damaged, or lacks an array.
    """
    result = {}
    for name, shape, number, values in _variables(handle):
        if name in wanted:
            if not number:
                raise ValueError('%s is no array of real numbers' % name)
            result[name] = _numbers(values, shape, np.dtype(number), largest)
    lacking = [name for name in wanted if name not in result]
    if lacking:
        raise ValueError('there is no %s' % lacking[0])
    return result


def _variables(handle):
    """Name, shape, kind of number or None, and elements of each variable; read the elements before the next variable."""
    handle.seek(0, 2)
    length = handle.tell()
    handle.seek(0)
    order = _ORDERS.get(handle.read(128)[124:])
    if order is None:
        raise ValueError('no such file, or of another version')
    while handle.tell() < length:
        kind, variable = _element(handle, order)
        end, stream = handle.tell() + variable.left, variable
        if end > length:
            raise ValueError('it is cut short')
        if kind == _COMPRESSED:
            stream = Inflated(variable)
            kind, variable = _element(stream, order)
        if kind == _MATRIX:
            elements = _Elements(variable, order)
            flags = elements.array((_UINT32,))
            shape = tuple(elements.array((_INT32,)).tolist())
            name = str(elements.array((_INT8,)).tobytes().decode('ascii'))
            if len(flags) != 2 or not 2 <= len(shape) <= 32 or min(shape) < 0:
                raise ValueError('a variable without a shape')
            number = None if flags[0] & _COMPLEX else _CLASSES.get(int(flags[0]) & 0xff)
            yield name, shape, number, elements
        stream.read(1)      # a checksum follows the compressed data
        handle.seek(end)


def _numbers(elements, shape, dtype, largest):
    count = 1
    for length in shape:        # not numpy's product, which could overflow
        count *= length
    if count * dtype.itemsize > largest:
        raise TooLarge('%d bytes, more than the %d that are read' % (count * dtype.itemsize, largest))
    values = elements.array(_TYPES, count, largest)
    with np.errstate(invalid='ignore'):
        return values.astype(dtype, copy=False).reshape(shape, order='F')


class _Elements(object):
    """A variable's elements, one after another."""

    def __init__(self, stream, order):
        self._stream, self._order = stream, order

    def array(self, kinds, count=None, most=_MOST):
        """The numbers of the next element, which must be of one of these kinds, and `count` of them if given."""
        kind, content = _element(self._stream, self._order)
        size = content.left
        if kind not in kinds:
            raise ValueError('an element of type %d' % kind)
        dtype = np.dtype(self._order + _TYPES[kind])
        if size > most or size % dtype.itemsize or count not in (None, size // dtype.itemsize):
            raise ValueError('an element of %d bytes' % size)
        values = exactly(content, size).view(dtype)
        if not content.within:
            self._stream.read(-size % 8)
        return values


def _element(stream, order):
    """Type and content of the next element; where that is four bytes at most, it may lie within the first eight."""
    head = stream.read(8)
    kind, size = struct.unpack(order + 'II', head)
    if kind >> 16:
        if kind >> 16 > 4:
            raise ValueError('an element of a form that there is not')
        content = Part(io.BytesIO(head[4:]), kind >> 16)
    else:
        content = Part(stream, size)
    content.within = kind >> 16 > 0     # there is no padding behind it
    return kind & 0xffff, content
