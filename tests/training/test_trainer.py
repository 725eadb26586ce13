"""A run: what each epoch trains on and saves, what ends it, and what it prints."""
from __future__ import absolute_import, division

import io
import os
import sys
import time

import numpy as np
import pytest

from common.errors import UserError
from tests.training import small
from tests.training.runs import BATCH, CLASSES, TEST, TINY, TRAIN, VALID, dataset, history, settings, start
from training import learning, networks, progress, trainer


class Watched(learning.Learner):
    """The learner, which records its calls."""

    steps = evaluations = None      # lists of the class, because a run makes its own learner

    def train(self, images, labels, learning_rate):
        numbers = (images[:, 0, 0, :8] > 0).dot(1 << np.arange(8))
        Watched.steps.append((list(numbers), list(labels), learning_rate))
        return super(Watched, self).train(images, labels, learning_rate)


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(trainer, 'Learner', Watched)
    monkeypatch.setattr(Watched, 'steps', [])
    return Watched


def test_what_an_epoch_trains_on(tmpdir, watched):
    """Every image at most once, the last partial batch left out, in another order each epoch, at the epoch's rate."""
    run = trainer.Run(settings(tmpdir.mkdir('out'), epochs=3), dataset())
    os.makedirs(run.settings.run_folder)
    run()
    assert len(watched.steps) == 3 * (TRAIN // BATCH)
    seen = []
    for epoch in range(3):
        steps = watched.steps[epoch * 2:epoch * 2 + 2]
        numbers = [number for step in steps for number in step[0]]
        assert len(set(numbers)) == len(numbers) == 20 and max(numbers) < TRAIN
        for own, labels, rate in steps:
            assert labels == [number * 7 % CLASSES for number in own]
            assert rate == pytest.approx(.003 * (3e-7 / .003) ** (epoch / 3))
        seen.append(numbers)
    assert seen[0] != seen[1] != seen[2] != seen[0]
    assert sorted(seen[0]) != seen[0], 'shuffled before the first epoch, too'
    assert len(set(sum(seen, []))) > 20, 'other images are left out each time'


def test_the_names_of_the_test_images_files_are_kept(tmpdir, watched):
    names = [u'a/\u732b %d.png' % number for number in range(TEST)]
    for data, expected in ((dataset()._replace(test_files=names), names), (dataset(), None)):
        run = trainer.Run(settings(tmpdir, epochs=1), data)
        run()
        if expected:
            with io.open(run.files.test_files, encoding='utf-8') as handle:
                assert handle.read().split(u'\n') == expected
        else:
            assert not os.path.exists(run.files.test_files)


def test_train_size(tmpdir, watched):
    run = trainer.Run(settings(tmpdir, epochs=1, train_size=100), dataset(train=120))
    os.makedirs(run.settings.run_folder)
    run()
    assert sorted(number for step in watched.steps for number in step[0]) == list(range(100))


class Scripted(Watched):
    """A learner whose validation and test errors are given, in percent, epoch by epoch."""

    valid_errors, test_errors = (50, 50, 60, 40, 45), (30, 20, 0, 10, 0)
    folder = None

    def __init__(self, *arguments):
        super(Scripted, self).__init__(*arguments)
        self.epoch, self.seen, self.saved = -1, [], []

        def outputs(images):
            valid = len(images) == VALID
            self.epoch += valid
            self.seen.append((self.epoch, 'valid' if valid else 'test'))
            self.saved.append(os.path.exists(os.path.join(self.folder, 'made-1w-1a.npz')))
            labels = np.arange(len(images)) * 7 % CLASSES
            errors = (self.valid_errors if valid else self.test_errors)[self.epoch]
            wrong = np.arange(len(images)) < errors / 100. * len(images)
            return np.eye(CLASSES, dtype=np.float32)[np.where(wrong, labels + 1, labels) % CLASSES]
        self.outputs = outputs


def test_the_best_epoch(tmpdir, monkeypatch):
    """An epoch as good as the best so far becomes the best; only then is the test set used and are parameters saved."""
    monkeypatch.setattr(trainer, 'Learner', Scripted)
    monkeypatch.setattr(Watched, 'steps', [])
    run = trainer.Run(settings(tmpdir, epochs=5), dataset())
    os.makedirs(run.settings.run_folder)
    monkeypatch.setattr(Scripted, 'folder', run.settings.run_folder)
    saved = []
    monkeypatch.setattr(trainer.networks, 'parameter_values',
                        lambda network, real=networks.parameter_values: saved.append(run.epoch) or real(network))
    run()
    assert run.learner.seen == [(0, 'valid'), (0, 'test'), (1, 'valid'), (1, 'test'), (2, 'valid'), (3, 'valid'),
                                (3, 'test'), (4, 'valid')]
    assert saved == [0, 1, 3]
    rows = history(run)
    assert [row['epoch'] for row in rows] == [1, 2, 3, 4, 5]
    assert [row['validation_error_rate'] for row in rows] == [50, 50, 60, 40, 45]
    assert [row['best_epoch'] for row in rows] == [1, 2, 2, 4, 4]
    assert [row['best_validation_error_rate'] for row in rows] == [50, 50, 50, 40, 40]
    assert [row['test_error_rate'] for row in rows] == [30, 20, 20, 10, 10]
    with np.load(run.files.test_outputs) as archive:
        assert np.mean(archive['outputs'].argmax(1) != run.data.test.labels) == .1


def test_evaluation_in_batches(tmpdir, monkeypatch):
    run = trainer.Run(settings(tmpdir), dataset())
    run.learner = learning.Learner(run.network)
    whole = run.evaluate(run.data.valid)
    monkeypatch.setitem(trainer.EVALUATION_BATCH, 'lfc', 7)     # 20 images: the last batch has 6
    loss, error, outputs = run.evaluate(run.data.valid)
    np.testing.assert_allclose(outputs, whole[2], rtol=1e-6)
    assert (loss, error) == (pytest.approx(whole[0], rel=1e-6), whole[1])
    targets = np.where(np.arange(CLASSES) == run.data.valid.labels[:, None], 1, -1)
    assert loss == pytest.approx(np.mean(np.maximum(0, 1 - targets * outputs.astype(np.float64)) ** 2), rel=1e-6)
    assert error == 100 * np.mean(outputs.argmax(1) != run.data.valid.labels)


def test_the_first_evaluation_is_of_the_initial_parameters(tmpdir):
    random = np.random.RandomState(9)
    initial = small.random_parameters(small.overlay('lfc', 1, 1, TINY), random)
    run_settings = settings(tmpdir)
    run = trainer.Run(run_settings, dataset(), initial)
    run.learner = learning.Learner(run.network)
    network = networks.build(run_settings.overlay, CLASSES, np.random.RandomState(1))
    networks.set_parameter_values(network, initial)
    expected = learning.Learner(network).outputs(trainer.encode(run.data.valid.images, 'lfc'))
    np.testing.assert_array_equal(run.evaluate(run.data.valid)[2], expected)


def test_a_loss_that_is_no_number(tmpdir):
    run_settings = settings(tmpdir)
    initial = small.random_parameters(run_settings.overlay, np.random.RandomState(1))
    initial[-4][:] = np.inf         # beta of the last layer
    os.makedirs(run_settings.run_folder)
    with pytest.raises(UserError) as caught:
        trainer.Run(run_settings, dataset(), initial)()
    assert 'in epoch 1, batch 1' in str(caught.value) and 'the loss is' in str(caught.value)
    assert not os.path.exists(os.path.join(run_settings.run_folder, 'checkpoint.npz'))


def test_too_few_images(tmpdir):
    with pytest.raises(UserError) as caught:
        trainer.Run(settings(tmpdir), dataset(train=9))
    assert '9 training images are fewer than one batch of 10: 1 more are needed' in str(caught.value)


def test_images_that_fill_no_batch_are_told(tmpdir, capsys):
    assert start(settings(tmpdir, epochs=1))
    assert '3 of the 23 training images, different ones each epoch, are left out' in capsys.readouterr()[1]


# --- what it prints -------------------------------------------------------------------------------------------------

def test_lines_of_progress(tmpdir, monkeypatch, capsys):
    monkeypatch.setattr(progress, 'LINE_SECONDS', -1)
    run_settings = settings(tmpdir, epochs=1)
    assert start(run_settings)
    lines = [line for line in capsys.readouterr()[0].split('\n') if 'images/s' in line]
    assert len(lines) == 2
    assert lines[0].startswith('  epoch 1 of 1: 10 of 20 images, ')
    assert ', loss ' in lines[0] and ' left for the run' in lines[0]
    assert lines[1].startswith('  epoch 1 of 1: 20 of 20 images, ') and lines[1].endswith(', 0:00:00 left for the run')
    with open(os.path.join(run_settings.run_folder, 'train.log')) as handle:
        assert 'images/s' not in handle.read()


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def write(self, text):
        super(Terminal, self).write(text if isinstance(text, type(u'')) else text.decode('utf-8'))


class Slow(learning.Learner):
    def train(self, *arguments):
        time.sleep(.12)             # tqdm shows nothing in the first tenth of a second
        return super(Slow, self).train(*arguments)


def test_bar_on_a_terminal(tmpdir, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, 'stderr', terminal)
    monkeypatch.setattr(trainer, 'Learner', Slow)
    assert start(settings(tmpdir))
    shown = terminal.getvalue()
    assert 'Epoch 1 of 2' in shown and 'Epoch 2 of 2' in shown
    assert 'images' in shown and 'loss ' in shown and ' left for the run' in shown
