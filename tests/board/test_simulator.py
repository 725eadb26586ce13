"""The simulator's answers compared with BNN-PYNQ's own software runtime, and its command line."""
from __future__ import absolute_import, division

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from board import reference, simulator
from board.simulator import Simulator, answers
from common.overlays import OVERLAYS
from tests.board import networks
from tests.shared import ROOT, SHARED

CNVS = [name for name in OVERLAYS if name.startswith('cnv')]
LFCS = [name for name in OVERLAYS if name.startswith('lfc')]
MNIST = os.path.join(SHARED, 'data', 'mnist.npz')


@pytest.mark.parametrize('name', CNVS)
def test_every_published_score(published, golden, name):
    expected = golden[name + '_scores']
    scores = Simulator(published[name], OVERLAYS[name]).scores(golden['cifar10_images'][:len(expected)])
    assert scores.dtype == np.int32
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize('name', LFCS)
def test_every_published_class(published, golden, name):
    overlay = OVERLAYS[name]
    scores = Simulator(published[name], overlay).scores(golden['mnist_images'])
    np.testing.assert_array_equal(answers(overlay, scores), golden[name + '_class'])


@pytest.mark.skipif(not os.path.exists(MNIST), reason='no MNIST: %s is not there' % MNIST)
@pytest.mark.parametrize('name, right', [('lfcW1A1', 9840), ('lfcW1A2', 9849)])
def test_published_accuracy(published, name, right):
    with np.load(MNIST) as archive:
        images, labels = archive['x_test'], archive['y_test']
    scores = Simulator(published[name], OVERLAYS[name]).scores(images)
    assert (answers(OVERLAYS[name], scores) == labels).sum() == right


def test_rule_of_each_network():
    cnv = np.array([[3, 7, 7], [-1, -2, -1]])
    lfc = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 1]])
    assert answers(OVERLAYS['cnvW1A2'], cnv).tolist() == [1, 0]
    assert answers(OVERLAYS['lfcW1A2'], lfc).tolist() == [0, 0, 1, 2]


def test_ranking_begins_with_the_answer():
    names = [u'a', u'b', u'c', u'd']
    for net, scores in [('cnvW1A1', [3, 9, 9, 1]), ('lfcW1A1', [0, 1, 1, 0]), ('lfcW1A1', [0, 0, 0, 0]),
                        ('cnvW1A1', [5, 5, 5, 5])]:
        lines = simulator.ranking(OVERLAYS[net], names, np.array(scores))
        assert lines[0][0] == names[answers(OVERLAYS[net], np.array([scores]))[0]]
        assert sorted(line[0] for line in lines[:4]) == names
    lines = simulator.ranking(OVERLAYS['cnvW1A1'], names, np.array([3, 9, 9, 1]))
    assert [line.count(u'#') for line in lines] == [40, 40, 10, 0]
    assert [line[0] for line in lines] == [u'b', u'c', u'a', u'd']


def command(*arguments, **options):
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, 'board', 'simulator.py')] + list(arguments),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate()
    return process.returncode, out.decode('utf-8'), err.decode('utf-8')


@pytest.mark.parametrize('name', ['lfcW1A2', 'cnvW2A2'])
def test_command_line_prints_what_the_functions_return(random_folder, tmpdir, name):
    overlay = OVERLAYS[name]
    path = str(tmpdir.join('images.npy'))
    images = networks.images(overlay, 3, 1)
    np.save(path, images)
    scores = Simulator(random_folder[name], overlay).scores(images)
    call = ['--net', name, '--params', random_folder[name], '--images', path]
    status, out, err = command(*call, cwd=str(tmpdir))
    assert (status, err) == (0, '')
    assert out == ''.join('%d\n' % index for index in answers(overlay, scores))
    status, out, err = command('--scores', *call)
    assert (status, err) == (0, '')
    assert [line.split(' ') for line in out.splitlines()] == [[str(s) for s in row] for row in scores]
    assert scores.shape == (3, 10)


def test_one_picture_is_ranked_on_a_terminal_and_plain_in_a_pipe(random_folder, tmpdir):
    Image = pytest.importorskip('PIL.Image')
    pty = pytest.importorskip('pty')
    path = str(tmpdir.join('picture.png'))
    Image.fromarray(np.arange(60 * 90 * 3).astype(np.uint8).reshape(60, 90, 3)).save(path)
    call = ['--net', 'cnvW1A1', '--params', random_folder['cnvW1A1'], '--images', path]
    status, plain, _ = command(*call)
    assert status == 0 and plain.strip().isdigit()
    status, ranked, _ = command('--rank', *call)
    assert status == 0 and ranked.startswith('class' + plain.strip()) and len(ranked.splitlines()) == 10
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, os.path.join(ROOT, 'board', 'simulator.py')] + call, stdout=slave)
    assert process.wait() == 0
    assert os.read(master, 10000).decode('utf-8').replace('\r\n', '\n') == ranked
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize('change, words', [
    (['--net', 'cnvW2A1'], 'invalid choice'),
    (['--net', 'cnvW1A2'], '0-0-weights.bin'),
    (['--params', 'nowhere'], 'no such folder'),
    (['--images', 'nowhere.png'], 'nowhere.png'),
    (['--images', os.path.dirname(__file__)], 'tests'),
    (['--images', os.path.abspath(__file__)], 'not an image file'),
    (['--rank'], 'holds 2 images'),
])
def test_errors_are_one_line(random_folder, tmpdir, change, words):
    path = str(tmpdir.join('images.npy'))
    np.save(path, networks.images(OVERLAYS['lfcW1A1'], 2, 1))
    status, out, err = command('--net', 'lfcW1A1', '--params', random_folder['lfcW1A1'], '--images', path, *change)
    assert status not in (0, None) and out == ''
    assert words in err and len(err.splitlines()) == 1 and 'Traceback' not in err


def test_class_names_that_the_terminal_cannot_show(random_folder, tmpdir):
    copy = str(tmpdir.join('net'))
    shutil.copytree(random_folder['lfcW1A1'], copy)
    tmpdir.join('net', 'classes.txt').write_binary(u'gr\xfcn\nblau'.encode('utf-8'))
    path = str(tmpdir.join('images.npy'))
    np.save(path, networks.images(OVERLAYS['lfcW1A1'], 1, 1))
    status, out, _ = command('--net', 'lfcW1A1', '--params', copy, '--images', path, '--rank',
                             env=dict(os.environ, PYTHONIOENCODING='ascii'))
    assert status == 0 and 'gr?n' in out


@pytest.mark.parametrize('engine', ['auto', 'numpy'])
@pytest.mark.parametrize('count', [1, 5, 64])
@pytest.mark.parametrize('name', ['lfcW1A1', 'cnvW1A2'])
def test_there_is_a_score_for_each_class(tmpdir, name, count, engine):
    overlay = OVERLAYS[name]
    layers = networks.parameters(overlay, 1)
    images = networks.images(overlay, 2, 1)
    loaded = Simulator(networks.write(str(tmpdir.join('net')), overlay, layers, count), overlay, engine)
    np.testing.assert_array_equal(loaded.scores(images), reference.run(overlay, layers, images)[:, :count])
