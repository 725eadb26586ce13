"""bench/recipes.py: what it does with earlier results, and its losses."""
from __future__ import absolute_import

import json

import numpy as np
import pytest

from bench import recipes
from common.errors import UserError
from training import removed

ABOUT = {'network': 'lfcW1A1', 'epochs': 2, 'train_size': None}


def test_results_of_the_same_trainings_are_kept(tmpdir):
    path = tmpdir.join('results.json')
    path.write(json.dumps(dict(ABOUT, variants={'original': {'1': {'board': 5.}}})))
    assert recipes.earlier(str(path), ABOUT) == {'original': {'1': {'board': 5.}}}


@pytest.mark.parametrize('text, message', [
    ('[', 'not a file of results'), ('[]', 'not a file of results'), ('{}', 'not a file of results'),
    (json.dumps(dict(ABOUT, epochs=3, variants={})), 'epochs 3')])
def test_other_results_are_not_mixed_in(tmpdir, text, message):
    path = tmpdir.join('results.json')
    path.write(text)
    with pytest.raises(UserError) as refused:
        recipes.earlier(str(path), ABOUT)
    assert message in str(refused.value)


@pytest.fixture(name='theano')
def theano_here(monkeypatch):
    removed.restore()
    monkeypatch.setenv('THEANO_FLAGS', 'blas.ldflags=')     # else it asks numpy, and recent ones do not answer
    return pytest.importorskip('theano', reason='no Theano in this environment: losses are its expressions')


@pytest.mark.usefixtures('theano')
def test_smoothing_is_the_loss_where_a_share_of_targets_is_wrong():
    half, one = np.array([.5]), np.array([1.])
    assert recipes.smoothed(.25)(half, one) == .75 * .25 + .25 * 2.25
    assert recipes.smoothed(0)(half, one) == .25


def test_cross_entropy(theano):
    outputs, targets = np.array([[2., 0, -1], [0, 0, 0]]), np.array([[-1., 1, -1], [1, -1, -1]])
    expected = np.mean([np.log(np.exp([1, 0, -.5]).sum()), np.log(3)])
    loss = recipes.cross_entropy(.5)(theano.tensor.as_tensor_variable(outputs), targets)
    value = theano.function([], loss, mode=theano.Mode('py', None))()     # without g++, which folding constants calls
    assert value == pytest.approx(expected)
