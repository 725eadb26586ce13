"""Every reader of weights_gen, with damaged and hostile files: read, or rejected in one line."""
from __future__ import absolute_import, division

import os
import shutil

import numpy as np
import pytest
from hypothesis import strategies

from common.overlays import OVERLAYS
from tests.fuzzing import damaged, explore, searches
from tests.fuzzing_formats import hostile_npz
from tests.weights_gen.archives import random_layers
from weights_gen import classes, folder, generate, parameters

LFC = OVERLAYS['lfcW1A1']
SMALL = LFC._replace(layers=tuple(layer._replace(inputs=inputs, outputs=outputs) for layer, inputs, outputs in zip(
    LFC.layers, (40, 17, 15, 9), (17, 15, 9, None))))       # large archives would spend most of the time on packing


def trained(overlay):
    """Arrays by name, as training saves them."""
    return {'arr_%d' % number: array for number, array in enumerate(parameters.arrays(random_layers(overlay)))}


def put(path, data):
    with open(path, 'wb') as handle:
        handle.write(data)


@searches(400, 8000)
def test_parameters(tmpdir, cases):
    path = str(tmpdir.join('trained.npz'))

    def attempt(data):
        put(path, data)
        for values in parameters.arrays(parameters.read(path, SMALL)):
            assert values.dtype == np.float32 and np.isfinite(values).all()
    explore(attempt, hostile_npz(trained(SMALL)), cases)


@searches(200, 3000)
def test_names_of_classes(tmpdir, cases):
    path = str(tmpdir.join('classes.txt'))

    def attempt(data):
        put(path, data)
        names = classes.read(path)
        assert 1 <= len(names) <= 64 and all(name and u'\n' not in name for name in names)
    explore(attempt, damaged([u'cat\ndog\nTiere \xe4\xf6\xfc\n'.encode('utf-8'), b'0\n1\n2\n3', b'a\n' * 64]), cases)


@pytest.fixture(scope='module')
def packed(tmpdir_factory):
    path = str(tmpdir_factory.mktemp('packed').join('lfcW1A1'))
    archive = path + '.npz'
    np.savez(archive, **trained(LFC))
    generate.generate(LFC, archive, path)
    return path


@searches(150, 3000)
def test_parameter_folders(tmpdir, packed, cases):
    """Each file in turn is damaged, then restored."""
    path = str(tmpdir.join('lfcW1A1'))
    shutil.copytree(packed, path)
    names = [name for name in folder.layout(LFC) if name.endswith('.bin')]
    whole = {name: open(os.path.join(path, name), 'rb').read() for name in names}

    def attempt(case):
        name, data = case
        try:
            put(os.path.join(path, name), data)
            for layer, matrices in zip(LFC.layers, folder.read(path, LFC)):
                assert matrices.weights.shape == (layer.rows, layer.columns)
        finally:
            put(os.path.join(path, name), whole[name])
    explore(attempt, strategies.sampled_from(names).flatmap(
        lambda name: strategies.tuples(strategies.just(name), damaged([whole[name]]))), cases)


@searches(12, 300)
def test_nothing_is_written_from_a_damaged_archive(tmpdir, cases):
    archive, out = str(tmpdir.join('trained.npz')), str(tmpdir.join('out', 'lfcW1A1'))

    def attempt(data):
        put(archive, data)
        try:
            generate.generate(LFC, archive, out)
            shutil.rmtree(os.path.dirname(out))
        finally:
            assert not os.path.exists(os.path.dirname(out))
    explore(attempt, hostile_npz(trained(LFC)), cases, both=False)
