"""MATLAB files: those that SciPy writes, and malformed ones."""
from __future__ import absolute_import

import io
import struct
import zlib

import numpy as np
import pytest
from scipy import io as scipy_io

from common import npz
from datasets import mat_files, readers

ARRAYS = {'X': np.random.RandomState(1).randint(0, 256, (4, 5, 3, 7)).astype(np.uint8), 'y': np.arange(7.)[:, None],
          'single': np.float32([[1.5, -2]]), 'small': np.int8([[-1]]), 'more': np.arange(300, dtype=np.int16)[None],
          'empty': np.zeros((0, 0)), 'large': np.array([[2 ** 60]], np.int64)}
OTHERS = {'text': u'some text', 'cell': np.array([[1, u'a']], object), 'struct': {'a': 1.}, 'complex': np.array([[1j]])}


def saved(content, **options):
    stream = io.BytesIO()
    scipy_io.savemat(stream, content, **options)
    return stream.getvalue()


def read(data, wanted, largest=10 ** 6):
    return mat_files.read(io.BytesIO(data), wanted, largest)


@pytest.mark.parametrize('compressed', [False, True])
def test_what_scipy_writes(compressed):
    data = saved(dict(ARRAYS, **OTHERS), do_compression=compressed)
    found = mat_files.describe(io.BytesIO(data))
    assert {name: found[name] for name in ARRAYS} == {name: array.shape for name, array in ARRAYS.items()}
    assert all(found[name] == () for name in OTHERS if name != 'complex')
    result = read(data, sorted(ARRAYS))
    for name, array in ARRAYS.items():
        assert result[name].dtype == array.dtype
        np.testing.assert_array_equal(result[name], array)
    for name in sorted(OTHERS) + ['z']:
        with pytest.raises(ValueError):
            read(data, [name])


def element(order, kind, data):
    return struct.pack(order + 'II', kind, len(data)) + data + b'\0' * (-len(data) % 8)


def variable(order, name, shape, number, kind, data):
    """A variable as MATLAB writes whole numbers: of class double, stored in bytes."""
    return element(order, 14, element(order, 6, struct.pack(order + 'II', number, 0)) + element(
        order, 5, struct.pack(order + '%di' % len(shape), *shape)) + element(order, 1, name) + element(order, kind, data))


@pytest.mark.parametrize('order, end', [('<', b'\0\1IM'), ('>', b'\1\0MI')])
def test_both_byte_orders_and_numbers_stored_as_smaller_ones(order, end):
    data = b'MATLAB'.ljust(124) + end + variable(order, b'y', (3, 1), 6, 4, struct.pack(order + '3H', 1, 2, 300))
    packed = zlib.compress(variable(order, b'x', (1, 2), 6, 2, b'\1\2'))
    data += struct.pack(order + 'II', 15, len(packed)) + packed
    result = read(data, ['y', 'x'])
    assert result['y'].dtype == np.float64 and result['y'].tolist() == [[1], [2], [300]]
    assert result['x'].tolist() == [[1, 2]]


@pytest.mark.parametrize('shape, number, kind, data', [
    ((2, 1), 9, 2, b'\1'), ((-1, 1), 9, 2, b''), ((2,), 9, 2, b'\1\2'), ((1, 1), 9, 0x7fffff09, b'\1'), ((1, 1), 9, 14, b''),
    ((1, 1), 5, 2, b'\1'), ((1, 1), 9, 4, b'\1'), ((2 ** 31 - 1,) * 3 + (0, ), 9, 9, b'\1')])
def test_what_no_writer_would_write(shape, number, kind, data):
    """Including invalid types, with which SciPy's reader would index its tables."""
    whole = b'MATLAB'.ljust(124) + b'\0\1IM' + variable('<', b'y', shape, number, kind, data)
    with pytest.raises(ValueError):
        read(whole, ['y'])


def test_no_more_is_read_than_is_asked_for():
    data = saved({'y': np.zeros((1000, 1000), np.uint8)}, do_compression=True)
    assert read(data, ['y'])['y'].shape == (1000, 1000)
    with pytest.raises(npz.TooLarge):
        read(data, ['y'], 10 ** 6 - 1)
    announced = b'MATLAB'.ljust(124) + b'\0\1IM' + variable('<', b'y', (2 ** 20, 2 ** 20), 9, 2, b'\1')
    assert mat_files.describe(io.BytesIO(announced)) == {'y': (2 ** 20, 2 ** 20)}
    with pytest.raises(npz.TooLarge):
        read(announced, ['y'], 2 ** 30)


@pytest.mark.parametrize('compressed', [False, True])
def test_cut_short_anywhere(compressed):
    data = saved(dict(ARRAYS), do_compression=compressed)
    for end in range(0, len(data), 3):
        with pytest.raises(readers.DAMAGE):
            read(data[:end], sorted(ARRAYS))
