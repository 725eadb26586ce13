"""Networks to export, with images and the simulator's scores."""
from __future__ import absolute_import

import collections

import pytest

from board import reference
from common.overlays import OVERLAYS
from export import source
from tests.board import networks
from tests.board.conftest import golden, published, random_folder     # noqa: F401, fixtures
from weights_gen.folder import read

Case = collections.namedtuple('Case', ['source', 'folder', 'images', 'scores'])


def case(folder, overlay, images, classes=10):
    """A parameter folder, images, and the reference's scores for them."""
    network = source.from_folder(folder, overlay)
    return Case(network, folder, images, reference.run(overlay, read(folder, overlay), images)[:, :classes])


@pytest.fixture(scope='session', params=[(name, extreme) for name in OVERLAYS for extreme in (False, True)],
                ids=lambda given: given[0] + '-extreme' * given[1])
def random_case(request, tmpdir_factory):
    """Random parameters of each overlay; `extreme`: thresholds at and beyond the limits of the sums."""
    name, extreme = request.param
    overlay = OVERLAYS[name]
    folder = str(tmpdir_factory.mktemp(name).join(name))
    networks.write(folder, overlay, networks.parameters(overlay, 11, extreme))
    return case(folder, overlay, networks.images(overlay, 7, 3))


@pytest.fixture(scope='session', params=list(OVERLAYS))
def published_case(request, published, golden):     # noqa: F811
    """The parameters that BNN-PYNQ published for each overlay, and real images."""
    overlay = OVERLAYS[request.param]
    images = golden['mnist_images'][:50] if overlay.network.black_and_white else golden['cifar10_images'][:8]
    return case(published[request.param], overlay, images)
