"""Intervals compared with published values; precision and recall of a small matrix."""
from __future__ import absolute_import, division

import pytest
from hypothesis import given, strategies

from common import statistics


@pytest.mark.parametrize('right, count, low, high', [       # R. G. Newcombe, Statistics in Medicine 17 (1998), table I
    (81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0., 16.11), (1, 29, .61, 17.18)])
def test_the_interval_is_wilsons(right, count, low, high):
    assert statistics.wilson(right, count) == pytest.approx((low, high), abs=.005)


@given(strategies.integers(1, 10000), strategies.data())
def test_the_share_lies_in_its_interval(count, data):
    right = data.draw(strategies.integers(0, count))
    low, high = statistics.wilson(right, count)
    assert 0 <= low <= 100 * right / count + 1e-9 and 100 * right / count - 1e-9 <= high <= 100


def test_a_few_images_allow_one_decimal():
    assert [statistics.decimals(count) for count in (12, 4999, 5000, 10000)] == [1, 1, 2, 2]


def test_precision_and_recall():
    one, other, none = statistics.by_class([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    assert (one.images, one.right, one.answered) == (4, 3, 5) and (other.images, other.answered) == (6, 5)
    assert statistics.share(one.right, one.images) == 75 and statistics.share(none.right, none.answered) is None
