"""A run in this process, on a network small enough to be stopped at every single place."""
from __future__ import absolute_import, division

import csv
import io
import os
import signal
import sys
import time

import numpy as np
import pytest

from common.errors import UserError
from common.overlays import LFC
from datasets.images import Dataset, Images
from tests.training import small
from training import checkpoint, learning, networks, progress, trainer
from training.settings import Settings

TRAIN, VALID, TEST, BATCH, CLASSES = 23, 20, 30, 10, 4
TINY = {'lfc': LFC._replace(units=((784, 16), (16, None)))}
WRITTEN = ('made-1w-1a.npz', 'history.csv', 'test-outputs.npz', 'test-set.npz', 'classes.txt', 'settings.json')


def settings(out, epochs=2, net='lfc', **options):
    """Settings of a small network on batches of ten."""
    result = Settings(net, 1, 1, dataset='made', epochs=epochs, out=str(out), **options)
    return result._replace(overlay=small.overlay(net, 1, 1, TINY), network=result.network._replace(batch_size=BATCH))


def dataset(train=TRAIN):
    random = np.random.RandomState(5)
    parts = []
    for count in (train, VALID, TEST):
        images = random.randint(0, 256, (count, 28, 28)).astype(np.uint8)
        for bit in range(8):        # the first eight pixels say which image it is
            images[:, 0, bit] = 255 * (np.arange(count) >> bit & 1)
        parts.append(Images(images, (np.arange(count) * 7 % CLASSES).astype(np.uint8)))
    return Dataset('made', parts[0], parts[1], parts[2], [u'a', u'b', u'c', u'd'])


class Watched(learning.Learner):
    """The learner, and what it was asked for."""

    steps = evaluations = None      # lists, of the class: a run makes its own learner

    def train(self, images, labels, learning_rate):
        numbers = (images[:, 0, 0, :8] > 0).dot(1 << np.arange(8))
        Watched.steps.append((list(numbers), list(labels), learning_rate))
        return super(Watched, self).train(images, labels, learning_rate)


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(trainer, 'Learner', Watched)
    monkeypatch.setattr(Watched, 'steps', [])
    return Watched


def history(run):
    with open(run.files.history) as handle:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(handle)]


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
    """An epoch as good as the best so far takes its place; only then are test set and parameters looked at."""
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
    of = settings(tmpdir)
    run = trainer.Run(of, dataset(), initial)
    run.learner = learning.Learner(run.network)
    network = networks.build(of.overlay, CLASSES, np.random.RandomState(1))
    networks.set_parameter_values(network, initial)
    expected = learning.Learner(network).outputs(trainer.encode(run.data.valid.images, 'lfc'))
    np.testing.assert_array_equal(run.evaluate(run.data.valid)[2], expected)


# --- stopping and resuming -------------------------------------------------------------------------------------------

class Interrupts(object):
    """Sends this process a SIGTERM before the step or evaluation of a number, and counts them."""

    def __init__(self, monkeypatch, at=None):
        self.at, self.count = at, 0
        interrupts = self

        class Learner(learning.Learner):
            def __init__(self, *arguments):
                super(Learner, self).__init__(*arguments)
                compiled, self.outputs = self.outputs, lambda images: interrupts.passing() or compiled(images)

            def train(self, *arguments):
                interrupts.passing()
                return super(Learner, self).train(*arguments)
        monkeypatch.setattr(trainer, 'Learner', Learner)

    def passing(self):
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGTERM)


def contents(folder):
    """The bytes of what a run writes, and its log but for times and paths."""
    result = {}
    for name in WRITTEN:
        with open(os.path.join(folder, name), 'rb') as handle:
            result[name] = handle.read()
    with open(os.path.join(folder, 'train.log')) as handle:
        result['train.log'] = [line for line in handle if not line.startswith(('Epoch', 'save_path'))]
    return result


def start(of, resume=False, data=None):
    """Run, or resume; whether it came to the end."""
    if not os.path.isdir(of.run_folder):
        os.makedirs(of.run_folder)
    try:
        trainer.Run(of, data or dataset())(resume)
    except trainer.Stopped:
        return False
    return True


@pytest.mark.parametrize('options', [dict(), dict(recipe='best', seed=3)], ids=['original', 'best'])
def test_stopped_at_every_place(tmpdir, monkeypatch, options):
    """At every batch and every evaluation of two epochs, one after the other: the same bytes as without."""
    interrupts = Interrupts(monkeypatch)
    whole = settings(tmpdir.mkdir('whole'), **options)
    assert start(whole)
    assert interrupts.count == 2 * (2 + 2)      # batches, validation and test; the second epoch is the best here

    stopped = settings(tmpdir.mkdir('stopped'), **options)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    for at, epoch, batch in ((1, 0, 1), (1, 0, 2), (1, 0, 2), (2, 0, 2), (3, 1, 1), (1, 1, 2), (1, 1, 2), (2, 1, 2)):
        interrupts.count, interrupts.at = 0, at     # from where it was stopped: an evaluation starts again
        assert not start(stopped, resume=True)
        assert list(contents_of_checkpoint(stopped)['position'][:2]) == [epoch, batch]
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    interrupts.at = None
    assert start(stopped, resume=True)
    assert contents(stopped.run_folder) == contents(whole.run_folder)


def contents_of_checkpoint(of):
    return checkpoint.load(os.path.join(of.run_folder, 'checkpoint.npz'))[0]


def test_stopped_before_the_first_checkpoint(tmpdir, monkeypatch):
    """Resuming is starting again, with one beginning in train.log."""
    whole, cut = settings(tmpdir.mkdir('whole'), epochs=1), settings(tmpdir.mkdir('cut'), epochs=1)
    assert start(whole)

    class Killed(learning.Learner):
        def train(self, *arguments):
            raise MemoryError
    with monkeypatch.context() as patch:
        patch.setattr(trainer, 'Learner', Killed)
        with pytest.raises(MemoryError):
            start(cut)
    assert start(cut, resume=True)
    assert contents(cut.run_folder) == contents(whole.run_folder)


def refused(of, **options):
    """The message with which resuming is refused."""
    with pytest.raises(UserError) as caught:
        start(of, resume=True, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_other_settings_are_refused(tmpdir, monkeypatch):
    Interrupts(monkeypatch, at=2)
    assert not start(settings(tmpdir))
    assert 'seed was 1234, is 5' in refused(settings(tmpdir, seed=5))
    message = refused(settings(tmpdir, epochs=9))
    assert 'epochs was 2, is 9' in message and '--init' in message
    assert 'train_size was None, is 100' in refused(settings(tmpdir, train_size=100))
    changed = settings(tmpdir)              # the recipe of a later version of this program
    changed = changed._replace(network=changed.network._replace(LR_start=.01))
    assert 'LR_start was 0.003, is 0.01' in refused(changed)
    other = dataset()
    other.train.images[0, 5, 5] ^= 255
    message = refused(settings(tmpdir), data=other)
    assert 'data (SHA-256) was' in message and 'seed' not in message
    assert start(settings(tmpdir), resume=True)


def test_checkpoints_of_another_version_are_refused(tmpdir, monkeypatch):
    """Whole files, with the same settings, whose state is laid out otherwise."""
    Interrupts(monkeypatch, at=2)
    of = settings(tmpdir)
    assert not start(of)
    path = os.path.join(of.run_folder, 'checkpoint.npz')
    arrays = contents_of_checkpoint(of)
    first = arrays['variable_0']
    for change in ({'variable_0': first[:-1]}, {'variable_0': first.astype(np.float64)}, {'variable_0': None},
                   {'variable_999': first}, {'identity': None}, {'best_sha256': None}, {'order': None},
                   {'position': np.array([1, 2])}, {'history': np.zeros((1, 8))}, {'identity': np.array(7)}):
        changed = dict(arrays, **change)
        checkpoint.save(path, {name: array for name, array in changed.items() if array is not None})
        assert 'was written by another version of this program' in refused(of), change
    checkpoint.save(path, arrays)
    assert start(of, resume=True)


def test_the_best_parameters_are_lost(tmpdir, monkeypatch):
    """No checkpoint holds them: a run without them is not finished."""
    of = settings(tmpdir)
    Interrupts(monkeypatch, at=6)           # in the second epoch, behind the first's evaluations
    assert not start(of, resume=True)
    with open(of.save_path, 'rb') as handle:
        kept = handle.read()
    os.remove(of.save_path)
    assert refused(of).startswith('%s is missing' % of.save_path)
    with open(of.save_path, 'wb') as handle:
        handle.write(kept)
    Interrupts(monkeypatch)
    assert start(of, resume=True) and start(of, resume=True)
    with open(of.save_path, 'ab') as handle:
        handle.write(b'more')
    message = refused(of)
    assert message.startswith('%s was changed since it was written' % of.save_path) and 'best epoch, 2' in message


def test_nobody_reads_the_output(tmpdir, monkeypatch):
    """| head: the run stops as it does when it is asked to."""
    whole, cut = settings(tmpdir.mkdir('whole')), settings(tmpdir.mkdir('cut'))
    assert start(whole)
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'stdout', os.fdopen(writing, 'w'))
        assert not start(cut)
        assert start(cut, resume=True)      # into what has become a null device
        sys.stdout.close()
    assert contents(cut.run_folder) == contents(whole.run_folder)


def test_a_loss_that_is_no_number(tmpdir):
    of = settings(tmpdir)
    initial = small.random_parameters(of.overlay, np.random.RandomState(1))
    initial[-4][:] = np.inf         # beta of the last layer
    os.makedirs(of.run_folder)
    with pytest.raises(UserError) as caught:
        trainer.Run(of, dataset(), initial)()
    assert 'in epoch 1, batch 1' in str(caught.value) and 'the loss is' in str(caught.value)
    assert not os.path.exists(os.path.join(of.run_folder, 'checkpoint.npz'))


def test_too_few_images(tmpdir):
    with pytest.raises(UserError) as caught:
        trainer.Run(settings(tmpdir), dataset(train=9))
    assert '9 training images are fewer than one batch of 10: 1 more are needed' in str(caught.value)


def test_images_that_fill_no_batch_are_told(tmpdir, capsys):
    assert start(settings(tmpdir, epochs=1))
    assert '3 of the 23 training images, others each epoch, are left out' in capsys.readouterr()[1]


# --- what is seen meanwhile ------------------------------------------------------------------------------------------

def test_lines_of_progress(tmpdir, monkeypatch, capsys):
    monkeypatch.setattr(progress, 'LINE_SECONDS', -1)
    of = settings(tmpdir, epochs=1)
    assert start(of)
    lines = [line for line in capsys.readouterr()[0].split('\n') if 'images/s' in line]
    assert len(lines) == 2
    assert lines[0].startswith('  epoch 1 of 1: 10 of 20 images, ')
    assert ', loss ' in lines[0] and 'run ends in 0:' in lines[0]
    assert lines[1].startswith('  epoch 1 of 1: 20 of 20 images, ') and lines[1].endswith('run ends in 0:00:00')
    with open(os.path.join(of.run_folder, 'train.log')) as handle:
        assert 'images/s' not in handle.read()


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def write(self, text):
        super(Terminal, self).write(text if isinstance(text, type(u'')) else text.decode('utf-8'))


class Slow(learning.Learner):
    def train(self, *arguments):
        time.sleep(.12)             # tqdm shows nothing that is younger than a tenth of a second
        return super(Slow, self).train(*arguments)


def test_bar_on_a_terminal(tmpdir, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, 'stderr', terminal)
    monkeypatch.setattr(trainer, 'Learner', Slow)
    assert start(settings(tmpdir))
    shown = terminal.getvalue()
    assert 'Epoch 1 of 2' in shown and 'Epoch 2 of 2' in shown
    assert 'images' in shown and 'loss ' in shown and 'run ends in 0:' in shown
