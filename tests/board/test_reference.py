"""The numpy arithmetic compared with BNN-PYNQ's own software runtime, and with loops over Python integers."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from board import reference
from common.overlays import OVERLAYS
from tests.board import networks
from weights_gen import folder


@pytest.mark.parametrize('name', [name for name in OVERLAYS if name.startswith('cnv')])
def test_every_published_score(published, golden, name):
    expected = golden[name + '_scores']
    outputs = reference.run(OVERLAYS[name], folder.read(published[name], OVERLAYS[name]),
                            golden['cifar10_images'][:len(expected)])
    np.testing.assert_array_equal(outputs[:, :10], expected)


def test_input_values():
    lfc, cnv = [reference.input_values(OVERLAYS[name]) for name in ('lfcW1A1', 'cnvW1A1')]
    assert lfc.tolist() == [-1] * 128 + [1] * 128
    # (2p - 255)*128/255 + 0.5 in whole numbers, so that no float rounding is shared with the code
    assert cnv.tolist() == [min(((2 * p - 255) * 256 + 255) // 510, 127) for p in range(256)]


@pytest.mark.parametrize('name', ['lfcW1A2', 'cnvW2A2'])
def test_one_output_by_hand(name):
    """Layer 0's first unit and the first threshold rule, with Python integers."""
    overlay = OVERLAYS[name]
    layer = overlay.layers[0]
    weights, thresholds = networks.parameters(overlay, 3)[0]
    image = networks.images(overlay, 1, 5)
    window = image[0, :3, :3] if layer.kind == 'conv' else image
    values = [int(value) for value in reference.input_values(overlay)[window].ravel()]
    values += [-1] * (layer.columns - len(values))
    total = sum(int(w) * v for w, v in zip(weights[0], values)) * (2 if layer.kind == 'conv' else 1)
    expected = sum(total > int(t) for t in thresholds[0]) - 1
    batch = reference.input_values(overlay)[image].astype(np.float32)
    outputs = reference._layer(layer, weights.T.astype(np.float32), thresholds, batch)
    assert outputs.reshape(-1, layer.rows)[0, 0] == expected
