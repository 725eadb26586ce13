"""Why the board differs from training: each cause alone; with all causes undone, nothing differs."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from board import differences, reference, simulator
from board.simulator import answers
from common.overlays import OVERLAYS
from tests.board import networks, runs

COUNT = {'lfc': 100, 'cnv': 12}


def explained(overlay, layers, images, outputs, causes=()):
    """Which images are as trained with some causes undone; the reasons for the others, and for different answers."""
    scores = simulator.engine_for(overlay, differences.undo(overlay, layers, causes))[1](images)[:, :outputs.shape[1]]
    exact = differences.as_trained(overlay, layers, outputs, scores)
    different = ~exact | (answers(overlay, scores) != outputs.argmax(axis=1))
    return exact, set(differences.explain(overlay, layers, images[different], outputs[different], scores[different]))


@pytest.mark.parametrize('name', OVERLAYS)
def test_undone_it_is_the_trained_network(name):
    overlay = OVERLAYS[name]
    layers = runs.layers_of(overlay, negative=True, edges=True)
    images = networks.images(overlay, COUNT[overlay.net], seed=1)
    outputs = runs.trained_outputs(overlay, layers, images)
    assert explained(overlay, layers, images, outputs, differences.CAUSES)[0].all()
    exact, reasons = explained(overlay, layers, images, outputs)
    assert not exact.all() and reasons and 'unknown' not in reasons


@pytest.mark.parametrize('name', OVERLAYS)
@pytest.mark.parametrize('kind, lfc, cnv', [
    ({}, set(), set()),
    ({'edges': True}, {'weight on an edge'}, {'weight on an edge'}),
    ({'negative': True}, {'threshold'}, {'max pooling + threshold', 'threshold', 'max pooling'})])
def test_each_cause_is_found(name, kind, lfc, cnv):
    overlay = OVERLAYS[name]
    layers = runs.layers_of(overlay, seed=4, **kind)
    images = networks.images(overlay, COUNT[overlay.net], seed=2)
    exact, reasons = explained(overlay, layers, images, runs.trained_outputs(overlay, layers, images))
    assert exact.all() == (not kind or name == 'lfcW1A1' and 'negative' in kind)    # W1A1's dense layers never round up
    allowed = lfc | {'no bit set', 'several bits set'} if overlay.net == 'lfc' else cnv
    assert reasons <= allowed


def test_the_rule_of_the_highest_bit():
    overlay = OVERLAYS['lfcW1A1']
    layers = runs.layers_of(overlay)
    outputs = np.float32([[-3, -1, -2], [1, 2, 1], [0, -1, -1]])
    reasons = differences.explain(overlay, layers, networks.images(overlay, 3, 1), outputs, (outputs >= 0).astype(int))
    assert reasons == ['no bit set', 'several bits set', 'several bits set']


def test_scores_that_float32_cannot_tell_apart_are_a_tie():
    overlay = OVERLAYS['cnvW1A1']
    layers = runs.layers_of(overlay)
    layers[-1] = layers[-1]._replace(beta=np.float32(1e6), gamma=np.float32(1e-6))
    images = networks.images(overlay, 12, seed=1)
    outputs = runs.trained_outputs(overlay, layers, images)
    assert (outputs == outputs[0, 0]).all()
    exact, reasons = explained(overlay, layers, images, outputs)
    assert exact.all() and reasons == {'tie'}


def test_what_is_not_known_is_said_to_be():
    for name in ('lfcW1A2', 'cnvW2A2'):
        overlay = OVERLAYS[name]
        images = networks.images(overlay, 12, seed=1)
        outputs = runs.trained_outputs(overlay, runs.layers_of(overlay, seed=9), images)
        exact, reasons = explained(overlay, runs.layers_of(overlay, seed=10), images, outputs)
        assert not exact.any() and reasons == {'unknown'}


def test_one_wrong_score_is_seen():
    for name in OVERLAYS:
        overlay = OVERLAYS[name]
        layers = runs.layers_of(overlay)
        images = networks.images(overlay, 4, seed=1)
        outputs = runs.trained_outputs(overlay, layers, images)
        scores = simulator.engine_for(overlay, differences.undo(overlay, layers))[1](images)[:, :outputs.shape[1]]
        if overlay.net == 'lfc':
            scores[2, 1] = 1 - scores[2, 1]
        else:
            scores[2, 1] += 1
        assert differences.as_trained(overlay, layers, outputs, scores).tolist() == [True, True, False, True]


def test_rounding_of_the_input_never_differs():
    """Every pixel value, as training encodes and quantises it in float32, and as the board reads it."""
    pixels = np.arange(256).astype(np.float32)
    encoded = pixels * np.float32(2 / 255) - np.float32(1)
    inside = np.clip(encoded, np.float32(-1), np.float32(1 - 2. ** -7))
    seen = np.floor((inside + np.float32(1)) * np.float32(128) + np.float32(.5)) / np.float32(128) - np.float32(1)
    np.testing.assert_array_equal(seen * 128, reference.input_values(OVERLAYS['cnvW1A1']))
    np.testing.assert_array_equal(np.where(2 * (pixels / np.float32(255)) - 1 >= 0, 1, -1),
                                  reference.input_values(OVERLAYS['lfcW1A1']))
