"""What a checkpoint holds of a run, and whether a run may continue from it.

    arrays = of_run(run, log_length)        # everything that decides how it continues
    log_length = restore(run, arrays)

What a run computes follows from its settings, its data and this state, and from nothing else: a run that was stopped
ends as one that was not.
"""
from __future__ import absolute_import, division

import collections
import hashlib
import os

import numpy as np

from common.errors import UserError
from common.files import sha256
from common.run_folder import HISTORY
from training import networks
from training.checkpoint import from_json, to_json

_TEXTS = ('identity', 'best_sha256')        # arrays of text, of any length


def identity(run):
    """What must be the same for a run to resume, name to text."""
    result = collections.OrderedDict((name, str(value)) for name, value in run.settings.deciding().items())
    result['data (SHA-256)'] = _digest((run.images, run.labels) + run.data.valid + run.data.test)
    result['initial parameters (SHA-256)'] = _digest(run.initial) if run.initial else 'none'
    return result


def _digest(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def of_run(run, log_length):
    """Everything that decides how a run continues, as arrays by name; `log_length`: bytes of train.log."""
    name, keys, position, has_gauss, gauss = run.random.get_state()
    arrays = {'variable_%d' % number: variable.get_value(borrow=True)
              for number, variable in enumerate(run.learner.states)}
    arrays.update(
        identity=from_json(identity(run)), random_keys=keys, random_numbers=np.array([position, has_gauss]),
        random_gauss=np.array(gauss), order=run.order, position=np.array([run.epoch, run.batch, log_length]),
        sums=np.array([run.loss_sum, run.seconds]), best_sha256=from_json(run.best_sha256),
        history=np.array(run.history, np.float64).reshape(-1, len(HISTORY)))
    return arrays


def restore(run, arrays):
    """Restore what :func:`of_run` gave; returns the length of train.log.

    Raises
    ------
    UserError
        The state has another layout.
    """
    if _layout(arrays) != _layout(of_run(run, 0)):
        raise UserError('%s was written by another version of this program: resume with that version, or start over '
                        'with RESUME=0 (--resume 0)' % run.files.checkpoint)
    position, has_gauss = arrays['random_numbers']
    run.random.set_state(('MT19937', arrays['random_keys'], int(position), int(has_gauss),
                          float(arrays['random_gauss'])))
    for number, variable in enumerate(run.learner.states):
        variable.set_value(arrays['variable_%d' % number])
    networks.refresh_quantized_weights(run.network)
    run.order = arrays['order']
    run.epoch, run.batch, log_length = (int(number) for number in arrays['position'])
    run.saved = run.epoch, run.batch
    run.loss_sum, run.seconds = (float(number) for number in arrays['sums'])
    run.history = [tuple(row) for row in arrays['history'].tolist()]
    run.best_sha256 = to_json(arrays['best_sha256'])
    return log_length


def _layout(arrays):
    """Names, types and shapes of a state; texts vary in length, and the history grows."""
    layout = {name: (array.dtype, array.shape) for name, array in arrays.items()}
    layout.update({name: (array.dtype.kind, array.shape[1:]) for name, array in arrays.items()
                   if name in _TEXTS + ('history',)})
    return layout


def check_identity(run, arrays):
    """Check that a checkpoint is of a run with the same settings and data.

    Raises
    ------
    UserError
        What differs.
    """
    try:
        saved = to_json(arrays['identity'])
        items = list(saved.items())
    except (KeyError, ValueError, TypeError, AttributeError):
        return                          # another layout, which restore reports
    own = identity(run)
    differences = ['%s was %s, is %s' % (name, saved.get(name), own.get(name))
                   for name in [name for name, _ in items] + [name for name in own if name not in saved]
                   if saved.get(name) != own.get(name)]
    if differences:
        hint = (' (the learning rate\'s schedule depends on the number of epochs; to train longer, start from the '
                'finished parameters with --init)' if saved.get('epochs') != own['epochs'] else '')
        raise UserError('%s was made with other settings: %s%s; resume with the same settings, or start over with RESUME=0 '
                        '(--resume 0)' % (run.files.checkpoint, ', '.join(differences), hint))


def check_best(run):
    """Check that the best parameters, which no checkpoint holds, are there; at the end, that they are the run's own.

    Raises
    ------
    UserError
    """
    path = run.files.parameters
    if not run.best_sha256:
        return
    if not os.path.isfile(path):
        problem = 'is missing'
    elif run.epoch == run.settings.epochs and sha256(path) != run.best_sha256:     # before, it may be of a later epoch
        problem = 'has changed since it was written'
    else:
        return
    raise UserError('%s %s, and it is the only copy of the best parameters (epoch %d): restore it, or start over with '
                    'RESUME=0 (--resume 0)' % (path, problem, dict(zip(HISTORY, run.history[-1]))['best_epoch']))
