"""Parameter folders for the tests of the board: the published ones, and random ones."""
from __future__ import absolute_import

import json
import os
import shutil
import tarfile

import numpy as np
import pytest

from board import package
from common.overlays import OVERLAYS
from tests.board import networks
from tests.board.packages import tree
from tests.shared import GOLDEN


@pytest.fixture(scope='session')
def published(tmpdir_factory):
    """name -> path of the parameter folder that BNN-PYNQ published for that overlay."""
    if not os.path.isdir(GOLDEN):
        pytest.skip('no golden files: %s is not there' % GOLDEN)
    root = str(tmpdir_factory.mktemp('published'))
    with tarfile.open(os.path.join(GOLDEN, 'params.tar.gz')) as archive:
        if hasattr(tarfile, 'data_filter'):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(root)
    yield {name: os.path.join(root, 'mnist' if overlay.net == 'lfc' else 'cifar10', name)
           for name, overlay in OVERLAYS.items()}
    shutil.rmtree(root)


@pytest.fixture(scope='session')
def golden():
    """The answers of BNN-PYNQ's own software runtime."""
    if not os.path.isdir(GOLDEN):
        pytest.skip('no golden files: %s is not there' % GOLDEN)
    with np.load(os.path.join(GOLDEN, 'board_outputs.npz')) as archive:
        return dict(archive)


@pytest.fixture(scope='session')
def random_folder(tmpdir_factory):
    """name -> path of a parameter folder with random contents, made when first used."""
    root = str(tmpdir_factory.mktemp('random'))

    class Folders(dict):
        def __missing__(self, name):
            self[name] = networks.write(os.path.join(root, name), OVERLAYS[name],
                                        networks.parameters(OVERLAYS[name], 7))
            return self[name]

    yield Folders()
    shutil.rmtree(root)


@pytest.fixture
def run_folder(random_folder, tmpdir):
    """A run of lfcW1A1 on digits, as training and the generator leave it."""
    run = tmpdir.mkdir('digits-lfcW1A1')
    shutil.copytree(random_folder['lfcW1A1'], str(run.join('lfcW1A1')))
    run.join('settings.json').write(json.dumps({'seed': 1234, 'versions': {'numpy': '1.16.6'}}))
    return run


@pytest.fixture(scope='session')
def built_once(random_folder, tmpdir_factory):
    root = tmpdir_factory.mktemp('built')
    with open(str(root.join('package')), 'wb') as handle:
        package.build(tree(random_folder['lfcW1A1']), {'name': 'digits', 'network': 'lfcW1A1', 'dataset': 'digits',
                                                       'settings': None, 'accuracy': None}, handle)
    return handle.name


@pytest.fixture
def built(built_once, tmpdir):
    """A package, alone in a folder."""
    path = str(tmpdir.mkdir('packages').join('digits-lfcW1A1.tar.gz'))
    shutil.copy(built_once, path)
    return path
