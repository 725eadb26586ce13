"""A run: its epochs, the best model, its files; it can be stopped at any moment, and resumes to the same bit.

    run = Run(settings, registry.load('digits', 'lfc'))
    run(resume=True)
"""
from __future__ import absolute_import, division, print_function

import collections
import json
import math
import os

import numpy as np
import six

from common import npz
from common.errors import UserError
from common.files import sha256, whole_file
from common.machine import clock
from common.run_folder import HISTORY, shown
from datasets import registry
from datasets.augmentation import augment, elastic_distortions
from datasets.images import encode
from training import checkpoint, health, networks, state
from training.learning import Learner, answers, hinge_targets, squared_hinge_loss
from training.log import Log, note
from training.progress import Progress
from training.stopping import Stop, Stopped

CHECKPOINT_SECONDS = float(os.environ.get('BNN_CHECKPOINT_SECONDS', 180))   # between two within an epoch
EVALUATION_BATCH = {'lfc': 1000, 'cnv': 250}

# What the documents show per epoch, in their words: label and how its value is read from a row of the history.
_REPORT = (('LR:', '{LR}'), ('training loss:', '{training_loss}'), ('validation loss:', '{validation_loss}'),
           ('validation error rate:', '{validation_error_rate}%'), ('best epoch:', '{best_epoch}'),
           ('best validation error rate:', '{best_validation_error_rate}%'), ('test loss:', '{test_loss}'),
           ('test error rate:', '{test_error_rate}%'))


class Run(object):
    """One training run in its folder.

    Parameters
    ----------
    settings : training.settings.Settings
    data : datasets.images.Dataset
    initial : list of float32 arrays, optional
        Parameters to start from, in the order in which they are saved.
    about : dict, optional
        What settings.json holds beside the settings.
    loss : callable
        Of outputs and targets (N, classes), what training minimises.
    """

    def __init__(self, settings, data, initial=None, about=None, loss=squared_hinge_loss):
        self.settings, self.data, self.initial, self.about, self.loss = settings, data, initial, about or {}, loss
        self.files = settings.files
        self.images, self.labels = (part[:settings.train_size] for part in data.train)
        self.batch_size = settings.network.batch_size
        self.batches = len(self.images) // self.batch_size
        if not self.batches:
            raise UserError('%d training images are fewer than one batch of %d: %d more are needed'
                            % (len(self.images), self.batch_size, self.batch_size - len(self.images)))
        self.distortions = None
        if settings.network.distortion:     # from a generator of their own: they are the same in a resumed run
            self.distortions = elastic_distortions(self.images.shape[1], self.images.shape[2],
                                                   settings.network.distortion, np.random.RandomState(settings.seed))
        self.random = np.random.RandomState(settings.seed)
        self.network = networks.build(settings.overlay, len(data.class_names), self.random,
                                      settings.network.dropout_in, settings.network.dropout_hidden)
        # Whether `initial` is of another number of classes.
        self.last_layer_is_new = initial is not None and networks.start_from(self.network, initial)
        self.order = self.random.permutation(len(self.images)).astype(np.int32)
        self.epoch = self.batch = 0             # the next ones
        self.loss_sum = self.seconds = 0.       # of this epoch's batches so far
        self.history = []
        self.best_sha256 = None                 # of the parameters that are written
        self.saved = None                       # epoch and batch of the last checkpoint
        self.dead_layer = None                  # at the end of the last epoch
        self.events = None                      # training.tensorboard.Events, or another that takes the history
        self.learner = self.log = self.stop = None

    # --- the whole run -----------------------------------------------------------------------------------------------

    def __call__(self, resume=False, stop=None):
        """Train to the end, from the start or from the checkpoint.

        Parameters
        ----------
        resume : bool
        stop : training.stopping.Stop, optional
            Entered already; default: one for this call.

        Raises
        ------
        training.stopping.Stopped
            The run was asked to stop; its checkpoint is written.
        """
        if stop is None:
            with Stop() as stop:
                return self(resume, stop)
        self.stop = stop
        self.files.prepare()
        arrays = None
        if resume and self.files.has_checkpoint():
            arrays, warning = checkpoint.load(self.files.checkpoint)
            if warning:
                note(warning)
            state.check_identity(self, arrays)
        note('Compiling %s: seconds, or half a minute the first time' % self.settings.overlay.name)
        network = self.settings.network
        self.learner = Learner(self.network, network.decision, self.loss, network.BN_LR_scale, network.gamma_min)
        if arrays is None:
            self.log = Log(self.files.log, 0, stop.ask)
            self._begin()
        else:
            self.log = Log(self.files.log, state.restore(self, arrays), stop.ask)
            self.files.write_history(self.history)
            if self.events:
                self.events(self.history)
            state.check_best(self)
            self.log.to_terminal(
                'This run is finished: %d epochs, %s' % (self.epoch, self.files.parameters)
                if self.epoch == self.settings.epochs else
                'Resuming at epoch %d of %d, after batch %d of %d' % (self.epoch + 1, self.settings.epochs, self.batch,
                                                                      self.batches))
        self.last_checkpoint = clock()
        stop.from_now_on_asked()
        while self.epoch < self.settings.epochs:
            self._epoch()
        state.check_best(self)

    def _begin(self):
        with whole_file(self.files.classes, 'w') as handle:
            handle.write(u'\n'.join(self.data.class_names))
        with whole_file(self.files.test_set) as handle:
            npz.write(handle, {'x_test': self.data.test.images, 'y_test': self.data.test.labels}, compress=True)
        if self.data.test_files:
            with whole_file(self.files.test_files, 'w') as handle:
                handle.write(u'\n'.join(self.data.test_files))
        elif os.path.exists(self.files.test_files):     # of another data set of that name
            os.remove(self.files.test_files)
        with whole_file(self.files.settings, 'w') as handle:
            handle.write(six.ensure_text(json.dumps(self._description(), indent=2, separators=(',', ': '))) + u'\n')
        left_out = len(self.images) - self.batches * self.batch_size
        if left_out:
            note('%d of the %d training images, different ones each epoch, are left out: too few for a batch of %d'
                 % (left_out, len(self.images), self.batch_size))
        for line in self.settings.lines(len(self.images)):
            self.log(line)
        self.log('Loading %s dataset...' % registry.title(self.data.name))
        self.log('Training...')

    def _description(self):
        result = collections.OrderedDict(self.settings.deciding())
        result.update(self.about)
        result.update([
            ('train_images', len(self.images)), ('valid_images', len(self.data.valid.images)),
            ('test_images', len(self.data.test.images)), ('classes', list(self.data.class_names)),
            ('versions', checkpoint.versions())])
        return result

    # --- an epoch ----------------------------------------------------------------------------------------------------

    def _epoch(self):
        self.started = clock() - self.seconds
        title = 'epoch %d of %d' % (self.epoch + 1, self.settings.epochs)
        images = self.batches * self.batch_size
        with Progress(title, self.batch * self.batch_size, images, (self.settings.epochs - self.epoch - 1) * images,
                      lambda line: self.log.to_terminal(line)) as progress:
            self.train_epoch(progress)
        self.finish_epoch()
        self.files.write_history(self.history)
        if self.events:
            self.events(self.history)
        row = dict(zip(HISTORY, shown(self.history[-1])))
        self.log('Epoch %d of %d took %.6gs' % (self.epoch, self.settings.epochs, clock() - self.started))
        for label, value in _REPORT:
            self.log('  %-30s %s' % (label, value.format(**row)))
        if self.dead_layer is not None:
            self.log('  warning: layer %d is dead (same output for every validation image): if it stays dead, retrain '
                     'with another --seed; the best parameters so far, of epoch %s, are in %s'
                     % (self.dead_layer, row['best_epoch'], os.path.basename(self.files.parameters)))
        self.seconds = 0.
        self._checkpoint()

    def train_epoch(self, progress):
        """The rest of the current epoch, from the next batch on."""
        rate = self.settings.learning_rate(self.epoch)
        while self.batch < self.batches:
            chosen = self.order[self.batch * self.batch_size:(self.batch + 1) * self.batch_size]
            images = augment(self.images[chosen], self.random, self.settings.network.shift,
                             self.settings.network.mirrored, self.distortions)
            loss = self.learner.train(encode(images, self.settings.net), self.labels[chosen], rate)
            self.batch += 1
            if math.isnan(loss) or math.isinf(loss):
                raise self._not_finite('the loss is %s' % loss, health.overflowing_layer(self.network))
            self.loss_sum += loss
            progress.update(self.batch_size, self.loss_sum / self.batch)
            self._stop_if_asked()
            if clock() - self.last_checkpoint > CHECKPOINT_SECONDS:
                self._checkpoint_within()

    def finish_epoch(self):
        """Validation, test and saving where it is the best so far; a row of the history."""
        rate, training_loss = self.settings.learning_rate(self.epoch), self.loss_sum / self.batches
        loss, error, outputs = self.evaluate(self.data.valid)
        if math.isnan(loss) or math.isinf(loss):
            raise self._not_finite('the validation loss is %s' % loss, health.spoilt_layer(self.network))
        self._check_parameters()
        self.dead_layer = self._dead_layer(outputs)
        last = dict(zip(HISTORY, self.history[-1])) if self.history else {'best_validation_error_rate': np.inf}
        if error <= last['best_validation_error_rate']:
            test_loss, test_error, outputs = self.evaluate(self.data.test)
            self._save_best(outputs)
            last.update(best_epoch=self.epoch + 1, best_validation_error_rate=error, test_loss=test_loss,
                        test_error_rate=test_error)
        last.update(epoch=self.epoch + 1, LR=rate, training_loss=training_loss, validation_loss=loss,
                    validation_error_rate=error)
        self.history.append(tuple(last[name] for name in HISTORY))
        self.order = self.order[self.random.permutation(len(self.order))]
        self.epoch += 1
        self.batch, self.loss_sum = 0, 0.

    def evaluate(self, part):
        """(loss, error rate in percent, outputs) on images; the loss is the mean over images and classes."""
        size = EVALUATION_BATCH[self.settings.net]
        outputs = []
        for start in range(0, len(part.images), size):
            outputs.append(self.learner.outputs(encode(part.images[start:start + size], self.settings.net)))
            self._stop_if_asked()
        outputs = np.concatenate(outputs)
        decision = self.settings.network.decision
        loss = squared_hinge_loss(outputs.astype(np.float64), hinge_targets(part.labels, outputs.shape[1], decision))
        errors = int(np.count_nonzero(answers(outputs, decision) != part.labels))
        return float(loss), 100. * errors / len(part.labels), outputs

    def _save_best(self, outputs):
        with whole_file(self.files.parameters) as handle:
            npz.write(handle, networks.parameter_values(self.network))
        self.best_sha256 = sha256(self.files.parameters)
        with whole_file(self.files.test_outputs) as handle:
            npz.write(handle, {'outputs': outputs, 'parameters_sha256': np.array(self.best_sha256)})

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def _checkpoint(self):
        self._check_parameters()
        self.log.sync()
        checkpoint.save(self.files.checkpoint, state.of_run(self, self.log.length))
        self.saved = self.epoch, self.batch
        self.last_checkpoint = clock()

    def _checkpoint_within(self):
        self.seconds = clock() - self.started
        self._checkpoint()

    def _stop_if_asked(self):
        if self.stop and self.stop.reason:
            self._checkpoint_within()
            stopped = Stopped('stopped in epoch %d, batch %d of %d (%s): resume with --resume (RESUME=1)' % (
                self.epoch + 1, self.batch, self.batches, self.stop.reason))
            self.log.to_file(str(stopped))      # for readers whose terminal is gone; a resumed run removes it
            raise stopped

    # --- values that are not finite ----------------------------------------------------------------------------------

    def _check_parameters(self):
        """Check before they are kept."""
        layer = health.spoilt_layer(self.network)
        if layer is not None:
            raise self._not_finite('a parameter is NaN or infinite', layer)

    def _not_finite(self, what, layer):
        """The error that ends a run whose values are not finite."""
        good = 'there is no checkpoint yet'
        if self.saved:
            good = ('resuming from the last checkpoint, %s (epoch %d, after batch %d), would fail the same way'
                    % (self.files.checkpoint, self.saved[0] + 1, self.saved[1]))
        return UserError('%s in epoch %d, batch %d, in %s; %s: retrain with another --seed (SEED=), or start from '
                         'other parameters with --init (INIT=)' % (
                             what, self.epoch + 1, self.batch, 'the outputs' if layer is None else 'layer %d' % layer, good))

    def _dead_layer(self, outputs):
        """Where the validation images become all the same to the network; None where they do not."""
        if not health.all_alike(outputs):
            return None
        images = self.data.valid.images[:EVALUATION_BATCH[self.settings.net]]
        return health.dead_layer(self.network, encode(images, self.settings.net))
