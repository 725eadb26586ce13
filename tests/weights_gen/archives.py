"""Archives for tests: random parameters of a network's shapes, as training could save them."""
from __future__ import absolute_import, division

import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from common.overlays import OVERLAYS
from tests.shared import GOLDEN
from weights_gen import parameters

LFC, CNV = OVERLAYS['lfcW1A1'], OVERLAYS['cnvW1A1']


def random_layers(overlay, outputs=10, seed=0):
    """Random parameters: a list of LayerParameters of float32 arrays, a fifth of the gammas negative."""
    random = np.random.RandomState(seed)
    layers = []
    for layer, shapes in zip(overlay.layers, parameters.shapes(overlay, outputs)):
        spread = np.sqrt(layer.fan_in)
        values = parameters.LayerParameters(
            weights=random.uniform(-1, 1, shapes.weights),
            bias=random.normal(0, .1, shapes.bias) if shapes.bias else None,
            beta=random.normal(0, .5, shapes.beta),
            gamma=random.uniform(.1, 1.5, shapes.gamma) * random.choice([1, 1, 1, 1, -1], shapes.gamma),
            mean=random.normal(0, .3 * spread, shapes.mean),
            inv_std=random.uniform(.8, 2, shapes.inv_std) / spread)
        layers.append(parameters.LayerParameters(*[None if value is None else np.asarray(value, np.float32)
                                                   for value in values]))
    return layers


def save(path, layers):
    """Save layers as training does; returns the path, as str."""
    np.savez(str(path), *parameters.arrays(layers))
    return str(path)


def save_golden(path, net, seed):
    """Make the archive that the golden files were made from; returns the path, as str."""
    subprocess.check_call([sys.executable, os.path.join(GOLDEN, 'make_npz.py'), net, str(seed), str(path)])
    return str(path)


def refused(path, overlay=LFC):
    """The one line that says why an archive is rejected."""
    with pytest.raises(parameters.BadArchive) as caught:
        parameters.read(path, overlay)
    line = str(caught.value)
    assert line.startswith(path) and '\n' not in line
    return line


def npy_bytes(array):
    stream = io.BytesIO()
    npy.write_array(stream, np.asanyarray(array))
    return stream.getvalue()


def replace_member(path, arrays, number, data, compression=zipfile.ZIP_STORED):
    """Write an archive in which one member contains the given bytes."""
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for index, array in enumerate(arrays):
            archive.writestr('arr_%d.npy' % index, data if index == number else npy_bytes(array))
