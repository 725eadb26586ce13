"""Photographs of digits on paper, as LFC reads them: light, shadows, edges, EXIF, neighbouring digits."""
from __future__ import absolute_import, division

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bench import photographs
from board import predict
from board.simulator import Simulator, answers
from common.overlays import OVERLAYS
from datasets import inputs, pictures


@pytest.fixture(scope='module')
def network():
    """The packaged LFC, some digits of its samples, and their labels."""
    with predict.unpacked(photographs.PACKAGE) as (manifest, folder):
        digits = inputs.read(os.path.join(folder, 'samples', 'images-idx3-ubyte'), (28, 28))[:24]
        simulator = Simulator(folder, OVERLAYS[manifest['network']])
    return simulator, digits, answers(simulator.overlay, simulator.scores(digits))


def fitted(data):
    return pictures.fit_photograph(pictures.decode(io.BytesIO(data))[0])


def test_photographs_are_read_as_the_digits_themselves_are(network):
    simulator, digits, expected = network
    random = np.random.RandomState(1)
    images = np.array([fitted(photographs.photograph(digit, random)) for digit in digits])
    got = answers(simulator.overlay, simulator.scores(images))
    assert (got == expected).sum() >= 23, (got, expected)


def drawn(lines, size=(300, 200), paper=220, ink=40):
    picture = Image.new('L', size, paper)
    draw = ImageDraw.Draw(picture)
    for line in lines:
        draw.line(line, fill=ink, width=10)
    return picture


SEVEN = [(120, 50, 180, 50), (180, 50, 140, 150)]


@pytest.mark.parametrize('change', [
    lambda grey: grey, lambda grey: 255 - grey, lambda grey: grey // 3,
    lambda grey: grey * np.linspace(.3, 1, 300),                                        # a gradient of light
    lambda grey: grey * np.where(np.arange(300) < 150, .5, 1),                          # a shadow across the digit
    lambda grey: np.where(np.arange(300) > 290, 10, grey),                              # the table's edge
    lambda grey: np.where((np.arange(300) > 270) & (np.arange(200)[:, None] > 188), 40, grey),     # a distant speck
    lambda grey: np.where((np.arange(300) < 40) & (np.arange(200)[:, None] < 30), 40, grey)])     # part of the next line
def test_what_is_not_the_digit_changes_nothing(change):
    plain = np.array(drawn(SEVEN))
    expected = pictures.fit_photograph(Image.fromarray(plain))
    assert set(np.unique(expected)) == {0, 255} and 40 < (expected == 255).sum() < 120
    got = pictures.fit_photograph(Image.fromarray(np.clip(change(plain.astype(float)), 0, 255).astype(np.uint8)))
    assert (got != expected).sum() <= 14, np.where(got, 1, 0)


def test_parts_of_one_sign_stay_together():
    one = pictures.fit_photograph(drawn([(150, 80, 150, 150), (150, 45, 150, 55)]))        # an i with its dot
    rows = np.flatnonzero(one.any(axis=1))
    assert len(rows) < rows[-1] - rows[0] + 1 == 20
    two = pictures.fit_photograph(drawn([(110, 60, 110, 140), (190, 60, 190, 140)]))         # two of the same size
    assert len(np.flatnonzero(two.any(axis=0))) < 20 == np.ptp(np.flatnonzero(two.any(axis=0))) + 1


def test_threshold_and_inversion_are_obeyed():
    picture = drawn(SEVEN, ink=150)
    assert pictures.fit_photograph(picture).any()
    assert not pictures.fit_photograph(picture, threshold=255, invert='no').all()
    ink = [pictures.fit_photograph(picture, 'yes', threshold).astype(bool).sum() for threshold in (10, 250)]
    assert ink[0] >= ink[1]
    assert not np.array_equal(pictures.fit_photograph(picture, 'yes'), pictures.fit_photograph(picture, 'no'))


def test_blank_paper_has_no_ink():
    assert not pictures.fit_photograph(Image.new('L', (300, 200), 200)).any()


@pytest.mark.parametrize('mask, areas', [
    ([[1, 0, 1], [0, 1, 0], [0, 0, 0]], [3]), ([[1, 1, 0, 1], [0, 0, 0, 1]], [2, 2]), ([[0]], []),
    ([[1, 0, 1], [1, 0, 1], [1, 1, 1]], [7]), ([[1], [0], [1]], [1, 1])])
def test_components(mask, areas):
    labels, boxes, found = pictures.components(np.array(mask, bool))
    assert sorted(found) == sorted(areas) and labels.max() == len(areas)
    for number, (top, left, bottom, right) in enumerate(boxes, 1):
        rows, columns = np.nonzero(labels == number)
        assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (top, left, bottom, right)


@pytest.mark.parametrize('ink, paper', [(40, 220), (10, 240), (230, 30)])
def test_filled_shapes_stay_filled(ink, paper):
    """In even light, paper is not estimated around each stroke, which would take a wide one for paper."""
    picture = Image.new('L', (200, 160), paper)
    ImageDraw.Draw(picture).ellipse([50, 30, 150, 130], fill=ink)
    rows, columns = np.nonzero(pictures.fit_photograph(picture))
    assert len(rows) >= .95 * np.pi * 100 and rows.min() == columns.min() == 4 and rows.max() == columns.max() == 23


@pytest.mark.parametrize('bright', [.5, .1, .9])
def test_otsu_s_share_of_the_variance(bright):
    grey = np.where(np.random.RandomState(0).rand(40, 50) < bright, 200, 20).astype(np.uint8)
    cut, share = pictures.otsu(grey)
    assert 20 < cut <= 200 and abs(share - 1) < 1e-9
    noisy = np.clip(grey + np.random.RandomState(1).normal(0, 15, grey.shape), 0, 255).astype(np.uint8)
    cut, share = pictures.otsu(noisy)
    above = noisy >= cut
    within = sum(((noisy[part] - noisy[part].mean()) ** 2).sum() for part in (above, ~above)) / grey.size
    assert abs(share - (1 - within / noisy.var())) < 1e-6
