"""The five networks: their layers, first parameters, and the archive's order."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from common import npz
from common.errors import UserError
from common.overlays import OVERLAYS
from training import networks
from training.compatibility import lasagne
from training.layers import DropoutLayer
from weights_gen import parameters

CNV_SHAPES = [(64, 3, 3, 3), (64, 64, 3, 3), (128, 64, 3, 3), (128, 128, 3, 3), (256, 128, 3, 3), (256, 256, 3, 3),
              (256, 512), (512, 512)]


def build(name, classes=10, **options):
    return networks.build(OVERLAYS[name], classes, np.random.RandomState(7), **options)


def expected_shapes(net, classes):
    """Layer by layer W, b, beta, gamma, mean, inv_std."""
    if net == 'lfc':
        weights = [(784, 1024), (1024, 1024), (1024, 1024), (1024, classes)]
        return [shape for W in weights for shape in [W] + 5 * [(W[1],)]]
    hidden = [shape for W in CNV_SHAPES for shape in [W] + 5 * [(W[0] if len(W) == 4 else W[1],)]]
    return hidden + [(512, classes)] + 4 * [()]


@pytest.mark.parametrize('name', OVERLAYS)
@pytest.mark.parametrize('classes', [1, 10, 64])
def test_archive(name, classes, tmp_path):
    network = build(name, classes)
    values = networks.parameter_values(network)
    assert [value.shape for value in values] == expected_shapes(name[:3], classes)
    assert all(value.dtype == np.float32 for value in values)
    path = str(tmp_path / 'parameters.npz')
    with open(path, 'wb') as handle:
        npz.write(handle, values)
    read = parameters.arrays(parameters.read(path, OVERLAYS[name]))
    assert len(read) == len(values) and all(np.array_equal(*pair) for pair in zip(read, values))
    with np.load(path) as archive:
        assert archive.files == ['arr_%d' % number for number in range(len(values))]


def test_first_values():
    layers = iter(networks.parameter_values(build('lfcW1A1')))
    for W in layers:
        assert -1 <= W.min() < -.99 and .99 < W.max() <= 1 and abs(W.mean()) < .02
        assert np.histogram(W, 10, (-1, 1))[0].min() > .07 * W.size
        b, beta, gamma, mean, inv_std = (next(layers) for _ in range(5))
        for value, first in ((b, 0), (beta, 0), (gamma, 1), (mean, 0), (inv_std, 1)):
            assert (value == first).all()


def test_learning_rate_scales():
    scales = [layer.learning_rate_scale for layer in networks.quantized_layers(build('lfcW1A1'))]
    assert scales == pytest.approx([34.71791, 36.950417, 36.950417, 26.255157], rel=1e-6)
    for layer, (n_in, n_out) in zip(networks.quantized_layers(build('cnvW1A1')),
                                    [(27, 576), (576, 576), (576, 1152), (1152, 1152), (1152, 2304), (2304, 2304),
                                     (256, 512), (512, 512), (512, 10)]):
        assert layer.learning_rate_scale == pytest.approx(((n_in + n_out) / 1.5) ** .5, rel=1e-6)


def test_dropout_is_where_it_belongs():
    network = build('lfcW1A1', dropout_in=.2, dropout_hidden=.5)
    rates = [layer.p for layer in lasagne.layers.get_all_layers(network) if isinstance(layer, DropoutLayer)]
    assert rates == [.2, .5, .5, .5]


@pytest.mark.parametrize('classes', [0, 65, -3])
def test_classes_that_do_not_fit(classes):
    with pytest.raises(UserError) as refused:
        build('lfcW1A1', classes)
    assert 'give 1 to 64' in str(refused.value)


def test_parameters_are_taken_over():
    source, copy = build('lfcW1A2'), networks.build(OVERLAYS['lfcW1A2'], 10, np.random.RandomState(8))
    networks.set_parameter_values(copy, networks.parameter_values(source))
    for first, second in zip(networks.quantized_layers(source), networks.quantized_layers(copy)):
        assert np.array_equal(first.digits.get_value(), second.digits.get_value())
    with pytest.raises(ValueError):
        networks.set_parameter_values(copy, networks.parameter_values(source)[:-1])


@pytest.mark.parametrize('name', ['cnvW1A1', 'lfcW1A2'])
def test_the_last_layer_is_fresh_for_other_classes(name):
    old, new = (networks.build(OVERLAYS[name], classes, np.random.RandomState(seed)) for classes, seed in ((10, 1), (4, 2)))
    before, drawn = networks.parameter_values(old), networks.parameter_values(new)
    assert networks.start_from(new, before)
    after = networks.parameter_values(new)
    last = [index for index, values in enumerate(drawn) if values.shape[-1:] == (4,)][0]
    for index, values in enumerate(after):
        np.testing.assert_array_equal(values, (before if index < last else drawn)[index])
    assert not networks.start_from(old, before)
    with pytest.raises(ValueError):
        networks.start_from(new, before[:-1])
