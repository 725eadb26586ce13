"""A packed network on a whole test set."""
from __future__ import absolute_import

import os

import numpy as np
import pytest

from board import evaluate, predict
from board.simulator import answers
from common import statistics
from common.errors import run
from datasets.pictures import frame
from tests.shared import ROOT

PACKAGE = os.path.join(ROOT, 'pretrained', 'mnist-lfcW1A1.tar.gz')


@pytest.fixture(scope='module')
def simulator():
    return predict.load(PACKAGE)[1]


def images(count):
    """Black and white noise, which the network puts into several classes."""
    return np.where(np.random.RandomState(7).uniform(size=(count, 28, 28)) < .2, 255, 0).astype(np.uint8)


def test_counts(simulator):
    some = images(40)
    given = answers(simulator.overlay, simulator.scores(some))
    labels = np.where(np.arange(40) < 30, given, (given + 1) % 10)
    result = evaluate.evaluate(simulator, some, labels)
    assert (result['images'], result['right'], result['accuracy']) == (40, 30, 75)
    assert (result['low'], result['high']) == statistics.wilson(30, 40)
    confusion = np.array(result['confusion'])
    assert confusion.sum() == 40 and confusion.trace() == 30
    assert [row.sum() for row in confusion] == np.bincount(labels, minlength=10).tolist()
    text = u'\n'.join(evaluate.lines(result, simulator.classes))
    assert text.startswith(u'75.0 % of 40 images right (95 % interval 59.8 to 85.8)')
    label, answer = labels[30], given[30]
    assert u'%s as %s %d' % (simulator.classes[label], simulator.classes[answer], confusion[label, answer]) in text


def test_grey_images_for_cnv_stand_in_a_frame_as_in_training():
    simulator = predict.load(os.path.join(ROOT, 'pretrained', 'cifar10-cnvW1A1.tar.gz'))[1]
    some = images(5)
    labels = answers(simulator.overlay, simulator.scores(frame(some)))
    assert evaluate.evaluate(simulator, some, labels)['right'] == 5


def test_the_set_that_comes_with_the_project(tmpdir, capsys, simulator):
    some = images(60)
    labels = answers(simulator.overlay, simulator.scores(some))
    labels[:6] = (labels[:6] + 1) % 10
    train = np.zeros((60000, 28, 28), np.uint8)
    np.savez(str(tmpdir.join('mnist.npz')), x_train=train, y_train=np.arange(60000) % 10, x_test=some, y_test=labels)
    status = run(evaluate.main, ['--package', PACKAGE, '--data-dir', str(tmpdir)])
    printed, errors = capsys.readouterr()
    assert (status, errors) == (0, '')
    assert 'original/lfcW1A1' in printed and '90.0 % of 60 images right' in printed


@pytest.mark.parametrize('arguments, said', [
    (['--package', PACKAGE, '--data-dir', 'nowhere'], 'nowhere'),
    (['--package', PACKAGE, '--dataset', 'fashion'], 'fashion'),
    (['--net', 'cnv', '-wb', '2', '-ab', '2', '--dataset', 'svhn'], 'make all'),
])
def test_bad_input(arguments, said, capsys):
    status = run(evaluate.main, arguments)
    errors = capsys.readouterr()[1]
    assert status == 1 and said in errors and len(errors.splitlines()) == 1
