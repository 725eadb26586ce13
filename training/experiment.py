"""One training, from the command line to the trained parameters: what mnist_mod.py and cifar10_mod.py both do."""
from __future__ import absolute_import, division, print_function

import collections
import os
import sys

from common import options, overlays
from datasets import preview, registry
from datasets.fitting import Fitting
from training import backend, tensorboard
from training.settings import Settings


def parse(net, arguments):
    """The options of a training of `net`, 'lfc' or 'cnv'; None: --net says."""
    network = overlays.NETWORKS.get(net)
    parser = options.parser('train', 'Train %s on %s, or on another data set.' % (net.upper(), network.dataset) if net
                            else 'Train a network.', without=['OUT'] + ['NET'] * bool(net))
    options.add(parser, 'OUT', '--out')
    if net:
        parser.set_defaults(net=net)
    return parser.parse_args(arguments)


def made_from(given, fitting):
    """What settings.json says beside the settings: of what kind one's own pictures are, for who fits more of them."""
    result = collections.OrderedDict([('init', given.init)] if given.init else [])
    if fitting and fitting.reads_ink:
        result['threshold'], result['invert'] = fitting.threshold, fitting.invert
    return result


def main(net, arguments):
    """Train; the exit status: 0, or :data:`training.trainer.STOPPED` where the run was asked to stop."""
    given = parse(net, arguments)
    net = given.net
    settings = Settings(net, given.weight_bits, given.activation_bits, given.dataset, given.epochs,
                        given.train_size, given.seed, given.runs, given.recipe,
                        given.mirrored and given.mirrored == 'yes')
    for line in backend.configure(net, given.device):
        print('Theano, by %s' % line, file=sys.stderr)

    from training import trainer            # Theano reads its configuration when it is imported
    from weights_gen import parameters
    backend.check()

    initial = parameters.arrays(parameters.read(given.init, settings.overlay)) if given.init else None
    files = settings.files
    with files.only_writer():
        data = registry.load(settings.dataset, net, given.data_dir, given.threshold, given.invert, given.broken)
        if settings.train_size and settings.train_size > len(data.train.labels):
            print('There are %d training images: all are used' % len(data.train.labels), file=sys.stderr)
        fitting = Fitting(net, given.threshold, given.invert) if registry.is_path(settings.dataset) else None
        run = trainer.Run(settings, data, initial, made_from(given, fitting))
        if given.tensorboard:
            run.events = tensorboard.Events(files.path)
        resume = given.resume == '1' or given.resume == 'auto' and files.can_resume(settings.deciding())
        goes_on = resume and files.has_checkpoint()
        if resume and not goes_on:
            print('There is no checkpoint in %s: the run starts from the beginning' % files.path, file=sys.stderr)
        if not resume or not goes_on and os.path.exists(files.parameters):
            aside = files.put_aside()
            if aside:
                print('The results that were in %s are now in %s' % (files.path, aside), file=sys.stderr)
        files.prepare()
        if fitting:
            preview.preview(settings.dataset, fitting, files.preview, tell=lambda line: None)
        try:
            run(resume)
        except trainer.Stopped as stopped:
            print(stopped, file=sys.stderr)
            return trainer.STOPPED
    return 0


if __name__ == '__main__':
    from common.errors import run
    sys.exit(run(lambda arguments: main(None, arguments)))
