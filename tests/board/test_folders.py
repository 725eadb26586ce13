# -*- coding: utf-8 -*-
"""Predicting folders and zip files: a table, an accuracy if folders name the classes, and what was left out."""
from __future__ import absolute_import, division

import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from board import folders, package, predict
from board.simulator import Simulator, answers
from common.errors import run
from common.overlays import OVERLAYS
from datasets import inputs
from tests.board import runs
from tests.shared import ROOT


@pytest.fixture(scope='module', params=['mnist-lfcW1A1', 'cifar10-cnvW1A2'])
def packaged(request, tmpdir_factory):
    """A run, and its package."""
    path = runs.make(tmpdir_factory.mktemp('folders'), request.param)
    package.build_run(path)
    return path, os.path.join(path, request.param + '.tar.gz')


@pytest.fixture
def answered(packaged, tmpdir):
    """A simulator, a folder with 12 pictures in upper-case class folders, and the answer to each."""
    overlay = OVERLAYS[os.path.basename(packaged[0]).split('-')[1]]
    simulator = Simulator(os.path.join(packaged[0], overlay.name), overlay)
    root, expected = tmpdir.join('photos'), {}
    for number in range(12):
        name = '%s/%d.png' % (simulator.classes[number % 3].upper(), number)
        path = root.join(*name.split('/')).ensure()
        picture = np.random.RandomState(number).randint(0, 256, (40, 50, 3)).astype(np.uint8)
        Image.fromarray(np.kron(picture[::8, ::8], np.ones((8, 8, 1), np.uint8))).save(str(path))
        scores = simulator.scores(inputs.read(str(path), overlay.image_shape, 'auto'))
        expected[name] = int(answers(overlay, scores)[0])
    return simulator, root, expected


def outcome(capsys, file, images, *options):
    status = run(predict.main, ['--package', str(file), '--images', str(images)] + list(options))
    return (status,) + tuple(capsys.readouterr())


def test_class_folders_give_an_accuracy_and_the_mistakes(packaged, answered, capsys, tmpdir):
    simulator, root, expected = answered
    right = {name: simulator.classes[label].upper() == name.split('/')[0] for name, label in expected.items()}
    status, printed, told = outcome(capsys, packaged[1], root)
    lines = printed.splitlines()
    assert status == 0 and lines[0].split() == ['class', 'pictures', 'right']
    total = sum(right.values())
    assert ['all', '12', '%d' % total, '%.2f' % (100. * total / 12), '%'] in [line.split() for line in lines]
    for title in simulator.classes[:3]:
        of = [good for name, good in right.items() if name.startswith(title.upper() + '/')]
        assert [title, '4', '%d' % sum(of), '%.2f' % (25. * sum(of)), '%'] in [line.split() for line in lines]
    mistakes = dict(line.split(None, 1) for line in lines[lines.index('mistakes:') + 1:])
    assert mistakes == {name: simulator.classes[label] for name, label in expected.items() if not right[name]}
    assert told.startswith('by ')
    with zipfile.ZipFile(str(tmpdir.join('photos.zip')), 'w') as archive:
        for name in expected:
            archive.write(str(root.join(*name.split('/'))), 'photos/' + name)
    os.environ['XDG_CACHE_HOME'], before = str(tmpdir.join('cache')), os.environ.get('XDG_CACHE_HOME')
    try:
        assert outcome(capsys, packaged[1], tmpdir.join('photos.zip'))[:2] == (0, printed)
    finally:
        os.environ.pop('XDG_CACHE_HOME')
        if before is not None:
            os.environ['XDG_CACHE_HOME'] = before


def test_pictures_without_class_folders_give_a_table(packaged, answered, capsys):
    simulator, root, expected = answered
    for name in expected:
        shutil.move(str(root.join(*name.split('/'))), str(root.join(name.split('/')[1])))
    root.join('notes.txt').write('x')
    root.join('broken.png').write('x')
    root.join('.hidden.png').write('x')
    other = os.path.join(str(root).encode('utf-8'), u'\xfcber'.encode('utf-8'))
    os.mkdir(other)
    os.rename(str(root.join('11.png')).encode('utf-8'), os.path.join(other, b'11.png'))
    status, printed, told = outcome(capsys, packaged[1], root)
    table = dict(line.rsplit(None, 1) for line in printed.splitlines())
    assert status == 0 and {name.split('/')[-1]: label for name, label in table.items()} == {
        name.split('/')[1]: simulator.classes[label] for name, label in expected.items()}
    assert 'broken.png cannot be read and is left out' in told and '1 files are not pictures' in told
    assert 'pictures in folders not named after a class' in told and 'hidden' not in told + printed


def test_nothing_to_answer(packaged, tmpdir, capsys):
    tmpdir.join('empty').mkdir()
    for make in (lambda: None, lambda: tmpdir.join('empty', 'a.png').write('x'),
                 lambda: tmpdir.join('empty', 'b').mkdir()):
        make()
        status, printed, told = outcome(capsys, packaged[1], tmpdir.join('empty'))
        assert (status, printed, told.count('\n')) == (1, '', 1) and 'no picture that can be read' in told


def test_the_innermost_folder_of_a_class_decides():
    decomposed = 'cat/CAFE\xcc\x81/x.png' if str is bytes else u'cat/CAFE\u0301/x.png'
    labels = [folders._label(path, [u'cat', u'caf\xe9']) for path in (
        decomposed, 'caf/cat/train/x.png', 'x.png', 'dog/x.png')]
    assert labels == [1, 0, None, None]
    labels = [folders._label(path, [u'A', u'a', u'B']) for path in ('A/x.png', 'a/x.png', 'b/x.png', 'B/A/x.png')]
    assert labels == [0, 1, 2, 0]


def test_names_of_files_cannot_move_the_terminal(packaged, answered, tmpdir):
    folder = tmpdir.mkdir('two')
    shutil.copy(os.path.join(ROOT, 'docs', 'seven.png'), str(folder.join('a\x1b[31m.png')))
    folder.join('b\x1b[31m.png').write('no picture')
    found = folders.read(str(folder), answered[0])
    told = folders.lines(found, answered[0]) + folders.remarks(found, answered[0])
    assert len(told) == 2 and all('?[31m.png' in line and '\x1b' not in line for line in told)


def test_what_was_seen_is_written(packaged, answered, capsys, tmpdir):
    simulator, root, expected = answered
    out = tmpdir.join('seen.png')
    assert outcome(capsys, packaged[1], root, '--preview', str(out))[0] == 0
    sheet = np.array(Image.open(str(out)))
    assert sheet.shape[0] > 160 * len(set(expected.values()))
    name = sorted(expected)[0]
    from datasets.preview import seen
    image = inputs.read(str(root.join(*name.split('/'))), simulator.overlay.image_shape, 'auto')[0]
    large = np.array(Image.fromarray(seen(image, simulator.overlay.net)).resize((64, 64), Image.NEAREST))
    assert any(np.array_equal(sheet[row:row + 64, column:column + 64], large)
               for row in range(sheet.shape[0] - 63) for column in range(6, sheet.shape[1] - 63, 70))
    assert outcome(capsys, packaged[1], root.join(*name.split('/')), '--preview', str(out))[0] == 0
    assert np.array(Image.open(str(out))).shape != sheet.shape
    status, printed, told = outcome(capsys, packaged[1], root, '--preview', str(tmpdir))
    assert (status, printed) == (1, '') and 'is a folder: name a file' in told
