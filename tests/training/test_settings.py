"""training/settings.py: the settings of the networks and of a run."""
from __future__ import absolute_import, division

import pytest

from common.errors import UserError
from training.settings import NETWORKS, Settings

LFC = Settings('lfc', 1, 2)
CNV = Settings('cnv', 2, 2, out='elsewhere')


def test_defaults():
    assert NETWORKS['lfc'][:6] == (100, 1000, .003, 3e-7, .2, .5)
    assert NETWORKS['cnv'][:4] == (50, 500, .001, 3e-7)
    assert (LFC.seed, LFC.dataset, LFC.run_folder) == (1234, 'mnist', 'runs/mnist-lfcW1A2')
    assert (CNV.dataset, CNV.save_path) == ('cifar10', 'elsewhere/cifar10-cnvW2A2/cifar10-2w-2a.npz')


@pytest.mark.parametrize('settings, start, epochs', [(LFC, .003, 1000), (CNV, .001, 500),
                                                     (Settings('lfc', 1, 1, epochs=1), .003, 1)])
def test_learning_rate(settings, start, epochs):
    assert settings.learning_rate(0) == start
    assert settings.learning_rate(epochs) == pytest.approx(3e-7, rel=1e-9)
    for epoch in (0, 1, epochs // 2, epochs - 1):
        assert settings.learning_rate(epoch) == pytest.approx(start * (3e-7 / start) ** (epoch / epochs), rel=1e-9)


def test_cosine():
    best = Settings('lfc', 1, 1, epochs=8, recipe='best')
    assert best.learning_rate(0) == .001
    assert best.learning_rate(4) == pytest.approx((.001 + 3e-7) / 2)
    assert best.learning_rate(8) == pytest.approx(3e-7)


@pytest.mark.parametrize('options, mirrored', [
    (dict(), False), (dict(recipe='best'), True), (dict(recipe='best', dataset='svhn'), False),
    (dict(recipe='best', mirrored=False), False), (dict(recipe='best', dataset='photos', mirrored=True), True),
    (dict(mirrored=True), True)])
def test_what_is_mirrored(options, mirrored):
    """CIFAR-10 if the recipe says so, others if the user does."""
    assert Settings('cnv', 1, 1, **options).deciding()['mirrored'] is mirrored


@pytest.mark.parametrize('name', ['BN_LR_scale', 'gamma_min'])
def test_how_batch_norm_learns_decides_where_it_is_not_as_in_the_original(name):
    """So runs of the original recipe from before these settings existed can be resumed."""
    assert name not in CNV.deciding()
    best = Settings('cnv', 1, 1, recipe='best')
    value = getattr(best.network, name)
    assert best.deciding()[name] == value > 0
    assert '%s = %s' % (name, value) in best.lines(45000)


def test_lines_of_lfc():
    assert LFC.lines(50000) == [
        'activation_bits = 2', 'weight_bits = 1', 'batch_size = 100', 'alpha = 0.1', 'epsilon = 0.0001',
        'num_epochs = 1000', 'dropout_in = 0.2', 'dropout_hidden = 0.5', 'W_LR_scale = Glorot', 'LR_start = 0.003',
        'LR_fin = 3e-07', 'LR_decay = %s' % (1e-4 ** 1e-3), 'save_path = runs/mnist-lfcW1A2/mnist-1w-2a.npz',
        'shuffle_parts = 1']


def test_lines_of_cnv():
    assert CNV.lines(45000) == [
        'activation_bits = 2', 'weight_bits = 2', 'batch_size = 50', 'alpha = 0.1', 'epsilon = 0.0001',
        'W_LR_scale = Glorot', 'num_epochs = 500', 'LR_start = 0.001', 'LR_fin = 3e-07',
        'LR_decay = %s' % (3e-4 ** (1 / 500)), 'save_path = elsewhere/cifar10-cnvW2A2/cifar10-2w-2a.npz',
        'train_set_size = 45000', 'shuffle_parts = 1']


def test_the_recipe_where_none_is_given(tmpdir):
    """The original for built-in data sets, the better one for your own pictures."""
    pictures = str(tmpdir.mkdir('pets'))
    for dataset, recipe in ((None, 'original'), ('mnist', 'original'), ('digits', 'original'), (pictures, 'best')):
        assert Settings('lfc', 1, 1, dataset).recipe == recipe
    assert Settings('lfc', 1, 1, pictures, recipe='original').recipe == 'original'
    assert not Settings('cnv', 1, 1, pictures).network.mirrored       # only their owner knows whether that is right


@pytest.mark.parametrize('arguments, message', [
    (dict(net='lfc', weight_bits=2, activation_bits=2), 'the board has no overlay lfcW2A2'),
    (dict(net='cnv', weight_bits=2, activation_bits=1), 'the board has no overlay cnvW2A1: choose one of lfcW1A1'),
    (dict(net='cnv', weight_bits=0, activation_bits=1), 'the board has no overlay cnvW0A1'),
    (dict(net='lfc', weight_bits=1, activation_bits=1, epochs=0), 'epochs is 0: give a number from 1'),
    (dict(net='lfc', weight_bits=1, activation_bits=1, seed=-1), 'seed is -1: give a number from 0'),
    (dict(net='lfc', weight_bits=1, activation_bits=1, seed=2 ** 32), 'seed is 4294967296'),
    (dict(net='lfc', weight_bits=1, activation_bits=1, recipe='fast'), 'no recipe fast: choose original or best'),
    (dict(net='lfc', weight_bits=1, activation_bits=1, train_size=99), 'train-size is 99: give a number from 100'),
])
def test_refusals(arguments, message):
    with pytest.raises(UserError) as refused:
        Settings(**arguments)
    assert message in str(refused.value) and '\n' not in str(refused.value)


def test_settings_cannot_be_changed():
    with pytest.raises(AttributeError):
        LFC.seed = 5
    with pytest.raises(AttributeError):
        LFC.anything = 5
    other = LFC._replace(seed=5)
    assert (other.seed, LFC.seed) == (5, 1234) and other.run_folder == LFC.run_folder
