"""Shifted, mirrored and distorted images."""
from __future__ import absolute_import

import numpy as np
import pytest

from datasets.augmentation import augment, elastic_distortions

GREY = np.arange(500 * 6 * 5).reshape(500, 6, 5)
COLOUR = np.arange(500 * 6 * 5 * 3).reshape(500, 6, 5, 3)


def moved(image, down, right, mirrored):
    """One image moved pixel by pixel; outside it, the edge is repeated."""
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
    """Then no random number is drawn, so those of the original recipe stay the same."""
    random = np.random.RandomState(1)
    assert augment(GREY, random) is GREY
    assert random.randint(10 ** 6) == np.random.RandomState(1).randint(10 ** 6)


def test_kind_and_reproducibility():
    images = COLOUR.astype(np.uint8)
    first, second = (augment(images, np.random.RandomState(7), 2, True) for _ in range(2))
    assert first.dtype == np.uint8 and (first == second).all()


def displacements(maps, rows, columns):
    """How far each pixel moves down and right, (2, count, rows, columns)."""
    moved = np.array(np.unravel_index(maps.reshape(-1, rows, columns), (rows, columns)))
    return moved - np.indices((rows, columns))[:, None]


def test_distortions_are_smooth_and_as_large_as_asked():
    found = displacements(elastic_distortions(60, 50, 1.5, np.random.RandomState(3), count=300), 60, 50)
    inside = found[:, :, 10:-10, 10:-10]            # away from the edges
    assert abs(inside.mean()) < .05
    np.testing.assert_allclose(inside.std(), 1.5, rtol=.05)
    assert abs(np.diff(inside, axis=2)).max() <= 2 and abs(np.diff(inside, axis=3)).max() <= 2
    far = np.corrcoef(inside[..., 0].ravel(), inside[..., -1].ravel())[0, 1]
    near = np.corrcoef(inside[..., 0].ravel(), inside[..., 1].ravel())[0, 1]
    assert near > .9 and abs(far) < .1              # neighbours move alike, distant pixels do not
    assert abs(np.corrcoef(inside[0].ravel(), inside[1].ravel())[0, 1]) < .05


@pytest.mark.parametrize('images', [GREY, COLOUR], ids=['grey', 'colour'])
def test_every_distortion_comes(images):
    maps = elastic_distortions(6, 5, 2., np.random.RandomState(3), count=7)
    assert 0 <= maps.min() and maps.max() < 30
    found = set()
    for before, after in zip(images, augment(images, np.random.RandomState(1), distortions=maps)):
        pixels = before.reshape((30, -1))
        matching = [number for number, one in enumerate(maps) if (pixels[one].reshape(before.shape) == after).all()]
        assert len(matching) == 1
        found.update(matching)
    assert found == set(range(7))


def test_distortions_are_reproducible_and_without_size_nothing():
    first, second = (elastic_distortions(28, 28, 1.2, np.random.RandomState(7), count=5) for _ in range(2))
    assert (first == second).all() and len({one.tobytes() for one in first}) == 5
    assert (elastic_distortions(28, 28, 0., np.random.RandomState(7), count=2) == np.arange(784)).all()
