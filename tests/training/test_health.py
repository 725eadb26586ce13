"""Layers that die and values that are not finite, made on purpose; healthy networks cause no message."""
from __future__ import absolute_import, division

import contextlib
import os

import numpy as np
import pytest

from common.errors import UserError
from tests.training import small
from tests.training.runs import CLASSES, dataset, settings, start
from training import checkpoint, health, learning, networks, trainer
from training.compatibility import lasagne

BETA = 2        # its place among a layer's parameters


@pytest.fixture(scope='module', params=[small.OVERLAYS[0], small.OVERLAYS[3]], ids=lambda overlay: overlay.name)
def alive(request):
    """(overlay, a network with random parameters, images)."""
    overlay = request.param
    network = networks.build(overlay, CLASSES, np.random.RandomState(1))
    networks.set_parameter_values(network, small.random_parameters(overlay, np.random.RandomState(2)))
    return overlay, network, small.batch(overlay, np.random.RandomState(3), 12)[0]


@contextlib.contextmanager
def changed(network, number, value):
    """Fill the parameter of this number with a value, except for its first unit."""
    variable = lasagne.layers.get_all_params(network)[number]
    before = variable.get_value()
    after = before.copy()
    after.reshape(-1)[after.size > 1:] = value
    variable.set_value(after)
    yield variable
    variable.set_value(before)


def test_networks_that_are_alive(alive):
    _, network, images = alive
    assert health.dead_layer(network, images) is None
    assert health.spoilt_layer(network) is None


def test_each_layer_that_can_die(alive):
    overlay, network, images = alive
    for layer in range(len(overlay.layers) - 1):
        value = (-1) ** layer * 1e4         # so far that only one sign is left
        with changed(network, 6 * layer + BETA, value) as beta:
            beta.set_value(np.full_like(beta.get_value(), value))
            assert health.dead_layer(network, images) == layer


def test_one_unit_that_is_alive_is_enough(alive):
    _, network, images = alive
    with changed(network, BETA, 1e4):
        assert health.dead_layer(network, images) != 0


def test_of_one_image_nothing_can_be_told():
    assert not health.all_alike(np.zeros((1, 4))) and health.all_alike(np.zeros((2, 4)))
    assert health.all_alike(np.array([[5e5, 1], [5e5, 1.1]])) and not health.all_alike(np.array([[5., 1], [5, 1.1]]))


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_spoilt_parameters(alive, value):
    _, network, _ = alive
    for number in range(len(networks.parameter_values(network))):
        with changed(network, number, value):
            assert health.spoilt_layer(network) == number // 6


# --- runs ------------------------------------------------------------------------------------------------------------

def initial(run_settings, **values):
    """Parameters to start from, with some of the first layer's replaced."""
    arrays = small.random_parameters(run_settings.overlay, np.random.RandomState(1))
    for name, value in values.items():
        arrays[['W', 'b', 'beta', 'gamma', 'mean', 'inv_std'].index(name)].fill(value)
    return arrays


def begin(run_settings, arrays=None):
    os.makedirs(run_settings.run_folder)
    trainer.Run(run_settings, dataset(), arrays)()


def log(run_settings):
    with open(os.path.join(run_settings.run_folder, 'train.log')) as handle:
        return handle.read()


def test_a_dead_layer_is_told(tmpdir):
    run_settings = settings(tmpdir)
    begin(run_settings, initial(run_settings, beta=1e4))
    warnings = [line for line in log(run_settings).split('\n') if 'warning' in line]
    assert len(warnings) == 2       # one per epoch: the layer stays dead
    assert warnings[0] == ('  warning: layer 0 is dead (same output for every validation image): if it stays dead, retrain '
                           'with another --seed; the best parameters so far, of epoch 1, are in made-1w-1a.npz')


def test_healthy_runs_say_nothing(tmpdir, monkeypatch):
    monkeypatch.setattr(health, 'dead_layer', None)     # it compiles something: must not be called
    run_settings = settings(tmpdir)
    begin(run_settings)
    assert 'warning' not in log(run_settings)


def absurd(run_settings):
    return run_settings._replace(network=run_settings.network._replace(LR_start=1e25))


def refused(function, *arguments):
    with pytest.raises(UserError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert '\n' not in message
    return message


def test_an_absurd_learning_rate(tmpdir):
    run_settings = absurd(settings(tmpdir))
    message = refused(begin, run_settings)
    assert message.startswith('the loss is ') and ' in epoch 1, batch 2, in layer 1; there is no checkpoint' in message
    assert 'another --seed' in message
    assert not run_settings.files.has_checkpoint()
    assert not os.path.exists(run_settings.save_path)


def test_the_last_good_checkpoint_stays(tmpdir, monkeypatch):
    """Even what the loss does not show yet is not saved."""
    monkeypatch.setattr(trainer, 'CHECKPOINT_SECONDS', -1)

    class Spoiling(learning.Learner):
        def train(self, *arguments):
            loss = super(Spoiling, self).train(*arguments)
            if run.epoch == 1:
                run.network.beta.set_value(np.full(CLASSES, np.nan, np.float32))
            return loss
    monkeypatch.setattr(trainer, 'Learner', Spoiling)
    run_settings = settings(tmpdir)
    os.makedirs(run_settings.run_folder)
    run = trainer.Run(run_settings, dataset())
    message = refused(run)
    path = os.path.join(run_settings.run_folder, 'checkpoint.npz')
    assert message.startswith('a parameter is NaN or infinite in epoch 2, batch 1, in layer 1; resuming from the '
                              'last checkpoint, %s (epoch 2, after batch 0), would fail' % path)
    arrays, warning = checkpoint.load(path)
    assert warning is None and list(arrays['position'][:2]) == [1, 0]
    monkeypatch.setattr(trainer, 'Learner', learning.Learner)
    assert start(run_settings, resume=True)


def test_a_validation_loss_that_is_no_number(tmpdir):
    run_settings = settings(tmpdir)
    begun = initial(run_settings)
    begun[-1].fill(3e38)            # the average inv_std of the last layer, which training does not use
    message = refused(begin, run_settings, begun)
    assert message.startswith('the validation loss is ') and ' in epoch 1, batch 2, in the outputs; ' in message
    assert not os.path.exists(run_settings.save_path)
