"""The readers of foreign files, one row each: for fuzzing, and for replaying its corpus.

    read = READERS['idx'].make(folder)      # an empty folder, for other files that the reader needs
    read(data)                              # reads one file's bytes, or raises one of EXPECTED

Any other result is a find: another exception, a crash, more than SECONDS or MEGABYTES.
"""
from __future__ import absolute_import, division

import collections
import io
import os
import shutil

from board import package
from common import run_folder
from common.errors import UserError
from datasets import arrays, gtsrb, inputs, registry, zipped
from datasets.fitting import Fitting
from tests.fuzz import seeds
from training import checkpoint
from weights_gen import classes, parameters

EXPECTED = (UserError,)
SECONDS, MEGABYTES = 5, 512     # for one input, and for the process that reads it


class Reader(collections.namedtuple('Reader', ['make', 'seeds', 'form'])):
    """One row.

    Parameters
    ----------
    make : callable
        Takes a folder; returns the function that takes bytes.
    seeds : callable
        Returns whole files, a list of bytes.
    form : str
        How to change such a file, one of tests.fuzz.forms; '': as bytes.
    """


def put(path, data):
    with open(path, 'wb') as handle:
        handle.write(data)


def _file(name, read):
    """A reader of one file, by its path."""
    def make(folder):
        path = os.path.join(folder, name)

        def attempt(data):
            put(path, data)
            read(path)
        return attempt
    return make


def _among(content, name_of, read):
    """A reader of a folder of :mod:`tests.fuzz.seeds` with one file replaced, whose name follows from its bytes."""
    def make(folder):
        whole = content()
        for name, data in whole.items():
            put(os.path.join(folder, name), data)

        def attempt(data):
            name = name_of(data)
            put(os.path.join(folder, name), data)
            try:
                read(folder)
            finally:
                put(os.path.join(folder, name), whole[name])
        return attempt
    return make


def _pictures(path):
    """Read pictures for both networks."""
    try:
        inputs.read(path, (32, 32, 3))
    finally:
        inputs.read(path, (28, 28))


def _zip(folder):
    path, cache = os.path.join(folder, 'pictures.zip'), os.path.join(folder, 'cache')

    def attempt(data):
        put(path, data)
        shutil.rmtree(cache, ignore_errors=True)
        before = os.environ.get('XDG_CACHE_HOME', '')
        os.environ['XDG_CACHE_HOME'] = cache    # where zip files are unpacked
        try:
            zipped.unpacked(path) if zipped.is_packed(path) else arrays.load(path, Fitting('lfc'))
        finally:
            os.environ['XDG_CACHE_HOME'] = before
    return attempt


def _package(folder):
    return lambda data: package.read(io.BytesIO(data))


def _manifest(folder):
    contents = seeds.package_contents()

    def attempt(data):
        line = package.summary(package._checked(dict(contents, **{package.MANIFEST: data})))
        assert all(u' ' <= character <= u'~' for character in line)
    return attempt


def _settings(folder):
    run = run_folder.RunFolder(os.path.join(folder, 'own-lfcW1A1'), exists=False)
    os.mkdir(run.path)

    def attempt(data):
        put(run.settings, data)
        run.read_settings()
    return attempt


def _checkpoint(folder):
    path = os.path.join(folder, 'checkpoint.npz')

    def attempt(data):
        put(path, data)
        with seeds.no_theano():
            checkpoint.load(path)
    return attempt


READERS = collections.OrderedDict([
    ('npz', Reader(_file('own.npz', lambda path: arrays.load(path, Fitting('lfc'))), seeds.npz, 'zip')),
    ('known', Reader(_file('mnist.npz', lambda path: registry.load('mnist', 'lfc', os.path.dirname(path))), seeds.known,
                     'zip')),
    ('npy', Reader(_file('images.npy', lambda path: inputs.read(path, (28, 28), own=True)), seeds.npy, 'gzip')),
    ('idx', Reader(_among(seeds.idx_folder, seeds.idx_name, lambda path: arrays.load(path, Fitting('lfc'))), seeds.idx,
                   'gzip')),
    ('cifar', Reader(_among(seeds.cifar_folder, lambda data: 'data_batch_1.bin',
                            lambda path: arrays.load(path, Fitting('cnv'))), seeds.cifar, '')),
    ('pickle', Reader(_among(seeds.pickle_folder, lambda data: 'data_batch_1',
                             lambda path: arrays.load(path, Fitting('cnv'))), seeds.pickles, '')),
    ('tar', Reader(_file('cifar-10-python.tar.gz', lambda path: registry.load('cifar10', 'cnv', os.path.dirname(path))),
                   seeds.cifar_archives, 'targz')),
    ('mat', Reader(_among(seeds.mat_folder, lambda data: 'train_32x32.mat',
                          lambda path: registry.load('svhn', 'cnv', path)), seeds.mat, 'mat')),
    ('gtsrb', Reader(_file('GT-00000.csv', gtsrb._table), seeds.gtsrb, '')),
    ('pictures', Reader(_file('picture', _pictures), seeds.pictures, 'png')),
    ('zip', Reader(_zip, seeds.zipped, 'zip')),
    ('package', Reader(_package, seeds.packages, 'targz')),
    ('manifest', Reader(_manifest, seeds.manifests, '')),
    ('settings', Reader(_settings, seeds.settings, '')),
    ('history', Reader(_file('history.csv', run_folder.read_history), seeds.history, '')),
    ('checkpoint', Reader(_checkpoint, seeds.checkpoints, 'signed')),
    ('parameters', Reader(_file('trained.npz', lambda path: parameters.read(path, seeds.SMALL)), seeds.parameters, 'zip')),
    ('classes', Reader(_file('classes.txt', classes.read), seeds.classes, ''))])
