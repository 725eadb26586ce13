"""Packing: where each bit goes, and that unpacking is its inverse for any shape and precision."""
from __future__ import absolute_import, division

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weights_gen import packing


@st.composite
def foldings(draw):
    """PE, SIMD, bits, rows and columns that fit together, and a seed."""
    bits = draw(st.integers(1, 8))
    simd = draw(st.integers(1, 64 // bits))
    pe = draw(st.integers(1, 40))
    rows = pe * draw(st.integers(1, 5))
    columns = simd * draw(st.integers(1, 5))
    return pe, simd, bits, rows, columns, draw(st.integers(0, 2 ** 32 - 1))


def random_matrix(bits, rows, columns, seed):
    random = np.random.RandomState(seed)
    if bits == 1:
        return random.choice([-1, 1], (rows, columns)).astype(np.int8)
    return random.randint(-2 ** (bits - 1), 2 ** (bits - 1), (rows, columns)).astype(np.int8)


@given(foldings())
@settings(deadline=None)
def test_unpacking_gives_the_matrix_back(folding):
    pe, simd, bits, rows, columns, seed = folding
    matrix = random_matrix(bits, rows, columns, seed)
    words = packing.pack(matrix, pe, simd, bits)
    assert words.dtype == np.uint64 and words.shape == (pe, rows // pe * columns // simd)
    unpacked = packing.unpack(words, columns, simd, bits)
    assert unpacked.dtype == np.int8
    assert np.array_equal(unpacked, matrix)


@given(foldings(), st.data())
@settings(deadline=None)
def test_each_weight_is_where_the_overlay_reads_it(folding, data):
    pe, simd, bits, rows, columns, seed = folding
    matrix = random_matrix(bits, rows, columns, seed)
    words = packing.pack(matrix, pe, simd, bits)
    row, column = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    word = int(words[row % pe, row // pe * (columns // simd) + column // simd])
    field = word >> column % simd * bits & 2 ** bits - 1
    assert field == (matrix[row, column] > 0 if bits == 1 else int(matrix[row, column]) % 2 ** bits)
    assert word >> simd * bits == 0


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2 ** 32 - 1))
@settings(deadline=None)
def test_thresholds_come_back(pe, per_element, steps, seed):
    thresholds = np.random.RandomState(seed).randint(-2 ** 40, 2 ** 40, (pe * per_element, steps)).astype(np.int64)
    words = packing.pack_thresholds(thresholds, pe)
    assert words.shape == (pe, per_element * steps)
    assert np.array_equal(packing.unpack_thresholds(words, steps), thresholds)


def test_weights_by_hand():
    matrix = np.array([[1, -1, 1, 1], [-1, -1, -1, 1], [1, 1, -1, -1], [-1, 1, 1, -1]])
    assert packing.pack(matrix, 2, 2, 1).tolist() == [[1, 3, 3, 0],     # rows 0 and 2
                                                      [0, 2, 2, 1]]     # rows 1 and 3
    matrix = np.array([[1, -1, 0, -2]])
    assert packing.pack(matrix, 1, 4, 2).tolist() == [[int('10001101', 2)]]


def test_thresholds_by_hand():
    thresholds = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])
    assert packing.pack_thresholds(thresholds, 2).tolist() == [[1, 2, 5, 6], [3, 4, 7, 8]]


def test_the_top_bit_of_a_full_word():
    matrix = -np.ones((1, 64), np.int8)
    matrix[0, 63] = 1
    assert packing.pack(matrix, 1, 64, 1).tolist() == [[2 ** 63]]
