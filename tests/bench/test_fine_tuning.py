"""bench/fine_tuning.py: which pictures it chooses."""
from __future__ import absolute_import

import numpy as np
import pytest

from bench import fine_tuning
from common.errors import UserError
from datasets.images import Dataset, Images


def numbered(first, count):
    """Images whose pixels are their numbers, of seven classes in turn."""
    numbers = np.arange(first, first + count)
    return Images(numbers.reshape(-1, 1, 1, 1).repeat(3, 3), (numbers % 7).astype(np.uint8))


@pytest.fixture
def data():
    return Dataset('numbers', numbered(0, 700), numbered(700, 70), numbered(1000, 7000), list(u'abcdefg'))


def test_few_of_each_class_and_a_tenth_of_them_to_validate(data):
    few = fine_tuning.few(data, 5, 40, seed=1)
    assert few.class_names == [u'a', u'b', u'c', u'd', u'e']
    for part, count in ((few.train, 36), (few.valid, 4), (few.test, fine_tuning.TESTED)):
        assert np.bincount(part.labels).tolist() == [count] * 5
        assert (part.images[:, 0, 0, 0] % 7 == part.labels).all()
    drawn = np.concatenate([few.train.images, few.valid.images])[:, 0, 0, 0]
    assert len(set(drawn)) == 200 and drawn.max() < 700


def test_another_seed_draws_others(data):
    first, again, other = [fine_tuning.few(data, 5, 40, seed).train.images for seed in (1, 1, 2)]
    assert (first == again).all() and (first != other).any()


def test_too_few():
    with pytest.raises(UserError) as refused:
        fine_tuning.main(['--data-dir=x', '--out=x.json', '--pictures=9'])
    assert 'from 10 to 4000' in str(refused.value)


def test_the_others_have_none_of_the_few(data):
    others, few = fine_tuning.others(data, 5), fine_tuning.few(data, 5, 40, seed=1)
    for part, chosen in ((others.train, few.train), (others.valid, few.valid), (others.test, few.test)):
        assert set(part.labels) == {5, 6} and len(part.images) == len(part.labels)
        assert (part.images[:, 0, 0, 0] % 7 == part.labels).all() and not set(part.labels) & set(chosen.labels)
    assert len(others.class_names) != len(few.class_names)      # so that fine-tuning has a new last layer


def test_others_of_a_set_that_no_network_has_seen():
    with pytest.raises(UserError) as refused:
        fine_tuning.main(['--data-dir=x', '--out=x.json', '--dataset=mnist', '--others'])
    assert '--others is for cifar10' in str(refused.value)
