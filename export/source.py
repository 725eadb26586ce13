"""What is exported: a packed network, from a run folder, a package or a parameter folder alone.

    network = from_run('runs/cifar10-cnvW1A2')
    network = from_package('pretrained/mnist-lfcW1A1.tar.gz')
    network = from_folder('cnvW1A2', OVERLAYS['cnvW1A2'])
    network.name, network.layers, network.classes       # 'mnist-lfcW1A1', ...
"""
from __future__ import absolute_import, division

import collections
import glob
import os
import re

import numpy as np

from board import package, predict
from common.overlays import OVERLAYS
from common.run_folder import BadRun, RunFolder, read_mapping
from datasets import inputs
from datasets.names import file_name
from export import network
from weights_gen import classes, folder

SAMPLES = 12


class Source(collections.namedtuple('Source', [
        'name',             # '<dataset>-<network>', or '<network>' alone, of the files that are written
        'overlay', 'layers',    # common.overlays.Overlay, list of export.network.Layer
        'classes',          # list of unicode str
        'dataset',          # str, or None
        'accuracy',         # percent of the test set that the board's answers are right in, or None
        'note',             # a limit of the network in a sentence, unicode, or None
        'fingerprint',      # SHA-256 of the parameter folder, as board.package.fingerprint
        'samples',          # uint8 (N,) + overlay.image_shape, some images of the test set, N at most SAMPLES
        'invert', 'threshold'])):   # how training fitted its own pictures: board.predict.fitting
    """A packed network and what is known of it."""
    __slots__ = ()

    @property
    def identifier(self):
        """The name as C and JavaScript take it: letters, digits and underscores."""
        name = re.sub('[^A-Za-z0-9_]', '_', self.name)
        return name if name[0].isalpha() else 'net_' + name

    def facts(self):
        """What every exported file says of itself: an ordered list of (key, text)."""
        facts = [(u'network', self.overlay.name), (u'dataset', self.dataset), (u'classes', u', '.join(self.classes)),
                 (u'accuracy', self.accuracy and u'%.2f %% of the test set, by the board\'s answers' % self.accuracy),
                 (u'note', self.note),
                 (u'parameters_sha256', self.fingerprint)]
        return [(key, text) for key, text in facts if text]


def from_run(path):
    """The network of a run folder.

    Raises
    ------
    common.run_folder.BadRun, weights_gen.folder.BadFolder, weights_gen.classes.BadClasses,
    datasets.inputs.BadImages, EnvironmentError
    """
    run_folder = RunFolder(path)
    if not os.path.isdir(run_folder.folder):
        raise BadRun('%s is not packed yet: run make weights with the same variables first' % path)
    files = _files(run_folder.overlay, run_folder.folder)
    verified = read_mapping(run_folder.verification) or {}
    if verified.get('files') != package.fingerprint(files):
        verified = {}           # not verified yet, or another training's
    made = {'dataset': run_folder.dataset, 'settings': run_folder.read_settings(), 'accuracy': verified.get('accuracy')}
    return _source(run_folder.overlay, run_folder.folder, made, [run_folder.test_set])


def from_package(path):
    """The network of a package that :mod:`board.package` built.

    Raises
    ------
    board.package.BadPackage, weights_gen.folder.BadFolder, weights_gen.classes.BadClasses, EnvironmentError
    """
    with predict.unpacked(path) as (manifest, parameters):
        return _source(OVERLAYS[manifest['network']], parameters, manifest,
                       glob.glob(os.path.join(parameters, package.SAMPLES, 'images*')))


def from_folder(path, overlay):
    """The network of a parameter folder, of which no more is known.

    Raises
    ------
    weights_gen.folder.BadFolder, weights_gen.classes.BadClasses, EnvironmentError
    """
    return _source(overlay, path, {}, [])


def _source(overlay, path, made, test_sets):
    """`made`: a package's manifest, or what one of the run would say; `test_sets`: a file of images, if there is one."""
    matrices = folder.read(path, overlay)
    names = classes.read(os.path.join(path, folder.CLASSES))
    samples = np.zeros((0,) + overlay.image_shape, np.uint8)
    for test_set in filter(os.path.exists, test_sets):
        samples = inputs.read(test_set, overlay.image_shape)[:SAMPLES]
    accuracy = made.get('accuracy')
    accuracy = accuracy.get('packed') if isinstance(accuracy, dict) else None
    dataset = made.get('dataset') and file_name(made['dataset'])    # a package's may be a path
    return Source('%s-%s' % (dataset, overlay.name) if dataset else overlay.name, overlay,
                  network.unpacked(overlay, matrices, len(names)), names,
                  dataset, accuracy if isinstance(accuracy, (int, float)) else None, made.get('note'),
                  package.fingerprint(_files(overlay, path)), samples, *predict.fitting(made))


def _files(overlay, path):
    """The files of a parameter folder, {path: bytes}; BNN-PYNQ's published ones have no hw/config.h."""
    contents = {}
    for part in folder.layout(overlay):
        if os.path.exists(os.path.join(path, part)):
            with open(os.path.join(path, part), 'rb') as handle:
                contents[part] = handle.read()
    return contents
