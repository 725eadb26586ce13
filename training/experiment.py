"""One training, from the command line to the trained parameters: what mnist_mod.py and cifar10_mod.py both do."""
from __future__ import absolute_import, division, print_function

import argparse
import collections
import os
import sys

from common.errors import ArgumentParser
from datasets import preview, registry
from datasets.fitting import Fitting
from training import backend, recipes
from training.settings import NETWORKS, SEED, Settings


def parse(net, arguments):
    """The options of a training of `net`, 'lfc' or 'cnv'."""
    network = NETWORKS[net]
    parser = ArgumentParser(description='Train %s on %s, or on another data set.' % (net.upper(), network.dataset),
                            formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add('-wb', '--weight-bits', type=int, default=1, metavar='BITS', help='1 or 2 (LFC: 1)')
    add('-ab', '--activation-bits', type=int, default=1, metavar='BITS', help='1 or 2 (2-bit weights: 2)')
    add('--dataset', default=network.dataset, help='mnist, cifar10, digits, svhn, gtsrb, or a folder of pictures')
    add('--data-dir', metavar='DIR', help='where mnist.npz and cifar10.npz lie; without it they are downloaded')
    preview.add_options(parser)
    add('--recipe', choices=sorted(recipes.RECIPES, reverse=True), default='original',
        help='original: as the documents train; best: as measured better')
    add('--mirrored', choices=('yes', 'no'), help='whether images are mirrored at random; where not given, the recipe '
        'does so with data sets that it knows: cifar10')
    add('--epochs', type=int, default=network.epochs, metavar='N', help='the learning rate falls over so many epochs')
    add('--train-size', type=int, metavar='N', help='use only the first N training images')
    add('--seed', type=int, default=SEED, metavar='N', help='of the weights, the order of the images, and dropout')
    add('--out', default='runs', metavar='DIR', help='where the run folder is made')
    add('--init', metavar='FILE.npz', help='start from trained parameters')
    add('--resume', action='store_true', help='go on with a run that was stopped')
    add('--device', choices=backend.DEVICES, default='cpu', help='what Theano computes on')
    return parser.parse_args(arguments)


def made_from(options, fitting):
    """What settings.json says beside the settings: of what kind one's own pictures are, for who fits more of them."""
    result = collections.OrderedDict([('init', options.init)] if options.init else [])
    if fitting and fitting.net == 'lfc':
        result['threshold'], result['invert'] = fitting.threshold, fitting.invert
    return result


def main(net, arguments):
    """Train; the exit status: 0, or :data:`training.trainer.STOPPED` where the run was asked to stop."""
    options = parse(net, arguments)
    settings = Settings(net, options.weight_bits, options.activation_bits, options.dataset, options.epochs,
                        options.train_size, options.seed, options.out, options.recipe,
                        options.mirrored and options.mirrored == 'yes')
    backend.configure(net, options.device)

    from training import trainer            # Theano reads its configuration when it is imported
    from weights_gen import parameters
    backend.check(options.device)

    initial = parameters.arrays(parameters.read(options.init, settings.overlay)) if options.init else None
    files = settings.files
    with files.only_writer():
        data = registry.load(settings.dataset, net, options.data_dir, options.threshold, options.invert,
                             options.broken)
        if settings.train_size and settings.train_size > len(data.train.labels):
            print('There are %d training images: all are used' % len(data.train.labels), file=sys.stderr)
        fitting = Fitting(net, options.threshold, options.invert) if registry.is_path(settings.dataset) else None
        run = trainer.Run(settings, data, initial, made_from(options, fitting))
        goes_on = options.resume and files.has_checkpoint()
        if options.resume and not goes_on:
            print('There is no checkpoint in %s: the run starts from the beginning' % files.path, file=sys.stderr)
        if not options.resume or not goes_on and os.path.exists(files.parameters):
            aside = files.put_aside()
            if aside:
                print('The results that were in %s are now in %s' % (files.path, aside), file=sys.stderr)
        files.prepare()
        if fitting:
            preview.preview(settings.dataset, fitting, files.preview,
                             tell=lambda line: None)
        try:
            run(options.resume)
        except trainer.Stopped as stopped:
            print(stopped, file=sys.stderr)
            return trainer.STOPPED
    return 0
