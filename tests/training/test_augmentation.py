"""Shifted and mirrored images."""
from __future__ import absolute_import

import numpy as np
import pytest

from training.augmentation import augment

GREY = np.arange(500 * 6 * 5).reshape(500, 6, 5)
COLOUR = np.arange(500 * 6 * 5 * 3).reshape(500, 6, 5, 3)


def moved(image, down, right, mirrored):
    """One image, pixel by pixel: what is outside has the value at the edge."""
    result = np.empty_like(image)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            result[row, column] = image[min(max(row + down, 0), 5), min(max(column + right, 0), 4)]
    return result[:, ::-1] if mirrored else result


@pytest.mark.parametrize('images', [GREY, COLOUR], ids=['grey', 'colour'])
@pytest.mark.parametrize('shift, mirrored', [(1, False), (2, True), (0, True)])
def test_every_move_comes(images, shift, mirrored):
    moves = [(down, right, flip) for down in range(-shift, shift + 1) for right in range(-shift, shift + 1)
             for flip in ((False, True) if mirrored else (False,))]
    found = set()
    for before, after in zip(images, augment(images, np.random.RandomState(1), shift, mirrored)):
        matching = [move for move in moves if (moved(before, *move) == after).all()]
        assert len(matching) == 1
        found.update(matching)
    assert found == set(moves)


def test_nothing_to_do():
    """Then nothing is drawn, and the original's random numbers stay what they are."""
    random = np.random.RandomState(1)
    assert augment(GREY, random) is GREY
    assert random.randint(10 ** 6) == np.random.RandomState(1).randint(10 ** 6)


def test_kind_and_reproducibility():
    images = COLOUR.astype(np.uint8)
    first, second = (augment(images, np.random.RandomState(7), 2, True) for _ in range(2))
    assert first.dtype == np.uint8 and (first == second).all()
