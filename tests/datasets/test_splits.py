"""Dividing pictures by class and content: reproducible, and nothing in two parts."""
from __future__ import absolute_import, division

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets import splits

BOTH = ('valid', 'test')


def divide(labels, looks, parts=BOTH):
    return splits.divide(labels, looks, [splits.order(b'%d' % index) for index in range(len(labels))], parts)


@pytest.mark.parametrize('count, share', [(3, 1), (10, 1), (14, 1), (16, 2), (100, 10), (1000, 100)])
def test_a_tenth_of_each_class(count, share):
    parts = divide([0] * count + [1] * count, [b'%d' % index for index in range(2 * count)])
    for some in (parts[:count], parts[count:]):
        assert collections.Counter(some) == {'train': count - 2 * share, 'valid': share, 'test': share}


def test_only_the_parts_that_are_asked_for():
    assert collections.Counter(divide([0] * 20, [b'%d' % index for index in range(20)], ('valid',))) == {
        'train': 18, 'valid': 2}


def test_what_is_there_stays_when_pictures_join():
    looks = [b'%d' % index for index in range(400)]
    small, large = divide([0] * 200, looks[:200]), divide([0] * 400, looks)
    moved = [(before, after) for before, after in zip(small, large) if before != after]
    assert len(moved) < 20
    assert large.count('test') == 40


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=120), st.sampled_from(
    [('valid',), BOTH]))
def test_always(pictures, parts):
    """Pictures that look alike stay together, and each class is in each part; or the class with too few is named."""
    labels = [label for label, _ in pictures]
    looks = [b'%d' % look for _, look in pictures]
    try:
        result = divide(labels, looks, parts)
    except splits.TooFew as few:
        own = {look for label, look in zip(labels, looks) if label == few.label}
        shared = {look for label, look in zip(labels, looks) if label != few.label}
        assert len(own) <= len(parts) or len(own - shared) < len(parts)
        return
    where = collections.defaultdict(set)
    for look, part in zip(looks, result):
        where[look].add(part)
    assert all(len(some) == 1 for some in where.values())
    for label in set(labels):
        assert {part for part, given_label in zip(result, labels) if given_label == label} == set(parts) | {'train'}


def test_many_alike_are_trained_on():
    parts = divide([0] * 100, [b'same'] * 90 + [b'%d' % index for index in range(10)])
    assert set(parts[:90]) == {'train'} and parts.count('test') == parts.count('valid') == 3
