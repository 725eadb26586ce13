"""Every reader of board/, with damaged and hostile files: read, or rejected in one line; C never gets invalid input."""
from __future__ import absolute_import, division

import io
import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import strategies

from board import package
from board.kernel import Kernel, NoKernel
from common import run_folder
from common.files import sha256
from common.overlays import OVERLAYS
from datasets import inputs
from report import compare, gather
from report import page as pages
from tests.board import runs as made
from tests.board.packages import tree
from tests.datasets.test_inputs import cifar, gzipped, idx, npy, npz, noise, picture
from tests.fuzzing import damaged, explore, searches
from tests.fuzzing_formats import hostile_json, hostile_npy, hostile_npz, hostile_targz
from weights_gen import folder

SHAPES = [(28, 28), (32, 32, 3)]


def every_image_file():
    """The bytes of one small file of each kind."""
    grey, colour = [noise(shape, 2) for shape in SHAPES]
    result = [npy(grey), npy(colour), npz(x_test=colour, y_test=np.arange(2)), idx(grey), cifar(colour)]
    result += [gzipped(data) for data in result[:1] + result[3:]]
    large = np.kron(colour[0], np.ones((2, 2, 1), np.uint8))
    return result + [picture(large, kind) for kind in ('PNG', 'JPEG', 'GIF', 'BMP', 'WEBP')] + [picture(grey[0])]


@pytest.mark.parametrize('shape', SHAPES, ids=['lfc', 'cnv'])
@searches(300, 6000)
def test_images(tmpdir, shape, cases):
    path = str(tmpdir.join('images'))

    def attempt(data):
        with open(path, 'wb') as handle:
            handle.write(data)
        found = inputs.read(path, shape)
        assert found.dtype == np.uint8 and found.shape[1:] == shape and len(found)
    explore(attempt, damaged(every_image_file(), most=2), cases)


@searches(200, 4000)
def test_images_in_sound_archives(tmpdir, cases):
    path = str(tmpdir.join('images'))

    def attempt(data):
        with open(path, 'wb') as handle:
            handle.write(data)
        inputs.read(path, SHAPES[0])
    grey = noise(SHAPES[0], 2)
    explore(attempt, hostile_npz({'x_test': grey, 'y_test': np.arange(2)}) | hostile_npy(npy(grey)), cases)


@pytest.fixture(scope='module')
def packed(random_folder):
    members = tree(random_folder['lfcW1A1'])
    stream = io.BytesIO()
    package.build(members, {'name': 'digits', 'network': 'lfcW1A1', 'dataset': 'digits', 'settings': None,
                            'accuracy': None}, stream)
    manifest, contents = package.read(io.BytesIO(stream.getvalue()))
    return manifest, [('digits/lfcW1A1/' + part, contents[part]) for part in sorted(contents)]


@searches(150, 3000)
def test_packages(tmpdir, packed, monkeypatch, cases):
    """Nothing of a rejected one is installed, and nothing is written elsewhere."""
    into = tmpdir.mkdir('board').mkdir('params')
    into.join('other').write('other')

    def attempt(data):
        try:
            path, _ = package.install(io.BytesIO(data), str(into))
            shutil.rmtree(os.path.dirname(path))
        finally:
            assert os.listdir(str(into)) == ['other'] and os.listdir(str(tmpdir)) == ['board']
    monkeypatch.setattr(os, 'sync', lambda: None, raising=False)        # Python 2 installs no packages
    monkeypatch.setattr(os, 'fsync', lambda number: None)
    explore(attempt, hostile_targz(packed[1]), cases)


@searches(150, 3000)
def test_checking_packages(packed, cases):
    explore(lambda data: package.read(io.BytesIO(data)), hostile_targz(packed[1]), cases)


@searches(150, 3000)
def test_manifests(packed, cases):
    """All of it can be shown: in one line, without control characters."""
    manifest, members = packed
    contents = {name.split('/', 2)[2]: data for name, data in members}

    def attempt(text):
        line = package.summary(package._checked(dict(contents, **{package.MANIFEST: text})))
        assert all(u' ' <= character <= u'~' for character in line)
    explore(attempt, hostile_json(manifest), cases)


# --- run folders -----------------------------------------------------------------------------------------------------

VERIFICATION = {
    'accuracy': {'packed': 95., 'trained': 96.}, 'agreement': 97., 'confusion': [[2, 1], [0, 3]], 'images': 6,
    'passed': True, 'problems': [], 'reasons': {'rounding': 1}, 'tolerance': 1., 'trained_by_board_rule': 95.5,
    'differences': [{'image': 3, 'label': 1, 'trained': 1, 'board': 0, 'reason': 'rounding'}], 'exact_images': 5,
    'simulator': {'engine': 'c', 'seconds': .5, 'processors': 2}}


@pytest.fixture(scope='module')
def run(tmpdir_factory):
    """A run whose verify.json belongs to its parameters, without a parameter folder or test set, which are slow to read."""
    path = made.make(tmpdir_factory.mktemp('runs'), 'digits-lfcW1A1', count=6)
    files = run_folder.RunFolder(path)
    said = dict(run_folder.read_mapping(files.settings), dataset='digits', weight_bits=1, activation_bits=1)
    put(files.settings, json.dumps(said).encode('ascii'))
    contents = {part: open(os.path.join(files.folder, part), 'rb').read() for part in folder.layout(files.overlay)}
    return files, dict(VERIFICATION, files=package.fingerprint(contents))


def put(path, data):
    with open(path, 'wb') as handle:
        handle.write(data)


@searches(100, 1000)
@pytest.mark.parametrize('name', ['settings.json', 'verify.json'])
def test_json_of_a_run(run, name, cases, monkeypatch):
    """The report and the comparison, which show everything in them."""
    files, verification = run
    parameters = sha256(files.parameters)       # compute once: half of the time
    monkeypatch.setattr(run_folder, 'sha256', lambda path: parameters if path == files.parameters else sha256(path))
    path = os.path.join(files.path, name)
    with open(files.settings, 'rb') as handle:
        settings = handle.read()
    value = run_folder.read_mapping(files.settings) if name == 'settings.json' else verification

    def attempt(data):
        put(path, data)
        pages.page(gather.gather(files.path))
        compare.page([compare.read(files.path)])
    try:
        explore(attempt, hostile_json(value), cases)
    finally:
        put(files.settings, settings)
        if os.path.exists(files.verification):
            os.remove(files.verification)


@searches(150, 3000)
def test_histories(tmpdir, cases):
    path = str(tmpdir.join('history.csv'))
    rows = b'1,0.003,0.28,0.05,7.06,1,7.06,0.05,7.55\n2,3e-05,0.08,0.04,6.51,2,6.51,0.04,6.94\n'
    whole = b','.join(name.encode('ascii') for name in (
        'epoch', 'LR', 'training_loss', 'validation_loss', 'validation_error_rate', 'best_epoch',
        'best_validation_error_rate', 'test_loss', 'test_error_rate')) + b'\n' + rows

    def attempt(data):
        put(path, data)
        run_folder.read_history(path)
    explore(attempt, damaged([whole, whole + rows]), cases)


# --- C ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('name', ['lfcW1A2', 'cnvW2A2'])
@searches(40, 600)
def test_whatever_folder_is_read_can_be_simulated(random_folder, tmpdir, name, cases):
    overlay = OVERLAYS[name]
    path = str(tmpdir.join(name))
    shutil.copytree(random_folder[name], path)
    files = [part for part in folder.layout(overlay) if part.endswith('.bin')]
    some = noise(SHAPES[overlay.net == 'cnv'], 1)

    whole = {part: open(os.path.join(path, part), 'rb').read() for part in files}

    def attempt(case):
        part, data = case
        try:
            put(os.path.join(path, part), data)
            parameters = folder.read(path, overlay)
        finally:
            put(os.path.join(path, part), whole[part])
        try:
            kernel = Kernel(overlay, parameters)
        except NoKernel:
            return
        assert kernel.run(some).shape == (1, overlay.layers[-1].rows)
    explore(attempt, strategies.sampled_from(files).flatmap(
        lambda part: strategies.tuples(strategies.just(part), damaged([whole[part]]).map(
            lambda data: (data + whole[part])[:len(whole[part])]))), cases)     # the right size, to get to the content
