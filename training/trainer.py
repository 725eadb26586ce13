"""A run: epochs, the best model, what is printed and written; stopping at any moment and going on to the same bit.

    status = train(settings, data, resume=True)

What a run computes follows from its settings, its data and the state that a checkpoint holds; nothing else, so that a
run that was stopped ends as one that was not.
"""
from __future__ import absolute_import, division, print_function

import collections
import contextlib
import hashlib
import io
import json
import math
import os
import platform
import signal
import sys
import time

import numpy as np
import six

from common import npz
from common.errors import UserError
from common.files import sha256, whole_file
from common.run_folder import HISTORY, shown
from datasets import registry
from datasets.augmentation import augment, elastic_distortions
from datasets.images import encode
from training import checkpoint, health, networks
from training.learning import Learner, answers, hinge_targets, squared_hinge_loss

STOPPED = 75                    # exit status of a run that was asked to stop, and can go on (EX_TEMPFAIL)
CHECKPOINT_SECONDS = float(os.environ.get('BNN_CHECKPOINT_SECONDS', 180))   # between two within an epoch
PROGRESS_SECONDS = 60           # between two lines of progress where there is no terminal
IMPATIENCE_SECONDS = 1          # after which a second signal to stop is another one, and no echo of the first
EVALUATION_BATCH = {'lfc': 1000, 'cnv': 250}

# What the documents show per epoch, in their words: label and how its value is read from a row of the history.
_REPORT = (('LR:', '{LR}'), ('training loss:', '{training_loss}'), ('validation loss:', '{validation_loss}'),
           ('validation error rate:', '{validation_error_rate}%'), ('best epoch:', '{best_epoch}'),
           ('best validation error rate:', '{best_validation_error_rate}%'), ('test loss:', '{test_loss}'),
           ('test error rate:', '{test_error_rate}%'))


class Stopped(Exception):
    """The run was asked to stop, and its checkpoint is written."""


class Log(object):
    """Lines for the terminal and for train.log at once; of a log that is there, the first `length` bytes are kept."""

    def __init__(self, path, length):
        self.handle = io.open(path, 'a', encoding='utf-8')
        self.handle.truncate(min(length, self.length))

    def __call__(self, text):
        print(text)
        sys.stdout.flush()
        self.handle.write(six.ensure_text(text, errors='replace') + u'\n')
        self.handle.flush()

    @property
    def length(self):
        """Bytes in the file."""
        return os.fstat(self.handle.fileno()).st_size


class Run(object):
    """One training run in its folder.

    Parameters
    ----------
    settings : training.settings.Settings
    data : datasets.images.Dataset
    initial : list of float32 arrays, optional
        Parameters to start from, in the order in which they are saved.
    about : dict, optional
        What settings.json is to say beside the settings.
    """

    def __init__(self, settings, data, initial=None, about=None):
        self.settings, self.data, self.initial, self.about = settings, data, initial, about or {}
        self.files = settings.files
        self.images, self.labels = (part[:settings.train_size] for part in data.train)
        self.batch_size = settings.network.batch_size
        self.batches = len(self.images) // self.batch_size
        if not self.batches:
            raise UserError('%d training images are fewer than one batch of %d' % (len(self.images), self.batch_size))
        self.distortions = None
        if settings.network.distortion:     # of random numbers of their own: they are the same in a resumed run
            self.distortions = elastic_distortions(self.images.shape[1], self.images.shape[2],
                                                   settings.network.distortion, np.random.RandomState(settings.seed))
        self.random = np.random.RandomState(settings.seed)
        self.network = networks.build(settings.overlay, len(data.class_names), self.random,
                                      settings.network.dropout_in, settings.network.dropout_hidden)
        if initial is not None:
            networks.set_parameter_values(self.network, initial)
        self.order = self.random.permutation(len(self.images)).astype(np.int32)
        self.epoch = self.batch = 0             # the next ones
        self.loss_sum = self.seconds = 0.       # of this epoch's batches so far
        self.history = []
        self.asked_to_stop = None               # when
        self.learner = None
        self.saved = None                       # epoch and batch of the last checkpoint
        self.dead_layer = None                  # at the end of the last epoch
        self.events = None                      # training.tensorboard.Events, or another that takes the history

    # --- state -----------------------------------------------------------------------------------------------------

    def identity(self):
        """What must be the same where a run goes on, name to text."""
        result = collections.OrderedDict((name, str(value)) for name, value in self.settings.deciding().items())
        digest = hashlib.sha256()
        for part in (self.images, self.labels) + self.data.valid + self.data.test:
            digest.update(np.ascontiguousarray(part))
        result['data (SHA-256)'] = digest.hexdigest()
        digest = hashlib.sha256()
        for array in self.initial or ():
            digest.update(np.ascontiguousarray(array))
        result['initial parameters (SHA-256)'] = digest.hexdigest() if self.initial else 'none'
        return result

    def state(self, log_length):
        """Everything that decides how this run continues, as arrays by name."""
        name, keys, position, has_gauss, gauss = self.random.get_state()
        arrays = {'variable_%d' % number: variable.get_value(borrow=True)
                  for number, variable in enumerate(self.learner.states)}
        arrays.update(
            identity=np.array(json.dumps(self.identity())), random_keys=keys,
            random_numbers=np.array([position, has_gauss]), random_gauss=np.array(gauss), order=self.order,
            position=np.array([self.epoch, self.batch, log_length]), sums=np.array([self.loss_sum, self.seconds]),
            history=np.array(self.history, np.float64).reshape(-1, len(HISTORY)))
        return arrays

    def load_checkpoint(self):
        """Take over a checkpoint's state; the length that train.log had."""
        arrays, warning = checkpoint.load(self.files.checkpoint)
        if warning:
            print('%s: using the checkpoint before it' % warning, file=sys.stderr)
        if 'identity' in arrays and arrays['identity'].dtype.kind == np.array('').dtype.kind:
            self._check_identity(json.loads(str(arrays['identity']), object_pairs_hook=collections.OrderedDict))
        if _layout(arrays) != _layout(self.state(0)):
            raise UserError('%s was written by another version of Python or of this program: go on with that one, or '
                            'start again without --resume' % self.files.checkpoint)
        position, has_gauss = arrays['random_numbers']
        self.random.set_state(('MT19937', arrays['random_keys'], int(position), int(has_gauss),
                               float(arrays['random_gauss'])))
        for number, variable in enumerate(self.learner.states):
            variable.set_value(arrays['variable_%d' % number])
        networks.refresh_quantized_weights(self.network)
        self.order = arrays['order']
        self.epoch, self.batch, log_length = (int(number) for number in arrays['position'])
        self.saved = self.epoch, self.batch
        self.loss_sum, self.seconds = (float(number) for number in arrays['sums'])
        self.history = [tuple(row) for row in arrays['history'].tolist()]
        return log_length

    def _check_identity(self, saved):
        own = self.identity()
        differences = ['%s was %s, is %s' % (name, saved.get(name), own.get(name))
                       for name in list(saved) + [name for name in own if name not in saved]
                       if saved.get(name) != own.get(name)]
        if differences:
            hint = (' (the learning rate\'s schedule depends on the number of epochs; train on from the finished '
                    'parameters with --init)' if saved.get('epochs') != own['epochs'] else '')
            raise UserError('%s was made with other settings: %s%s; go on with the same, or start again without '
                            '--resume' % (self.files.checkpoint, ', '.join(differences), hint))

    # --- computing -------------------------------------------------------------------------------------------------

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
                raise self._gone_wrong('the loss is %s' % loss, health.overflowing_layer(self.network))
            self.loss_sum += loss
            progress.update(self.batch_size, self.loss_sum / self.batch)
            self._stop_if_asked()
            if time.time() - self.last_checkpoint > CHECKPOINT_SECONDS:
                self._checkpoint()

    def finish_epoch(self):
        """Validation, test and saving where it is the best so far; a row of the history."""
        rate, training_loss = self.settings.learning_rate(self.epoch), self.loss_sum / self.batches
        loss, error, outputs = self.evaluate(self.data.valid)
        if math.isnan(loss) or math.isinf(loss):
            raise self._gone_wrong('the validation loss is %s' % loss, health.spoilt_layer(self.network))
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

    def _check_parameters(self):
        """Before they are kept."""
        layer = health.spoilt_layer(self.network)
        if layer is not None:
            raise self._gone_wrong('a parameter is infinite, or no number', layer)

    def _gone_wrong(self, what, layer):
        """The error that ends a run whose numbers are none any more."""
        good = 'there is no checkpoint yet'
        if self.saved:
            good = ('the last good checkpoint is %s, of epoch %d, after batch %d, and going on from it comes here again'
                    % (self.files.checkpoint, self.saved[0] + 1, self.saved[1]))
        return UserError('%s in epoch %d, batch %d, in %s; %s: train anew with another --seed, or from other '
                         'parameters, --init' % (what, self.epoch + 1, self.batch,
                                                 'the outputs' if layer is None else 'layer %d' % layer, good))

    def _dead_layer(self, outputs):
        """Where the validation images become all the same to the network; None where they do not."""
        if not health.all_alike(outputs):
            return None
        images = self.data.valid.images[:EVALUATION_BATCH[self.settings.net]]
        return health.dead_layer(self.network, encode(images, self.settings.net))

    def _save_best(self, outputs):
        with whole_file(self.files.parameters) as handle:
            npz.write(handle, networks.parameter_values(self.network))
        with whole_file(self.files.test_outputs) as handle:
            npz.write(handle, {'outputs': outputs, 'parameters_sha256': np.array(sha256(self.files.parameters))})

    # --- the whole run ---------------------------------------------------------------------------------------------

    def __call__(self, resume=False):
        """Train to the end, from the start or from the checkpoint."""
        self.files.prepare()
        self.learner = Learner(self.network, self.settings.network.decision)
        goes_on = resume and self.files.has_checkpoint()
        self.log = Log(self.files.log, self.load_checkpoint() if goes_on else 0)
        if not goes_on:
            self._begin()
        else:
            self.files.write_history(self.history)
            if self.epoch == self.settings.epochs:
                print('This run is finished: %d epochs, %s' % (self.epoch, self.files.parameters))
                return
            print('Resuming at epoch %d of %d, after batch %d of %d' % (self.epoch + 1, self.settings.epochs,
                                                                        self.batch, self.batches))
        self.last_checkpoint = time.time()
        with self._signals():
            while self.epoch < self.settings.epochs:
                self._epoch()

    def _begin(self):
        with whole_file(self.files.classes, 'w') as handle:
            handle.write(u'\n'.join(self.data.class_names))
        with whole_file(self.files.test_set) as handle:
            npz.write(handle, {'x_test': self.data.test.images, 'y_test': self.data.test.labels}, compress=True)
        with whole_file(self.files.settings, 'w') as handle:
            handle.write(six.ensure_text(json.dumps(self._description(), indent=2, separators=(',', ': '))) + u'\n')
        for line in self.settings.lines(len(self.images)):
            self.log(line)
        self.log('Loading %s dataset...' % registry.title(self.data.name))
        self.log('Training...')

    def _description(self):
        import lasagne
        import theano
        settings = self.settings
        result = collections.OrderedDict(settings.deciding())
        result.update(self.about)
        result.update([
            ('train_images', len(self.images)), ('valid_images', len(self.data.valid.images)),
            ('test_images', len(self.data.test.images)), ('classes', list(self.data.class_names)),
            ('versions', collections.OrderedDict([
                ('python', platform.python_version()), ('theano', theano.__version__),
                ('lasagne', lasagne.__version__), ('numpy', np.__version__)]))])
        return result

    def _epoch(self):
        start = time.time() - self.seconds
        self.started = start
        with Progress(self) as progress:
            self.train_epoch(progress)
        self.finish_epoch()
        self.files.write_history(self.history)
        if self.events:
            self.events(self.history)
        row = dict(zip(HISTORY, shown(self.history[-1])))
        self.log('Epoch %d of %d took %.12gs' % (self.epoch, self.settings.epochs, time.time() - start))
        for label, value in _REPORT:
            self.log('  %-30s %s' % (label, value.format(**row)))
        if self.dead_layer is not None:
            self.log('  warning: layer %d gives the same for all validation images: if it stays so, train anew with '
                     'another --seed; the best parameters are of epoch %s, in %s'
                     % (self.dead_layer, row['best_epoch'], os.path.basename(self.files.parameters)))
        self.seconds = 0.
        self._checkpoint()

    def _checkpoint(self):
        self._check_parameters()
        checkpoint.save(self.files.checkpoint, self.state(self.log.length))
        self.saved = self.epoch, self.batch
        self.last_checkpoint = time.time()

    # --- being stopped ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _signals(self):
        """SIGTERM and Ctrl-C: the first asks to stop after this batch, a later one ends the process at once.

        What stops a group of processes reaches this one twice, for make passes on to it what it gets itself.
        """
        def ask(number, frame):
            if self.asked_to_stop is None:
                self.asked_to_stop = time.time()
            elif time.time() - self.asked_to_stop > IMPATIENCE_SECONDS:
                os._exit(128 + number)

        before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_if_asked(self):
        if self.asked_to_stop:
            self.seconds = time.time() - self.started
            self._checkpoint()
            raise Stopped('stopped in epoch %d, batch %d of %d: go on with --resume (RESUME=1)' % (
                self.epoch + 1, self.batch, self.batches))


class Progress(object):
    """A bar on a terminal, a line now and then elsewhere: images/s, running loss, time left for the whole run."""

    def __init__(self, run):
        self.run = run
        self.bar = None
        self.start = self.last_line = time.time()
        self.images = 0

    def __enter__(self):
        run = self.run
        if sys.stderr.isatty():
            from tqdm import tqdm
            self.bar = tqdm(total=run.batches * run.batch_size, initial=run.batch * run.batch_size, leave=False,
                            unit=' images', desc='Epoch %d of %d' % (run.epoch + 1, run.settings.epochs),
                            dynamic_ncols=True)
        return self

    def __exit__(self, *exception):
        if self.bar is not None:
            self.bar.close()

    def update(self, images, loss):
        """So many more images are done; the mean loss of this epoch so far."""
        self.images += images
        now = time.time()
        rate = self.images / max(now - self.start, 1e-9)
        run = self.run
        left = ((run.settings.epochs - run.epoch) * run.batches - run.batch) * run.batch_size / rate
        if self.bar is not None:
            self.bar.set_postfix_str('loss %.4f, run ends in %s' % (loss, _duration(left)), refresh=False)
            self.bar.update(images)
        elif now - self.last_line > PROGRESS_SECONDS:
            self.last_line = now
            print('  epoch %d: %d of %d images, %.0f images/s, loss %.4f, run ends in %s' % (
                run.epoch + 1, run.batch * run.batch_size, run.batches * run.batch_size, rate, loss, _duration(left)))
            sys.stdout.flush()


def _duration(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return '%d:%02d:%02d' % (hours, minutes, seconds)


def _layout(arrays):
    """Names, types and shapes of a state; the identity's length varies, and the history grows."""
    layout = {name: (array.dtype, array.shape) for name, array in arrays.items()}
    layout.update({name: (array.dtype.kind, array.shape[1:]) for name, array in arrays.items()
                   if name in ('identity', 'history')})
    return layout
