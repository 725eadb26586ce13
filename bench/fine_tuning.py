"""Whether few pictures are better learned from a trained network than from nothing: trainings of equal length, some seeds.

    python bench/fine_tuning.py --data-dir data --out fine-tuning.json

The pictures are of the first five classes of CIFAR-10, which a network of CIFAR-10 has seen (how far it helps at best), or
MNIST's digits, of which it has seen none. Of each class a tenth of the pictures validates; the test images are 500 of each.
All by the recipe for one's own pictures; see bench/recipes.py for the errors.
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
TESTED = 500        # of each class


def few(data, classes, count, seed):
    """Of the first `classes` classes `count` training images each, drawn by `seed`, a tenth of them to validate.

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


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    add = parser.add_argument
    add('--init', default=os.path.join(PRETRAINED, 'cifar10-cnvW1A1.npz'), metavar='FILE.npz',
        help='trained parameters of CNV W1A1 to start from; those that come with the project where not given')
    add('--data-dir', required=True, metavar='DIR', help='where mnist.npz and cifar10.npz lie')
    add('--dataset', choices=sorted(CLASSES), default='cifar10')
    add('--pictures', type=int, default=40, metavar='N', help='of each class, to train and to validate')
    add('--epochs', type=int, default=50, metavar='N')
    add('--seeds', type=int, default=3, metavar='N', help='drawings of pictures, a training from each start of each')
    add('--out', required=True, metavar='FILE.json', help='results; those that are there are kept')
    given = parser.parse_args(arguments)
    if not 10 <= given.pictures <= 4000:
        raise UserError('pictures is %d: give a number from 10 to 4000' % given.pictures)
    from datasets import registry
    from training import backend
    from weights_gen import parameters
    backend.configure('cnv')        # as training itself

    data = registry.load(given.dataset, 'cnv', given.data_dir)

    def measure(start, seed):
        settings = Settings('cnv', 1, 1, given.dataset, given.epochs, seed=seed, recipe='best')
        initial = None
        if start == 'trained':
            settings, initial = settings.fine_tuning(), parameters.arrays(parameters.read(given.init, settings.overlay))
        return outcome(settings, few(data, CLASSES[given.dataset], given.pictures, seed), initial)[0]
    about = {'network': 'cnvW1A1', 'dataset': given.dataset, 'pictures': given.pictures, 'epochs': given.epochs}
    print('\n'.join(table(compared(given.out, about, given.seeds, ['nothing', 'trained'], measure))))


if __name__ == '__main__':
    sys.exit(run(main))
