"""A run folder: what training and the generator left for one network, and what the board's scripts add to it.

    run = Run('runs/mnist-lfcW1A1')
    run.overlay, run.dataset        # the overlay of lfcW1A1, 'mnist'
    run.folder                      # 'runs/mnist-lfcW1A1/lfcW1A1', the parameter folder
"""
from __future__ import absolute_import

import io
import json
import os

from common.errors import UserError
from common.overlays import OVERLAYS

LARGEST = 2 ** 26       # characters of a .json file


class BadRun(UserError):
    """A folder that is not a run's, or lacks what an earlier step writes."""


class Run(object):
    """The names of a run's files; none but its own name is read.

    Parameters
    ----------
    path : str
        ``<dataset>-<network>``, in any folder.

    Attributes
    ----------
    path, folder, parameters, settings, test_set, verification, package : str
        The run folder and in it: the parameter folder, the trained parameters (.npz), settings.json, test-set.npz,
        verify.json and the .tar.gz for the board.
    overlay : common.overlays.Overlay
    dataset : str

    Raises
    ------
    BadRun
        Where there is no such folder, or its name says no network.
    """

    def __init__(self, path):
        self.path = os.path.normpath(path)
        name = os.path.basename(os.path.abspath(path))
        self.dataset, _, network = name.rpartition('-')
        if not self.dataset or network not in OVERLAYS:
            raise BadRun('%s is not the name of a run, <dataset>-<network>, with a network of %s' % (
                path, ', '.join(OVERLAYS)))
        if not os.path.isdir(path):
            raise BadRun('%s: there is no such run: train the network first' % path)
        self.overlay = OVERLAYS[network]
        self.folder = os.path.join(self.path, network)
        self.parameters = os.path.join(self.path, '%s-%dw-%da.npz' % (
            self.dataset, self.overlay.weight_bits, self.overlay.activation_bits))
        self.settings = os.path.join(self.path, 'settings.json')
        self.test_set = os.path.join(self.path, 'test-set.npz')
        self.verification = os.path.join(self.path, 'verify.json')
        self.package = os.path.join(self.path, name + '.tar.gz')


def read_json(path):
    """What a .json file of a run holds, or None where it is not there.

    Raises
    ------
    BadRun
        Where it is damaged.
    """
    if not os.path.exists(path):
        return None
    try:
        with io.open(path, encoding='utf-8') as handle:
            return json.loads(handle.read(LARGEST))
    except (ValueError, RuntimeError) as error:     # the latter: nested too deep
        raise BadRun('%s is damaged (%s): make it anew' % (path, ' '.join(str(error).split())))
