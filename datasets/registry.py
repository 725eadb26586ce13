"""Every data set by its name or path: the table of the known ones, a line each, and your own.

    data = load('mnist', 'lfc')
    data.train.images       # uint8 (50000, 28, 28), as the files hold them
    load('photos/pets', 'cnv', threshold=None)

A new data set is one file with ``load(net, data_dir)`` and one line in :data:`KNOWN`.
"""
from __future__ import absolute_import

import collections
import os

from common import overlays
from common.errors import UserError
from datasets import cifar10, digits, gtsrb, mnist, names, own, svhn
from datasets.fitting import Fitting
from datasets.images import DatasetError

# title: as the documents write it. mirrored: its classes stay the same in a mirror. networks: which can read it.
# licence: what its makers say, or ask for.
Known = collections.namedtuple('Known', ['title', 'mirrored', 'networks', 'load', 'licence'])

KNOWN = collections.OrderedDict([
    ('mnist', Known('MNIST', False, ('lfc', 'cnv'), mnist.load,
               'Creative Commons BY-SA 3.0, Y. LeCun and C. Cortes')),
    ('cifar10', Known('CIFAR-10', True, ('cnv',), cifar10.load,
                 'none is stated; its makers ask to cite A. Krizhevsky, 2009')),
    ('digits', Known('digits', False, ('lfc', 'cnv'), digits.load,
                'Creative Commons BY 4.0, E. Alpaydin and C. Kaynak, UCI; from scikit-learn')),
    ('svhn', Known('SVHN', False, ('cnv',), svhn.load,
              'for non-commercial use only, Y. Netzer et al., 2011')),
    ('gtsrb', Known('GTSRB', False, ('cnv',), gtsrb.load,
               'none is stated; its makers ask to cite J. Stallkamp et al., 2012')),
])


def load(name, net, data_dir=None, threshold=None, invert=None, broken='skip'):
    """A data set, split into training, validation and test images.

    Parameters
    ----------
    name : str
        One of :data:`KNOWN`, or the path of your own (:mod:`datasets.own`).
    net : 'lfc' or 'cnv'
        The network.
    data_dir : str, optional
        The folder of ``mnist.npz`` and ``cifar10.npz`` (x_train, y_train, x_test, y_test). By default, Keras's cache
        is used, filled if needed. SVHN and GTSRB are only read from here.
    threshold, invert, broken
        Choices about your own pictures (:class:`datasets.fitting.Fitting`, :func:`datasets.own.load`).

    Returns
    -------
    datasets.images.Dataset

    Raises
    ------
    DatasetError, datasets.downloads.DownloadError
    """
    if is_path(name):
        run_name(name)      # whether it may have that name
        return own.load(name, Fitting(net, threshold, invert), broken)
    if name not in KNOWN:
        raise DatasetError('there is no data set %s: choose one of %s, or give the path of a folder of pictures'
                           % (name, ', '.join(KNOWN)))
    if threshold is not None or invert is not None:
        raise DatasetError('THRESHOLD and INVERT are for your own pictures: leave them out with %s' % name)
    if net not in KNOWN[name].networks:
        raise DatasetError('LFC reads 28x28 black and white pictures, %s is in colour: train CNV on it (NET=cnv)' % name)
    return KNOWN[name].load(net, data_dir)


def run_path(given):
    """The run folder that --run names, or else --net, -wb, -ab, --dataset and --runs.

    Parameters
    ----------
    given : argparse.Namespace
        run, net, weight_bits, activation_bits, dataset, runs: :func:`common.options.parser`.

    Raises
    ------
    UserError
        There is no such overlay, or a path's name is that of a known data set.
    """
    if given.run:
        return given.run
    overlay = overlays.find(given.net, given.weight_bits, given.activation_bits)
    return os.path.join(given.runs, '%s-%s' % (run_name(given.dataset or overlay.network.dataset), overlay.name))


def title(name):
    """A data set's name as the documents write it; of your own, the name itself."""
    return KNOWN[name].title if name in KNOWN else name


def is_path(dataset):
    """Whether a data set is named by its path: one with a separator, or of something that is there."""
    return dataset not in KNOWN and (os.sep in dataset or os.path.exists(dataset))


def run_name(dataset):
    """A data set's part in file names: its name, or of a path :func:`datasets.names.file_name`.

    Raises
    ------
    UserError
        A path's name is that of a known data set.
    """
    if not is_path(dataset):
        return dataset
    name = names.file_name(dataset)
    if name.lower() in KNOWN:
        raise UserError('%s has the name of a known data set, and its results would be taken for that one\'s: '
                        'rename it, or give a link with another name' % dataset)
    return name
