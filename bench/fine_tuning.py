"""Whether few pictures are learned better from a trained network than from random weights, in equally long trainings.

    python bench/fine_tuning.py --data-dir data --out fine-tuning.json

The pictures are from the first five classes of CIFAR-10, or MNIST's digits. CIFAR-10's network in pretrained/ has seen the
former: this is the most that it can help. With --others, they also start from a network that is first trained, for
OTHERS_EPOCHS, on the other five classes alone. A tenth of each class is for validation; 500 test images per class. All use
the recipe for your own pictures; bench/recipes.py describes the errors.
"""
from __future__ import absolute_import, division, print_function

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from bench.recipes import compared, outcome, table
from common.errors import ArgumentParser, UserError, run
from common.run_folder import PRETRAINED
from datasets.images import Images
from training.settings import Settings

CLASSES = {'cifar10': 5, 'mnist': 10}
TESTED = 500        # per class
OTHERS, OTHERS_EPOCHS = 'trained on the other classes', 24


def few(data, classes, count, seed):
    """`count` training images, drawn by `seed`, of each of the first `classes` classes; a tenth of them for validation.

    Parameters
    ----------
    data : datasets.images.Dataset
    classes, count, seed : int

    Returns
    -------
    datasets.images.Dataset
        With the first TESTED test images of each class.
    """
    random = np.random.RandomState(seed)
    train, valid, test = [], [], []
    for label in range(classes):
        drawn = random.permutation(np.flatnonzero(data.train.labels == label))[:count]
        train.append(drawn[count // 10:])
        valid.append(drawn[:count // 10])
        test.append(np.flatnonzero(data.test.labels == label)[:TESTED])

    def part(images, chosen):
        chosen = np.sort(np.concatenate(chosen))
        return Images(images.images[chosen], images.labels[chosen])
    return data._replace(train=part(data.train, train), valid=part(data.train, valid), test=part(data.test, test),
                         class_names=data.class_names[:classes], test_files=None)


def others(data, classes):
    """A data set without the images of the first `classes` classes, which it still names: other outputs than few's."""
    def part(images):
        chosen = images.labels >= classes
        return Images(images.images[chosen], images.labels[chosen])
    return data._replace(train=part(data.train), valid=part(data.valid), test=part(data.test), test_files=None)


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    add = parser.add_argument
    add('--init', default=os.path.join(PRETRAINED, 'cifar10-cnvW1A1.npz'), metavar='FILE.npz',
        help='trained parameters of CNV W1A1 to start from (default: those in pretrained/)')
    add('--others', action='store_true', help='start also from a network that has seen only the other classes of CIFAR-10')
    add('--data-dir', required=True, metavar='DIR', help='the folder with mnist.npz and cifar10.npz')
    add('--dataset', choices=sorted(CLASSES), default='cifar10')
    add('--pictures', type=int, default=40, metavar='N', help='pictures per class, for training and validation')
    add('--epochs', type=int, default=50, metavar='N')
    add('--seeds', type=int, default=3, metavar='N', help='random choices of pictures, each trained from every start')
    add('--out', required=True, metavar='FILE.json', help='results; those already there are kept')
    given = parser.parse_args(arguments)
    if given.others and given.dataset != 'cifar10':
        raise UserError('--others is for cifar10: no network in pretrained/ has seen classes of %s' % given.dataset)
    if not 10 <= given.pictures <= 4000:
        raise UserError('--pictures is %d: give a number from 10 to 4000' % given.pictures)
    from datasets import registry
    from training import backend
    from weights_gen import parameters
    backend.configure()             # as in a training

    data = registry.load(given.dataset, 'cnv', given.data_dir)
    made = {}

    def parameters_of(start):
        if start not in made:
            settings = Settings('cnv', 1, 1, given.dataset, OTHERS_EPOCHS, recipe='best')
            made[start] = (outcome(settings, others(data, CLASSES[given.dataset]))[1] if start == OTHERS else
                           parameters.arrays(parameters.read(given.init, settings.overlay)))
        return made[start]

    def measure(start, seed):
        settings = Settings('cnv', 1, 1, given.dataset, given.epochs, seed=seed, recipe='best')
        initial = None
        if start != 'nothing':
            settings, initial = settings.fine_tuning(), parameters_of(start)
        return outcome(settings, few(data, CLASSES[given.dataset], given.pictures, seed), initial)[0]
    about = {'network': 'cnvW1A1', 'dataset': given.dataset, 'pictures': given.pictures, 'epochs': given.epochs}
    starts = ['nothing', 'trained'] + [OTHERS] * given.others
    print('\n'.join(table(compared(given.out, about, given.seeds, starts, measure))))


if __name__ == '__main__':
    sys.exit(run(main))
