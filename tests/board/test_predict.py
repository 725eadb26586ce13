"""A packaged network's answers to pictures."""
from __future__ import absolute_import

import json
import os
import sys
import tarfile
import tempfile

import numpy as np
import pytest

from board import package, predict, seen
from board.simulator import Simulator, answers
from common.errors import run
from common.overlays import OVERLAYS
from common.run_folder import PRETRAINED
from datasets import inputs, pictures
from datasets.fitting import Fitting
from tests.board import networks, runs
from tests.shared import ROOT


@pytest.fixture(scope='module', params=['mnist-lfcW1A2', 'cifar10-cnvW1A1'])
def packaged(request, tmpdir_factory):
    """A run, and its package."""
    path = runs.make(tmpdir_factory.mktemp('predict'), request.param)
    package.build_run(path)
    return path, os.path.join(path, request.param + '.tar.gz')


def outcome(capsys, path, file):
    status = run(predict.main, ['--package', str(path), '--images', str(file)])
    return (status,) + tuple(capsys.readouterr())


def test_as_the_simulator_on_the_folder(packaged, capsys, tmpdir):
    path, file = packaged
    overlay = OVERLAYS[os.path.basename(path).split('-')[1]]
    some = networks.images(overlay, 9, seed=3)
    np.save(str(tmpdir.join('images.npy')), some)
    simulator = Simulator(os.path.join(path, overlay.name), overlay)
    expected = [simulator.classes[index] for index in answers(overlay, simulator.scores(some))]
    assert outcome(capsys, file, tmpdir.join('images.npy')) [:2] == (0, u''.join(name + u'\n' for name in expected))


def test_one_picture_is_ranked(packaged, capsys, tmpdir, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmpdir))
    status, printed, _ = outcome(capsys, packaged[1], os.path.join(ROOT, 'docs', 'seven.png'))
    lines = printed.splitlines()
    answer = lines[0].split('seven.png: answer ')[1]
    assert status == 0 and lines[1].startswith('by ') and 'not verified' in lines[1]
    assert [line for line in lines[3:] if 'bits are set' not in line][0].startswith(answer)
    assert tmpdir.listdir() == []
    overlay = OVERLAYS[os.path.basename(packaged[0]).split('-')[1]]
    place = lines.index('what the network saw:')
    image = inputs.read(os.path.join(ROOT, 'docs', 'seven.png'), overlay.image_shape)[0]
    assert lines[place + 1:] == seen.lines(image, overlay.net, sys.stdout)
    assert ('(a bit for each class, 1 for yes; the board answers the highest that is set)' in lines[:place]) == (
        overlay.net == 'lfc')


def test_own_arrays_of_any_kind(packaged, capsys, tmpdir):
    overlay = OVERLAYS[os.path.basename(packaged[0]).split('-')[1]]
    some = networks.images(overlay, 9, seed=3)
    planes = some.transpose(0, 3, 1, 2) if some.ndim == 4 else some[:, None]
    np.save(str(tmpdir.join('plain.npy')), some)
    np.savez(str(tmpdir.join('own.npz')), x_train=some[:1], x_test=(planes / 127.5 - 1).astype(np.float32))
    plain = outcome(capsys, packaged[1], tmpdir.join('plain.npy'))
    own = outcome(capsys, packaged[1], tmpdir.join('own.npz'))
    assert own[:2] == plain[:2] and 'taken as -1 (black) to 1 (white)' in own[2]


def test_own_pictures_are_fitted_as_in_training():
    assert predict.fitting({'settings': {'threshold': 60, 'invert': 'no'}}) == ('no', 60)
    for manifest in ({}, {'settings': None}, {'settings': {'threshold': '60', 'invert': 3}},
                     {'settings': {'threshold': 256}}):
        assert predict.fitting(manifest) == (None, None)
    picture = os.path.join(ROOT, 'docs', 'seven.png')
    for threshold in (None, 60):
        fitted = Fitting('lfc', threshold)
        expected = fitted.picture(*pictures.decode(open(picture, 'rb')))
        assert np.array_equal(inputs.read(picture, (28, 28), 'auto', threshold)[0], expected)
        assert set(np.unique(expected)) == {0, 255}
    inverted = inputs.read(picture, (28, 28), 'yes')[0]
    assert not np.array_equal(inverted, inputs.read(picture, (28, 28), 'no')[0])


@pytest.mark.parametrize('invert, threshold', [('auto', 128), ('yes', 100), ('no', 60)])
def test_own_arrays_are_fitted_as_in_training(tmpdir, invert, threshold):
    """Ink on paper is decided for all images of a file at once; those like MNIST's stay unchanged."""
    grey = np.random.RandomState(4).randint(0, 256, (30, 28, 28)).astype(np.uint8)
    grey[1:, [0, -1]] = grey[1:, :, [0, -1]] = 250          # only the first has no bright border
    path = str(tmpdir.join('ink.npy'))
    np.save(path, grey)
    expected = Fitting('lfc', threshold, invert).images(grey)
    assert np.array_equal(inputs.read(path, (28, 28), invert, threshold), expected)
    assert np.array_equal(inputs.read(path, (28, 28)), grey)


@pytest.mark.parametrize('damage, message', [
    (lambda data: data[:-1000], 'damaged'), (lambda data: b'', 'damaged'), (lambda data: None, 'No such file')])
def test_packages_that_are_none(packaged, capsys, tmpdir, damage, message):
    file = tmpdir.join('mnist.tar.gz')
    with open(packaged[1], 'rb') as handle:
        data = damage(handle.read())
    if data is not None:
        file.write_binary(data)
    status, printed, error = outcome(capsys, file, os.path.join(ROOT, 'docs', 'seven.png'))
    assert (status, printed, error.count('\n')) == (1, '', 1)
    assert str(file) in error and message in error


@pytest.mark.parametrize('name', sorted(name for name in os.listdir(PRETRAINED) if name.endswith('.tar.gz')))
def test_what_comes_with_the_project(name, capsys, tmpdir):
    """It answers its own samples as its manifest says."""
    with tarfile.open(os.path.join(PRETRAINED, name)) as archive:
        members = {os.path.basename(member.name): archive.extractfile(member).read() for member in archive
                   if '/samples/' in member.name}
    expected = json.loads(members.pop('answers.json').decode('ascii'))['answers']
    (file, images), = members.items()
    tmpdir.join(file).write_binary(images)
    status, printed, _ = outcome(capsys, os.path.join(PRETRAINED, name), tmpdir.join(file))
    titles = OVERLAYS[name.split('-')[1].split('.')[0]].network.classes
    assert status == 0 and printed.splitlines() == [titles[answer] for answer in expected]


@pytest.mark.parametrize('name, accuracy', [('mnist-lfcW1A1', '99.10'), ('mnist-lfcW1A2', '99.20')])
def test_the_first_minute(name, accuracy, capsys):
    file = os.path.join(PRETRAINED, name + '.tar.gz')
    lines = outcome(capsys, file, os.path.join(ROOT, 'docs', 'seven.png'))[1].splitlines()
    assert lines[0] == 'seven.png: answer 7' and 'trained on mnist, %s %%' % accuracy in lines[1]
