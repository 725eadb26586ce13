"""The fast training compared with the plain graph of training/plain.py: same start, same data, no dropout.

Small networks with all kinds of layers; in long tests, the overlays' five networks.
"""
from __future__ import absolute_import, division

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from common.errors import UserError
from common.overlays import OVERLAYS
from tests.shared import ROOT
from tests.training import reference, runs, small
from training import compiling, learning, networks, plain
from weights_gen import parameters

RATE = .003
ROUNDING = 1e-5         # error of a gradient, relative to its layer's root mean square

LFC, CNV = small.OVERLAYS[1:3]
ONCE = pytest.param(LFC, marks=pytest.mark.once)     # test_learning.py compares with numpy on each Python
OTHERS = [pytest.param(overlay, marks=pytest.mark.thorough) for overlay in small.OVERLAYS if overlay not in (LFC, CNV)]
FULL_SIZE = [pytest.param(overlay, marks=pytest.mark.long, id='full-size-' + overlay.name) for overlay in OVERLAYS.values()]


def classes(overlay):
    return 10 if overlay in OVERLAYS.values() else small.CLASSES


class Twins(object):
    """Fast ("product") and plain graph of one small network, and a way to restart both from the same parameters."""

    def __init__(self, overlay):
        self.overlay = overlay
        self.network = networks.build(overlay, classes(overlay), np.random.RandomState(0))
        self.product = learning.Learner(self.network)
        with compiling.side_by_side():      # as the product does: g++ takes half of these tests' time
            self.plain = plain.Learner(overlay, classes(overlay), np.random.RandomState(0))
        self.start = [(variable, variable.get_value()) for variable in self.product.states + self.plain.states]

    def restart(self, parameters):
        for variable, value in self.start:
            variable.set_value(value)
        networks.set_parameter_values(self.network, parameters)
        for variable, value in zip(plain.saved(self.plain.layers), parameters):
            variable.set_value(value)


@pytest.fixture(scope='module')
def twins_of():
    made = {}

    def get(overlay):
        if overlay not in made:
            made[overlay] = Twins(overlay)
        return made[overlay]
    return get


@pytest.mark.parametrize('overlay', [ONCE, pytest.param(CNV, marks=pytest.mark.once)] + OTHERS + FULL_SIZE,
                         ids=lambda overlay: overlay.name)
def test_first_step(twins_of, overlay):
    twins, random = twins_of(overlay), np.random.RandomState(11)
    parameters = small.random_parameters(overlay, random, classes(overlay))
    twins.restart(parameters)
    images, labels = small.batch(overlay, random, classes=classes(overlay))
    np.testing.assert_allclose(twins.product.outputs(images), twins.plain.outputs(images), rtol=1e-5, atol=1e-5)
    losses = [learner.train(images, labels, RATE) for learner in (twins.product, twins.plain)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)

    moments = {parameter: mean.get_value() for adam in (twins.product.weights_adam, twins.product.others_adam)
               for parameter, mean in zip(adam.parameters, adam.means)}
    scales = {layer.W: layer.learning_rate_scale for layer in networks.lasagne.layers.get_all_layers(twins.network)
              if hasattr(layer, 'learning_rate_scale')}
    names = [name for layer in reference.layer_names(overlay) for name in layer]
    real = networks.lasagne.layers.get_all_params(twins.network)
    undecided = 0
    for name, variable, other in zip(names, real, plain.saved(twins.plain.layers)):
        value, expected = variable.get_value(), other.get_value()
        close = np.isclose(value, expected, rtol=1e-5, atol=1e-5)
        if name == 'b':         # batch norm cancels it: its gradient is 0 but for rounding
            assert (close | (np.abs(value - expected) < 3 * RATE)).all()
        elif not close.all():
            gradient, scale = np.abs(moments[variable]), RATE * scales.get(variable, 1)
            strayed = np.abs(value - expected) * gradient       # Adam's step has the same relative error as its gradient
            assert (strayed[~close] < scale * ROUNDING * np.sqrt(np.mean(gradient ** 2))).all()
            undecided += np.sum(~close)
    assert undecided < 2e-3 * sum(variable.get_value().size for variable in real)


def losses_of(learner, batches, permutations=None):
    """The loss of each step; `permutations` reorders the images of each batch, which changes only rounding."""
    result = []
    for images, labels in batches:
        order = slice(None) if permutations is None else permutations.permutation(len(labels))
        result.append(learner.train(images[order], labels[order], RATE))
    return np.array(result)


def nudged(parameters, random):
    """Parameters with the last bit of a tenth of their numbers changed."""
    return [np.where(random.uniform(size=array.shape) < .1, np.nextafter(array, np.float32(2)), array)
            for array in parameters]


@pytest.mark.parametrize('overlay', [ONCE, pytest.param(CNV, marks=pytest.mark.thorough)] + FULL_SIZE,
                         ids=lambda overlay: overlay.name)
def test_hundred_steps(twins_of, overlay):
    """Binarised networks amplify the last bit, so the tolerance is how far the plain graph strays from itself."""
    twins, random = twins_of(overlay), np.random.RandomState(5)
    parameters = small.random_parameters(overlay, random, classes(overlay))
    batches = [small.batch(overlay, random, classes=classes(overlay)) for _ in range(100)]
    twins.restart(parameters)
    expected = losses_of(twins.plain, batches)
    strays = []
    for seed in range(4):
        permutations = np.random.RandomState(seed)
        twins.restart(nudged(parameters, permutations))
        strays.append(np.abs(losses_of(twins.plain, batches, permutations) - expected))
    twins.restart(parameters)
    real = np.abs(losses_of(twins.product, batches) - expected)
    allowed = np.max(strays, 0)
    assert real[0] < 1e-5 * expected[0]
    for part in (slice(1, 50), slice(50, 100)):
        assert real[part].mean() <= 2 * allowed[part].mean() + 1e-6


@pytest.mark.thorough
def test_the_script_trains_from_the_first_line_to_parameters_that_weights_gen_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(str(tmp_path))
    assert plain.main(['--net=lfc', '--dataset=digits', '--epochs=2']) is None
    printed = capsys.readouterr()[0]
    assert 'Epoch 2 of 2' in printed and float(re.findall('test error ([0-9.]+)%', printed)[-1]) < 30
    assert parameters.classes(parameters.read('digits-1w-1a.npz', OVERLAYS['lfcW1A1'])) == 10


@pytest.mark.parametrize('changes, message', [
    ({'DEVICE': 'tpu'}, 'DEVICE=tpu: give cpu or cuda'), ({'THEANO_FLAGS': 'device=gpu'}, 'write device = cuda'),
    ({'PATH': '/nowhere'}, 'no C++ compiler (g++)')])
def test_the_script_says_in_one_line_what_cannot_be_configured(changes, message):
    process = subprocess.Popen([sys.executable, '-m', 'training.plain'], cwd=ROOT, env=dict(os.environ, **changes),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, said = [text.decode('utf-8') for text in process.communicate()]
    assert (process.returncode, output, said.count('\n')) == (1, '', 1) and message in said


def test_the_script_needs_a_batch(tmp_path, monkeypatch):
    """No batches would be a loss that is not a number, and random weights the best so far."""
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.setattr(plain.registry, 'load', lambda *arguments: runs.dataset())
    with pytest.raises(UserError) as caught:
        plain.main(['--net=lfc', '--dataset=digits', '--epochs=1'])
    assert str(caught.value) == '23 training images fill no batch of 100'
