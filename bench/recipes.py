"""What each change of a recipe gains: trainings of equal length that differ only in that change, with several seeds.

    python bench/recipes.py --net lfc --data-dir data --epochs 10 --seeds 3 --out lfc.json

A variant changes fields of :class:`training.settings.Network` from the original recipe. It may also have two keys that no
recipe has: `loss`, a function of outputs and targets, and `first`, the bits of a network that is trained for the first half
of the epochs and that the second half starts from. The recipes were chosen from VARIANTS. Results already in the file are
not computed again. All errors are at the epoch with the lowest validation error: the validation error, to choose by, and
the test error of the packed network, and of the trained one by the board's rule and by the largest output.
"""
from __future__ import absolute_import, division, print_function

import collections
import io
import json
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from common.errors import ArgumentParser, UserError, run
from common.files import temporary_folder, whole_file
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT, NETWORKS
from common.run_folder import HISTORY
from training.settings import Settings

ERRORS = ('validation', 'packed', 'board', 'largest')


def smoothed(share):
    """The expected squared hinge loss if a share of the targets were the opposite."""
    def loss(outputs, targets):
        from training.learning import squared_hinge_loss
        return (1 - share) * squared_hinge_loss(outputs, targets) + share * squared_hinge_loss(outputs, -targets)
    return loss


def cross_entropy(sharpness):
    """Cross-entropy of the softmax of `sharpness` times the outputs with the class whose target is 1."""
    def loss(outputs, targets):
        from theano import tensor
        scores = sharpness * outputs
        scores -= scores.max(axis=1, keepdims=True)
        return (tensor.log(tensor.exp(scores).sum(axis=1)) - (scores * (targets > 0)).sum(axis=1)).mean()
    return loss


_BOARD = dict(decision=HIGHEST_OUTPUT)
_LITTLE = dict(dropout_in=0., dropout_hidden=.2)
_SHIFTED = dict(_LITTLE, schedule='cosine', shift=1, **_BOARD)
_DISTORTED = dict(_SHIFTED, dropout_hidden=0., shift=0, distortion=1.2)
_MOVED = dict(schedule='cosine', mirrored=True, shift=2)
_FAST = dict(_MOVED, BN_LR_scale=10)
_POSITIVE = dict(_FAST, gamma_min=.01)
VARIANTS = {
    'lfc': collections.OrderedDict([
        ('original', {}),
        ('board rule', _BOARD),
        ('cosine', dict(schedule='cosine')),
        ('dropout 0.2', dict(_LITTLE)),
        ('dropout 0', dict(dropout_in=0., dropout_hidden=0.)),
        ('board rule, cosine, dropout 0.2', dict(_LITTLE, schedule='cosine', **_BOARD)),
        ('board rule, cosine, dropout 0.2, shift 1', _SHIFTED),
        ('board rule, cosine, dropout 0.2, shift 2', dict(_LITTLE, schedule='cosine', shift=2, **_BOARD)),
        ('cosine, dropout 0.2, shift 1', dict(_LITTLE, schedule='cosine', shift=1)),
        ('board rule, cosine, dropout 0, shift 1', dict(_SHIFTED, dropout_hidden=0.)),
        ('board rule, cosine from 0.001, dropout 0, shift 1', dict(_SHIFTED, dropout_hidden=0., LR_start=.001)),
        ('board rule, cosine from 0.0003, dropout 0, shift 1', dict(_SHIFTED, dropout_hidden=0., LR_start=.0003)),
        ('board rule, cosine from 0.001, dropout 0.2, shift 1', dict(_SHIFTED, LR_start=.001)),
        ('board rule, cosine from 0.0003, dropout 0.2, shift 1', dict(_SHIFTED, LR_start=.0003)),
        ('board rule, dropout 0, shift 1', dict(_SHIFTED, dropout_hidden=0., schedule='exponential')),
        ('board rule, from 0.001, dropout 0, shift 1', dict(_SHIFTED, dropout_hidden=0., schedule='exponential',
                                                            LR_start=.001)),
        ('board rule, cosine, dropout 0, shift 1, distortion 0.8', dict(_SHIFTED, dropout_hidden=0., distortion=.8)),
        ('board rule, cosine, dropout 0, shift 1, distortion 1.2', dict(_SHIFTED, dropout_hidden=0., distortion=1.2)),
        ('board rule, cosine, dropout 0, distortion 1.2', _DISTORTED),
        ('board rule, cosine from 0.001, dropout 0, distortion 1.2', dict(_DISTORTED, LR_start=.001)),
        ('board rule, cosine, dropout 0, distortion 1.2, smoothing 0.02', dict(_DISTORTED, loss=smoothed(.02))),
        ('board rule, cosine, dropout 0, distortion 1.2, after W1A2', dict(_DISTORTED, first=(1, 2))),
    ]),
    'cnv': collections.OrderedDict([
        ('original', {}),
        ('cosine', dict(schedule='cosine')),
        ('cosine, mirrored', dict(schedule='cosine', mirrored=True)),
        ('cosine, shift 2', dict(schedule='cosine', shift=2)),
        ('cosine, mirrored, shift 2', _MOVED),
        ('cosine, mirrored, distortion 1.2', dict(_MOVED, shift=0, distortion=1.2)),
        ('cosine, mirrored, shift 2, smoothing 0.05', dict(_MOVED, loss=smoothed(.05))),
        ('cosine, mirrored, shift 2, after W1A2', dict(_MOVED, first=(1, 2))),
        ('cosine, mirrored, shift 2, batch norm 10 times as fast', _FAST),
        ('cosine, mirrored, shift 2, batch norm 30 times as fast', dict(_MOVED, BN_LR_scale=30)),
        ('cosine from 0.0005, mirrored, shift 2, batch norm 20 times as fast', dict(_MOVED, LR_start=.0005, BN_LR_scale=20)),
        ('cosine, mirrored, shift 2, batch norm 10 times as fast, cross-entropy', dict(_FAST, loss=cross_entropy(3))),
        ('cosine, mirrored, shift 2, batch norm 10 times as fast, gamma positive', _POSITIVE),
        ('cosine from 0.0003, mirrored, shift 2, batch norm 10 times as fast, gamma positive', dict(
            _POSITIVE, LR_start=.0003)),
        ('cosine from 0.0005, mirrored, shift 2, batch norm 10 times as fast, gamma positive', dict(
            _POSITIVE, LR_start=.0005)),
        ('exponential to 0.00001, mirrored, shift 2, batch norm 10 times as fast, gamma positive', dict(
            _POSITIVE, schedule='exponential', LR_fin=1e-5)),
    ]),
}


def measure(net, bits, changes, seed, epochs, train_size, data):
    """Train one variant; returns :func:`outcome`'s errors.

    Parameters
    ----------
    net : 'lfc' or 'cnv'
    bits : (int, int)
        Bits per weight and per activation.
    changes : dict
        A value of VARIANTS[net].
    seed, epochs, train_size : int
    data : datasets.images.Dataset
    """
    changes, initial = dict(changes), None
    first, loss = changes.pop('first', None), changes.pop('loss', None)
    trainings = [(bits, epochs)] if first is None else [(first, epochs // 2), (bits, epochs - epochs // 2)]
    for (weight_bits, activation_bits), length in trainings:
        settings = Settings(net, weight_bits, activation_bits, epochs=length, train_size=train_size, seed=seed)
        settings = settings._replace(network=settings.network._replace(**changes))
        result, initial = outcome(settings, data, initial, loss)
    return result


def outcome(settings, data, initial=None, loss=None):
    """Train in a temporary folder; returns {name in ERRORS: percent} and the trained parameters, a list of arrays.

    Parameters
    ----------
    settings : training.settings.Settings
        `out` is ignored.
    data : datasets.images.Dataset
    initial : list of float32 arrays, optional
        Parameters to start from.
    loss : callable, optional
        A function of outputs and targets; default: the usual loss.
    """
    from board.evaluate import evaluate
    from board.simulator import Simulator
    from training import learning, trainer
    from weights_gen import generate, parameters

    with temporary_folder() as folder:
        settings = settings._replace(out=folder)
        os.makedirs(settings.run_folder)
        training_run = trainer.Run(settings, data, initial, loss=loss or learning.squared_hinge_loss)
        training_run()
        trained = parameters.arrays(parameters.read(settings.save_path, settings.overlay))
        with np.load(settings.files.test_outputs) as archive:
            outputs = archive['outputs']
        files, overlay = settings.files, settings.overlay
        generate.generate(overlay, files.parameters, files.folder, files.classes)
        packed = evaluate(Simulator(files.folder, overlay), data.test.images, data.test.labels)
    board = NETWORKS[settings.net].decision
    result = {name: 100. * float(np.mean(learning.answers(outputs, decision) != data.test.labels))
              for name, decision in (('board', board), ('largest', LARGEST_OUTPUT))}
    result['packed'] = 100. - packed['accuracy']
    result['validation'] = float(training_run.history[-1][HISTORY.index('best_validation_error_rate')])
    return result, trained


def earlier(path, about):
    """The variants in a file of results, which must be from trainings with these settings."""
    try:
        with io.open(path, encoding='ascii') as handle:
            content = json.load(handle, object_pairs_hook=collections.OrderedDict)
        found = {name: content[name] for name in about}, content['variants']
    except (ValueError, KeyError, TypeError) as error:
        raise UserError('%s is not a file of results (%s): remove it, or name another file' % (path, error))
    if found[0] != about:
        raise UserError('%s has results of trainings with other settings (%s): name another file' % (
            path, ', '.join('%s %s' % pair for pair in sorted(found[0].items()))))
    return found[1]


def compared(path, about, seeds, variants, measure):
    """Add ``measure(variant, seed)`` to the results in `path` wherever it is missing, writing each; returns all results."""
    results = collections.OrderedDict()
    if os.path.exists(path):
        results.update(earlier(path, about))
    for seed in range(1, seeds + 1):
        for variant in variants:
            found = results.setdefault(variant, collections.OrderedDict())
            if str(seed) in found:
                continue
            found[str(seed)] = measure(variant, seed)
            text = json.dumps(dict(about, variants=results), indent=1, separators=(',', ': '))
            with whole_file(path) as handle:
                handle.write((text + '\n').encode('ascii'))
    return results


def table(results):
    """Lines with each variant's mean and standard deviation."""
    width = max(map(len, results))
    lines = ['%-*s %5s' % (width, 'variant', 'seeds') + ''.join('%16s' % (name + ', %') for name in ERRORS)]
    for variant, found in results.items():
        columns = [[one[name] for one in found.values() if name in one] for name in ERRORS]
        lines.append('%-*s %5d' % (width, variant, len(found)) + ''.join(
            '%16s' % ('%.2f +- %.2f' % (np.mean(errors), np.std(errors)) if errors else '-') for errors in columns))
    return lines


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    add = parser.add_argument
    add('--net', choices=sorted(VARIANTS), required=True)
    add('-wb', '--weight-bits', type=int, default=1, metavar='BITS')
    add('-ab', '--activation-bits', type=int, default=1, metavar='BITS')
    add('--data-dir', required=True, metavar='DIR', help='the folder with mnist.npz and cifar10.npz')
    add('--epochs', type=int, default=10, metavar='N')
    add('--train-size', type=int, metavar='N', help='use only the first N training images')
    add('--seeds', type=int, default=3, metavar='N', help='trainings per variant')
    add('--out', required=True, metavar='FILE.json', help='results; those already there are kept')
    add('variants', nargs='*', metavar='VARIANT', help='variants to train (default: all of the network)')
    options = parser.parse_args(arguments)
    known = VARIANTS[options.net]
    for variant in options.variants:
        if variant not in known:
            raise UserError('there is no variant "%s": choose from "%s"' % (variant, '", "'.join(known)))
    from datasets import registry
    from training import backend      # as in a training
    backend.configure()

    settings = Settings(options.net, options.weight_bits, options.activation_bits)
    data = registry.load(settings.dataset, options.net, options.data_dir)
    about = {'network': settings.overlay.name, 'epochs': options.epochs, 'train_size': options.train_size}
    bits = options.weight_bits, options.activation_bits
    results = compared(options.out, about, options.seeds, options.variants or known, lambda variant, seed: measure(
        options.net, bits, known[variant], seed, options.epochs, options.train_size, data))
    print('\n'.join(table(results)))


if __name__ == '__main__':
    sys.exit(run(main))
