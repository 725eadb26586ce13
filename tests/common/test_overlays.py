"""The tables of networks and overlays compared with the overlay's specification, and the effect of a further row."""
from __future__ import absolute_import

import pytest

from common import overlays
from common.overlays import CNV, LFC, NETWORKS, OVERLAYS


def test_the_five_overlays():
    assert list(OVERLAYS) == ['lfcW1A1', 'lfcW1A2', 'cnvW1A1', 'cnvW1A2', 'cnvW2A2']
    for name, overlay in OVERLAYS.items():
        assert overlay.name == name and overlay is overlays.find(
            overlay.net, overlay.weight_bits, overlay.activation_bits)


@pytest.mark.parametrize('name', list(OVERLAYS))
def test_each_layer_reads_what_the_one_before_writes(name):
    overlay = OVERLAYS[name]
    channels, rows, columns = overlay.network.planes
    assert rows == columns
    units, side = channels * rows * columns, rows
    for layer in overlay.layers:
        if layer.kind == 'conv':
            assert (layer.inputs, layer.ifm_dim, layer.ofm_dim) == (channels, side, side - 2)
            channels, side = layer.outputs, layer.ofm_dim // (2 if layer.pool else 1)
            units = channels * side ** 2
        else:
            assert layer.inputs == units
            units = layer.outputs
        assert layer.columns % layer.simd == 0 and layer.rows % layer.pe == 0
    assert overlay.layers[-1].rows == overlays.MAX_CLASSES
    assert [layer.thresholds for layer in overlay.layers].count(False) == (overlay.net == 'cnv')


def test_no_overlay():
    with pytest.raises(overlays.NoOverlay) as caught:
        overlays.find('cnv', 2, 1)
    assert str(caught.value) == ('the board has no overlay cnvW2A1: choose one of lfcW1A1, lfcW1A2, cnvW1A1, cnvW1A2, '
                                 'cnvW2A2')


def test_another_overlay_of_a_known_network():
    """One row, with its own folding: the network gives everything else."""
    sixth = overlays.overlay(CNV, 2, 1, ((1,) * 9, (1,) * 9))
    assert sixth.name == 'cnvW2A1' and sixth.image_shape == (32, 32, 3) and sixth.published.measured == ()
    assert [layer.fan_in for layer in sixth.layers] == [layer.fan_in for layer in OVERLAYS['cnvW1A1'].layers]
    assert sixth.layers[0].input_bits == (1, 7) and sixth.layers[1].input_bits == (1, 0)


@pytest.mark.parametrize('simd, last_pe', [(64, 16), (24, 16), (32, 24)])
def test_a_folding_that_does_not_fit(simd, last_pe):
    """64 weights of 2 bits in a word of 64; 24 of 832 columns at once; 24 processing elements for 64 rows."""
    with pytest.raises(ValueError) as caught:
        overlays.overlay(LFC, 2, 2, ((32, 64, 32, last_pe), (simd, 32, 32, 8)))
    assert str(caught.value).startswith('layer 3' if last_pe == 24 else 'layer 0')


def test_the_documents_numbers():
    """The specification of the training, "Optimisation"."""
    assert list(NETWORKS) == ['lfc', 'cnv']
    assert LFC.training == (100, 1000, .003, 3e-7, .2, .5) and LFC.dataset == 'mnist'
    assert CNV.training == (50, 500, .001, 3e-7, 0, 0) and CNV.dataset == 'cifar10'
    assert (LFC.image_shape, CNV.image_shape) == ((28, 28), (32, 32, 3))
