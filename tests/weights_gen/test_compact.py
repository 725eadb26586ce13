"""Trained parameters in less space."""
from __future__ import absolute_import

import os

import numpy as np
import pytest

from common.errors import run
from common.overlays import OVERLAYS
from common.quantizers import OFFSET, PACKED_WEIGHTS, WEIGHTS
from tests.weights_gen.archives import random_layers, save
from weights_gen import compact, parameters

EDGES = np.float32([-1, -.5, 0, .5, 1])


@pytest.mark.parametrize('bits', [1, 2])
def test_training_and_packing_read_the_weights_that_were_packed(bits):
    weights = np.concatenate([np.random.RandomState(bits).uniform(-1, 1, 20000).astype(np.float32), EDGES,
                              np.nextafter(EDGES, np.float32(-2)), np.nextafter(EDGES, np.float32(2))])
    rounded = compact.rounded(weights)
    assert (rounded.dtype, len(np.unique(rounded))) == (np.float32, compact.STEPS)
    assert np.abs(rounded - weights).max() < 1.001 / compact.STEPS
    for quantizer, offset in ((PACKED_WEIGHTS[bits], 0), (WEIGHTS[bits], OFFSET)):
        assert (quantizer(rounded, offset) == PACKED_WEIGHTS[bits](weights)).all()


def test_nothing_else_changes(tmpdir, capsys):
    layers = random_layers(OVERLAYS['cnvW2A2'], outputs=7)
    trained, made = save(tmpdir.join('trained.npz'), layers), str(tmpdir.join('pictures-cnvW2A2.npz'))
    assert run(compact.main, [trained, made]) == 0
    for before, after in zip(layers, parameters.read(made, OVERLAYS['cnvW2A2'])):
        assert (after.weights == compact.rounded(before.weights)).all()
        for field in set(before._fields) - {'weights'}:
            np.testing.assert_array_equal(getattr(after, field), getattr(before, field))
    assert os.path.getsize(made) < os.path.getsize(trained) / 3.5
    assert capsys.readouterr().out == '%s: %d bytes\n' % (made, os.path.getsize(made))


@pytest.mark.parametrize('name, said', [('small.npz', 'does not end in the name of a network: -cnvW1A1.npz, -cnvW1A2.npz'),
                                        ('pictures-lfcW1A1.npz', 'is it of another network?')])
def test_bad_input(tmpdir, capsys, name, said):
    trained = save(tmpdir.join('trained.npz'), random_layers(OVERLAYS['cnvW1A1']))
    assert run(compact.main, [trained, str(tmpdir.join(name))]) == 1
    assert said in capsys.readouterr().err
    assert not tmpdir.join(name).check()
