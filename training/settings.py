"""The numbers of each network and of each run, in one place (the specification of the training, "Optimisation").

    settings = Settings('cnv', weight_bits=1, activation_bits=2, dataset='cifar10')
    settings.run_folder                 # 'runs/cifar10-cnvW1A2'
    settings.learning_rate(epoch=10)
"""
from __future__ import absolute_import, division, print_function

import collections
import math
import os

from common import overlays
from common.errors import UserError
from common.options import OPTIONS
from common.run_folder import RunFolder
from datasets import registry
from training import recipes
from training.constants import ALPHA, EPSILON

Network = collections.namedtuple('Network', [
    'batch_size', 'epochs', 'LR_start', 'LR_fin', 'dropout_in', 'dropout_hidden', 'dataset',
    'schedule', 'BN_LR_scale', 'gamma_min', 'shift', 'mirrored', 'distortion', 'decision'])
ORIGINAL = dict(schedule='exponential', BN_LR_scale=1, gamma_min=None, shift=0, mirrored=False, distortion=0.,
                decision=overlays.LARGEST_OUTPUT)

NETWORKS = {name: Network(dataset=network.dataset, **dict(ORIGINAL, **network.training._asdict()))
            for name, network in overlays.NETWORKS.items()}

SEED = int(OPTIONS['SEED'].default)


class Settings(collections.namedtuple('Settings', [
        'net', 'weight_bits', 'activation_bits', 'dataset', 'epochs', 'train_size', 'seed', 'out', 'recipe', 'network',
        'overlay'])):
    """Everything that decides what a run computes. It cannot be changed; ``_replace`` makes another.

    Parameters
    ----------
    net : 'lfc' or 'cnv'
    weight_bits, activation_bits : int
        1 or 2; together with `net` one of :data:`common.overlays.OVERLAYS`.
    dataset : str, optional
        A name or a folder of pictures; default: the network's own.
    epochs, train_size, seed : int, optional
    out : str, optional
        The folder that holds the run folders.
    recipe : str, optional
        One of :data:`training.recipes.RECIPES`; default: 'best' for your own pictures, else 'original'.
    mirrored : bool, optional
        Whether images are mirrored at random; by default, the recipe and the data set decide.

    Raises
    ------
    UserError
        For networks that have no overlay, and numbers out of range.

    Attributes
    ----------
    overlay : common.overlays.Overlay
    network : Network
        The network's numbers, as the recipe has them.
    """
    __slots__ = ()

    def __new__(cls, net, weight_bits, activation_bits, dataset=None, epochs=None, train_size=None, seed=SEED,
                out=OPTIONS['OUT'].default, recipe=None, mirrored=None):
        overlay = overlays.find(net, weight_bits, activation_bits)
        dataset = dataset or NETWORKS[net].dataset
        recipe = recipe or ('best' if registry.is_path(dataset) else 'original')
        network = recipes.apply(NETWORKS[net], recipe, net, dataset, mirrored)
        epochs = network.epochs if epochs is None else epochs
        for name, value, least, most in (('epochs', epochs, 1, 10 ** 6), ('seed', seed, 0, 2 ** 32 - 1),
                                         ('train-size', train_size, network.batch_size, 10 ** 9)):
            if value is not None and not least <= value <= most:
                raise UserError('%s is %d: give a number from %d to %d' % (name, value, least, most))
        return super(Settings, cls).__new__(cls, net, weight_bits, activation_bits, dataset, epochs, train_size, seed,
                                            out, recipe, network, overlay)

    def fine_tuning(self):
        """The settings of a training that starts from trained parameters."""
        return self._replace(network=self.network._replace(**recipes.FINE_TUNING[self.recipe][self.net]))

    @property
    def dataset_name(self):
        """The data set's part in file names: a folder's own name for a folder."""
        return registry.run_name(self.dataset)

    @property
    def files(self):
        """The run folder, which need not be there."""
        return RunFolder(os.path.join(self.out, '%s-%s' % (self.dataset_name, self.overlay.name)), self.overlay,
                         exists=False)

    @property
    def run_folder(self):
        """Where this run writes: ``<out>/<dataset>-<net>W<wb>A<ab>``."""
        return self.files.path

    @property
    def save_path(self):
        """The trained parameters: ``<run folder>/<dataset>-<wb>w-<ab>a.npz``."""
        return self.files.parameters

    @property
    def LR_decay(self):
        """What the exponential schedule multiplies the learning rate by after each epoch."""
        return (self.network.LR_fin / self.network.LR_start) ** (1. / self.epochs)

    def learning_rate(self, epoch):
        """The learning rate of an epoch, counted from 0; cosine: Loshchilov and Hutter, 2016, arXiv:1608.03983."""
        start, end = self.network.LR_start, self.network.LR_fin
        if self.network.schedule == 'cosine':
            return end + (start - end) * (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        return start * self.LR_decay ** epoch

    def lines(self, train_set_size):
        """The lines that the documents show at the start, ``name = value``."""
        schedule = [('LR_start', self.network.LR_start), ('LR_fin', self.network.LR_fin),
                    ('LR_decay', self.LR_decay), ('save_path', self.save_path)]
        if self.network.schedule != 'exponential':
            schedule.remove(('LR_decay', self.LR_decay))
        if self.net == 'lfc':
            own = [('num_epochs', self.epochs), ('dropout_in', self.network.dropout_in),
                   ('dropout_hidden', self.network.dropout_hidden), ('W_LR_scale', 'Glorot')] + schedule
        else:
            own = ([('W_LR_scale', 'Glorot'), ('num_epochs', self.epochs)] + schedule +
                   [('train_set_size', train_set_size)])
        pairs = ([('activation_bits', self.activation_bits), ('weight_bits', self.weight_bits),
                  ('batch_size', self.network.batch_size), ('alpha', ALPHA), ('epsilon', EPSILON)] +
                 own + [('shuffle_parts', 1)])
        if self.recipe != 'original' or self.network.mirrored:
            pairs += [('recipe', self.recipe)] + [(name, getattr(self.network, name)) for name in (
                'schedule', 'BN_LR_scale', 'gamma_min', 'shift', 'mirrored', 'distortion', 'decision')]
        return ['%s = %s' % pair for pair in pairs]

    def deciding(self):
        """What a resumed run must have in common with the one that it continues, name to value."""
        result = collections.OrderedDict([
            ('net', self.net), ('weight_bits', self.weight_bits), ('activation_bits', self.activation_bits),
            ('dataset', self.dataset_name), ('epochs', self.epochs), ('train_size', self.train_size),
            ('seed', self.seed), ('recipe', self.recipe)] + list(self.network._replace(
                epochs=self.epochs, dataset=self.dataset_name)._asdict().items()))
        for name in ('BN_LR_scale', 'gamma_min'):       # so that older runs resume
            if result[name] == ORIGINAL[name]:
                del result[name]
        return result
