"""Whole training steps compared with the float64 reference: every parameter, both optimisers' state, running averages.

Before each step, the reference takes the learner's state, so rounding errors do not accumulate. The comparison has two
parts: the moments, which are sums of gradients, with the reference's; and the parameters with the result of Adam's formula
on the learner's own moments. (One part is not enough: the gradient of a bias that batch norm cancels is 0, float32 leaves
rounding errors instead, and Adam's division blows them up; likewise wherever a gradient is as small as the rounding errors
of its sum.)

Float32 and float64 can only agree if no value is within rounding of a quantiser's edge: the reference counts such values,
and with these seeds there are none.
"""
from __future__ import absolute_import, division

import numpy as np
import pytest

from board import simulator
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT, OVERLAYS
from tests.training import reference, small
from training import learning, networks, ops
from training.compatibility import lasagne

RATE = .003


class Pair(object):
    """The real learner and the reference, from the same parameters."""

    def __init__(self, overlay, seed, images=40):
        self.overlay, self.images, self.random = overlay, images, np.random.RandomState(seed)
        parameters = small.random_parameters(overlay, self.random)
        self.network = networks.build(overlay, small.CLASSES, np.random.RandomState(0))
        networks.set_parameter_values(self.network, parameters)
        self.learner = learning.Learner(self.network)
        self.reference = reference.Network(overlay, parameters)

    def assert_same_step(self):
        """Take a step, and compare everything that it changed with the reference's."""
        images, labels = small.batch(self.overlay, self.random, self.images)
        before = self.parameters()
        loss = self.learner.train(images, labels, RATE)
        expected = self.reference.step(images, reference.targets_of(labels, small.CLASSES), RATE)
        assert loss == pytest.approx(expected, rel=1e-6)
        first, second, counts = self.moments()
        assert counts == [self.reference.steps] * 2
        after = self.parameters()
        for index, names in enumerate(reference.layer_names(self.overlay)):
            for name in names:
                if name in ('mean', 'inv_std'):
                    assert_close(after[index][name], self.reference.parameters[index][name], 1e-6)
                    continue
                self.assert_same_moments(index, name, first[index][name], second[index][name])
                moved = self.reference.moved(name, before[index][name].astype(np.float64), first[index][name],
                                             second[index][name].astype(np.float64), RATE)
                room = 3e-7 + 1e-5 * np.abs(moved - before[index][name])    # 1 - .999^t in float32 is 1.3e-5 off, t = 1
                assert (np.abs(after[index][name] - moved) <= room).all(), (index, name)
        self.reference.take(after, first, second)
        for real, expected in zip(self.quantised_weights(), self.reference.quantised_weights()):
            np.testing.assert_array_equal(real, expected)

    def assert_same_moments(self, index, name, first, second):
        expected = self.reference.first[index]
        if name == 'b' and not self.overlay.layers[index].pool:     # with equal maxima in a window, the bias counts twice
            assert np.abs(first).max() < 1e-5 * np.abs(expected['W']).max(), index
        else:
            assert_close(first, expected[name], 3e-6, index, name)
            assert_close(second, self.reference.second[index][name], 6e-6, index, name)

    def parameters(self):
        return self.by_layer(networks.parameter_values(self.network))

    def by_layer(self, arrays):
        """Arrays in the archive's order, as one dictionary per layer."""
        arrays = iter(arrays)
        return [{name: next(arrays) for name in names} for names in reference.layer_names(self.overlay)]

    def moments(self):
        """The learner's first and second moments by layer and name, and the two step counts."""
        order = lasagne.layers.get_all_params(self.network)
        moments = [[None] * len(order), [None] * len(order)]
        for adam in (self.learner.weights_adam, self.learner.others_adam):
            for parameter, mean, variance in zip(adam.parameters, adam.means, adam.variances):
                place = order.index(parameter)
                moments[0][place], moments[1][place] = mean.get_value(), variance.get_value()
        counts = [float(adam.count.get_value()) for adam in (self.learner.weights_adam, self.learner.others_adam)]
        return self.by_layer(moments[0]), self.by_layer(moments[1]), counts

    def quantised_weights(self):
        return [layer.digits.get_value() for layer in networks.quantized_layers(self.network)]


def assert_close(real, expected, tolerance, *where):
    """Float32 sums: their rounding errors are relative to the terms, taken to be as large as the largest sum."""
    assert real.dtype == np.float32 and real.shape == expected.shape
    np.testing.assert_allclose(real, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max(), err_msg=str(where))


@pytest.mark.parametrize('overlay', small.OVERLAYS, ids=lambda overlay: overlay.name)
def test_three_steps(overlay):
    pair = Pair(overlay, seed=7)
    before = pair.quantised_weights()
    for real, expected in zip(before, pair.reference.quantised_weights()):
        np.testing.assert_array_equal(real, expected)
    for _ in range(3):
        pair.assert_same_step()
    assert sum(np.sum(old != new) for old, new in zip(before, pair.quantised_weights())) > 3

    images, _ = small.batch(overlay, pair.random, images=7)
    np.testing.assert_allclose(pair.learner.outputs(images), pair.reference.evaluate(images), rtol=0, atol=1e-5)
    assert pair.reference.undecided == 0, 'choose another seed'


@pytest.mark.parametrize('overlay, images', [
    (small.overlay('lfc', 1, 2, small.WIDE), 100), (small.overlay('cnv', 1, 1, small.WIDE), 10),
    (small.overlay('cnv', 2, 2, small.WIDE), 10)], ids=lambda value: getattr(value, 'name', None))
def test_a_step_of_a_wide_network(overlay, images):
    pair = Pair(overlay, seed=5, images=images)
    pair.assert_same_step()
    assert pair.reference.undecided == 0, 'choose another seed'


@pytest.mark.once
@pytest.mark.parametrize('overlay', [small.OVERLAYS[1], pytest.param(small.OVERLAYS[2], marks=pytest.mark.thorough)],
                         ids=lambda overlay: overlay.name)
def test_steps_in_plain_theano(overlay, monkeypatch):
    """This is what other devices than the CPU compute."""
    monkeypatch.setattr(ops, 'available', lambda: False)
    pair = Pair(overlay, seed=7)
    for _ in range(2):
        pair.assert_same_step()
    assert pair.reference.undecided == 0, 'choose another seed'


def test_evaluation_changes_nothing():
    pair = Pair(small.OVERLAYS[0], seed=7)
    before = [variable.get_value() for variable in pair.learner.states]
    images, _ = small.batch(pair.overlay, pair.random)
    first = pair.learner.outputs(images)
    np.testing.assert_array_equal(pair.learner.outputs(images), first)
    np.testing.assert_array_equal(pair.learner.outputs(images[:3]), first[:3])      # no image affects another
    for old, variable in zip(before, pair.learner.states):
        np.testing.assert_array_equal(variable.get_value(), old)


def test_states_are_all_that_training_changes():
    """From the same states two learners do the same, to the bit: dropout, both optimisers, running averages."""
    overlay = small.overlay('lfc', 1, 1)
    learners = []
    for seed in (1, 2):
        learners.append(learning.Learner(networks.build(overlay, small.CLASSES, np.random.RandomState(seed), .2, .5)))
    random = np.random.RandomState(3)
    batches = [small.batch(overlay, random) for _ in range(4)]
    for batch in batches[:2]:
        learners[0].train(*(batch + (RATE,)))
    for source, target in zip(learners[0].states, learners[1].states):
        target.set_value(source.get_value())
    networks.refresh_quantized_weights(learners[1].network)
    losses = [[learner.train(*(batch + (RATE,))) for batch in batches[2:]] for learner in learners]
    assert losses[0] == losses[1]
    for left, right in zip(learners[0].states, learners[1].states):
        np.testing.assert_array_equal(left.get_value(), right.get_value())


def test_dropout_goes_on_drawing():
    """Two steps from the same parameters do not drop the same units."""
    learner = learning.Learner(networks.build(small.overlay('lfc', 1, 1), small.CLASSES, np.random.RandomState(1), .2, .5))
    batch = small.batch(small.overlay('lfc', 1, 1), np.random.RandomState(2))
    losses = {learner.train(batch[0], batch[1], 0.) for _ in range(4)}     # at rate 0 only the averages change
    assert len(losses) == 4


def test_batch_norm_and_biases_learn_as_many_times_as_fast():
    """Adam's first step is as long as its rate; quantised weights take theirs as before."""
    overlay, moved = small.overlay('cnv', 1, 1), []
    batch = small.batch(overlay, np.random.RandomState(2))
    for scale in (1, 10):
        learner = learning.Learner(networks.build(overlay, small.CLASSES, np.random.RandomState(1)), BN_LR_scale=scale)
        optimisers = learner.weights_adam, learner.others_adam
        before = [[variable.get_value() for variable in adam.parameters] for adam in optimisers]
        learner.train(*(batch + (RATE,)))
        moved.append([[variable.get_value() - old for variable, old in zip(adam.parameters, values)]
                      for adam, values in zip(optimisers, before)])
    (weights, others), (same_weights, faster) = moved
    for one, other in zip(weights, same_weights):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(others, faster):
        np.testing.assert_allclose(other, 10 * one, atol=1e-6)
    assert np.abs(faster[-1]).max() > 5 * RATE


@pytest.mark.parametrize('least', [None, .01])
def test_gammas_behind_pools_stay_positive_where_asked_for(least):
    """The board pools activations, training pools sums: they agree only where gamma is positive."""
    overlay = small.overlay('cnv', 1, 1)
    network = networks.build(overlay, small.CLASSES, np.random.RandomState(1))
    behind = networks.gammas_behind_pools(network)
    assert len(behind) == sum(layer.pool for layer in overlay.layers) > 0
    every = [variable for variable in networks.parameters(network) if variable.name == 'gamma']
    for variable in every:
        variable.set_value(np.full_like(variable.get_value(), .02))
    learner = learning.Learner(network, BN_LR_scale=10, gamma_min=least)
    batch = small.batch(overlay, np.random.RandomState(2))
    for _ in range(3):
        learner.train(*(batch + (RATE,)))
    smallest = min(variable.get_value().min() for variable in behind)
    assert smallest < 0 if least is None else smallest == np.float32(least)
    assert min(variable.get_value().min() for variable in every if variable not in behind) < 0


@pytest.mark.parametrize('outputs, target, loss', [(3., 1, 0), (1., 1, 0), (.5, 1, .25), (0., -1, 1), (2., -1, 9)])
def test_squared_hinge_loss(outputs, target, loss):
    assert learning.squared_hinge_loss(np.array([[outputs]]), np.array([[target]])) == loss


def test_loss_is_the_mean_over_batch_and_classes():
    outputs, targets = np.array([[2., 0], [0, -3], [-1, 1]]), np.array([[1., -1], [-1, 1], [1, -1]])
    assert learning.squared_hinge_loss(outputs, targets) == pytest.approx((0 + 1 + 1 + 16 + 4 + 4) / 6)


@pytest.mark.parametrize('decision, below', [(LARGEST_OUTPUT, -1), (HIGHEST_OUTPUT, 0)])
def test_hinge_targets(decision, below):
    targets = learning.hinge_targets(np.array([2, 0], np.uint8), 4, decision)
    np.testing.assert_array_equal(targets, [[below, below, 1, -1], [1, -1, -1, -1]])
    assert targets.dtype == np.float32


def test_outputs_that_do_not_count_add_no_loss():
    outputs = np.array([[5., -7., 1., -1.]])
    assert learning.squared_hinge_loss(outputs, learning.hinge_targets([2], 4, HIGHEST_OUTPUT)) == 0


@pytest.mark.parametrize('outputs, largest, highest', [
    ([3., 0., 1., -1.], 0, 2), ([-3., -1., -2., -4.], 1, 0), ([-1., 0., -1., -2.], 1, 1), ([9., -1., -1., 0.], 0, 3)])
def test_answers(outputs, largest, highest):
    """As the simulator answers for the bits of such outputs, if the highest bit decides."""
    outputs = np.array([outputs])
    assert learning.answers(outputs, LARGEST_OUTPUT) == largest
    assert learning.answers(outputs, HIGHEST_OUTPUT) == highest
    assert simulator.answers(OVERLAYS['lfcW1A1'], outputs >= 0) == highest


def test_a_step_by_the_boards_rule():
    """Weights of outputs below the label's do not move, those above do."""
    overlay = small.overlay('lfc', 1, 1)
    learner = learning.Learner(networks.build(overlay, small.CLASSES, np.random.RandomState(1)), HIGHEST_OUTPUT)
    images, labels = small.batch(overlay, np.random.RandomState(2))
    labels[:] = 1
    weights = networks.quantized_layers(learner.network)[-1].W
    before = weights.get_value()
    learner.train(images, labels, RATE)
    moved = (weights.get_value() != before).any(axis=0)
    assert not moved[0] and moved[1:].all()


@pytest.mark.parametrize('batch', [1, 2])
def test_the_smallest_batches(batch):
    """Nothing is divided by zero, thanks to epsilon."""
    overlay = small.overlay('cnv', 1, 2)
    learner = learning.Learner(networks.build(overlay, 1, np.random.RandomState(1)))
    images, labels = small.batch(overlay, np.random.RandomState(2), batch, classes=1)
    assert np.isfinite([learner.train(images, labels, RATE) for _ in range(2)]).all()
    assert learner.outputs(images).shape == (batch, 1)
