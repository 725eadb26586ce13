"""Stopping and resuming: at every place with the same bytes; and what is rejected."""
from __future__ import absolute_import, division

import os
import signal
import sys
import time

import numpy as np
import pytest

from common.errors import UserError
from tests.training.runs import contents, dataset, settings, start
from training import checkpoint, learning, trainer


class Interrupts(object):
    """Counts steps and evaluations, and sends this process a SIGTERM before the one numbered `at`."""

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


@pytest.mark.parametrize('options', [
    pytest.param(dict(), id='original'), pytest.param(dict(recipe='best', seed=3), id='best', marks=pytest.mark.once)])
def test_stopped_at_every_place(tmpdir, monkeypatch, options):
    """Stop one run at every batch and evaluation of two epochs, in turn: it ends with the same bytes."""
    interrupts = Interrupts(monkeypatch)
    whole = settings(tmpdir.mkdir('whole'), **options)
    assert start(whole)
    assert interrupts.count == 2 * (2 + 2)      # batches, validation, test; here the second epoch is the best

    stopped = settings(tmpdir.mkdir('stopped'), **options)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    for at, epoch, batch in ((1, 0, 1), (1, 0, 2), (1, 0, 2), (2, 0, 2), (3, 1, 1), (1, 1, 2), (1, 1, 2), (2, 1, 2)):
        interrupts.count, interrupts.at = 0, at     # counted from the last stop: an evaluation starts again
        assert not start(stopped, resume=True)
        assert list(contents_of_checkpoint(stopped)['position'][:2]) == [epoch, batch]
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    interrupts.at = None
    assert start(stopped, resume=True)
    assert contents(stopped.run_folder) == contents(whole.run_folder)


def contents_of_checkpoint(run_settings):
    return checkpoint.load(os.path.join(run_settings.run_folder, 'checkpoint.npz'))[0]


def test_stopped_before_the_first_checkpoint(tmpdir, monkeypatch):
    """Resuming then means starting again; train.log has only one beginning."""
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


def test_a_killed_epochs_seconds_are_in_its_checkpoint(tmpdir, monkeypatch):
    """Else the time that the resumed epoch took is too short."""
    class Killed(learning.Learner):
        def train(self, *arguments):
            if os.path.exists(checkpointed.files.checkpoint):
                raise MemoryError
            time.sleep(.05)
            return super(Killed, self).train(*arguments)
    checkpointed = settings(tmpdir)
    monkeypatch.setattr(trainer, 'CHECKPOINT_SECONDS', -1)
    monkeypatch.setattr(trainer, 'Learner', Killed)
    with pytest.raises(MemoryError):
        start(checkpointed)
    arrays = contents_of_checkpoint(checkpointed)
    assert list(arrays['position'][:2]) == [0, 1] and arrays['sums'][1] > 0


def test_a_finished_run_gives_tensorboard_its_history(tmpdir):
    run_settings, given = settings(tmpdir), []
    assert start(run_settings)
    run = trainer.Run(run_settings, dataset())
    run.events = given.extend
    run(resume=True)
    assert given == run.history and len(given) == 2


def refused(run_settings, **options):
    """The message when resuming is rejected."""
    with pytest.raises(UserError) as caught:
        start(run_settings, resume=True, **options)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_other_settings_are_refused(tmpdir, monkeypatch):
    Interrupts(monkeypatch, at=2)
    assert not start(settings(tmpdir))
    assert 'seed was 1234, is 5' in refused(settings(tmpdir, seed=5))
    message = refused(settings(tmpdir, epochs=9))
    assert 'epochs was 2, is 9' in message and '--init' in message
    assert 'train_size was None, is 100' in refused(settings(tmpdir, train_size=100))
    changed = settings(tmpdir)              # as by a recipe of a later version
    changed = changed._replace(network=changed.network._replace(LR_start=.01))
    assert 'LR_start was 0.003, is 0.01' in refused(changed)
    other = dataset()
    other.train.images[0, 5, 5] ^= 255
    message = refused(settings(tmpdir), data=other)
    assert 'data (SHA-256) was' in message and 'seed' not in message
    assert start(settings(tmpdir), resume=True)


@pytest.mark.once
def test_checkpoints_of_another_version_are_refused(tmpdir, monkeypatch):
    """Intact files with the same settings, but another layout of the state."""
    Interrupts(monkeypatch, at=2)
    run_settings = settings(tmpdir)
    assert not start(run_settings)
    path = os.path.join(run_settings.run_folder, 'checkpoint.npz')
    arrays = contents_of_checkpoint(run_settings)
    first = arrays['variable_0']
    for change in ({'variable_0': first[:-1]}, {'variable_0': first.astype(np.float64)}, {'variable_0': None},
                   {'variable_999': first}, {'identity': None}, {'best_sha256': None}, {'order': None},
                   {'position': np.array([1, 2])}, {'history': np.zeros((1, 8))}, {'identity': np.array(7)}):
        changed = dict(arrays, **change)
        checkpoint.save(path, {name: array for name, array in changed.items() if array is not None})
        assert 'was written by another version of this program' in refused(run_settings), change
    checkpoint.save(path, arrays)
    assert start(run_settings, resume=True)


def test_the_best_parameters_are_lost(tmpdir, monkeypatch):
    """No checkpoint contains them, so a run without them is not finished."""
    run_settings = settings(tmpdir)
    Interrupts(monkeypatch, at=6)           # in the second epoch, after the first one's evaluations
    assert not start(run_settings, resume=True)
    with open(run_settings.save_path, 'rb') as handle:
        kept = handle.read()
    os.remove(run_settings.save_path)
    assert refused(run_settings).startswith('%s is missing' % run_settings.save_path)
    with open(run_settings.save_path, 'wb') as handle:
        handle.write(kept)
    Interrupts(monkeypatch)
    assert start(run_settings, resume=True) and start(run_settings, resume=True)
    with open(run_settings.save_path, 'ab') as handle:
        handle.write(b'more')
    message = refused(run_settings)
    assert message.startswith('%s has changed since it was written' % run_settings.save_path) and '(epoch 2)' in message


def test_nobody_reads_the_output(tmpdir, monkeypatch):
    """As with | head: the run stops as if it were asked to."""
    whole, cut = settings(tmpdir.mkdir('whole')), settings(tmpdir.mkdir('cut'))
    assert start(whole)
    reading, writing = os.pipe()
    os.close(reading)
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'stdout', os.fdopen(writing, 'w'))
        assert not start(cut)
        assert start(cut, resume=True)      # output now goes to a null device
        sys.stdout.close()
    assert contents(cut.run_folder) == contents(whole.run_folder)
