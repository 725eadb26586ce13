"""Shared by the tests of archives."""
from __future__ import absolute_import

import pytest

from tests.weights_gen.archives import LFC, random_layers
from weights_gen import parameters


@pytest.fixture(scope='module')
def lfc_arrays():
    return parameters.arrays(random_layers(LFC))


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join('trained.npz'))
