"""A run folder: the one place that knows its files, what is in them, and which process may write them.

    run = RunFolder('runs/mnist-lfcW1A1')
    run.overlay, run.dataset        # the overlay of lfcW1A1, 'mnist'
    run.parameters                  # 'runs/mnist-lfcW1A1/mnist-1w-1a.npz'
    run.read_history()              # column name -> list of float
"""
from __future__ import absolute_import

import contextlib
import csv
import fcntl
import io
import json
import os
import re

from common.errors import UserError
from common.files import lock, make_folder, open_regular, remove_remains, sha256, sync, whole_file
from common.overlays import OVERLAYS

# The columns of history.csv, and which of them count epochs (from 1).
HISTORY = ('epoch', 'LR', 'training_loss', 'validation_loss', 'validation_error_rate', 'best_epoch',
           'best_validation_error_rate', 'test_loss', 'test_error_rate')
COUNTS = ('epoch', 'best_epoch')

# The trained sets that come with the project, named as their runs are: .tar.gz the package, .npz the parameters.
PRETRAINED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'pretrained')

_VERIFICATION = 'verify.json'
LARGEST = 2 ** 26       # bytes of settings.json, verify.json or history.csv
_NAME = re.compile(r'(.+)-(%s)([.-].*)?\Z' % '|'.join(OVERLAYS))
_SETTINGS = (           # what settings.json may hold: a name and what its value is
    (('net', 'dataset', 'recipe', 'decision', 'init'), 'text', lambda value: isinstance(value, type(u''))),
    (('weight_bits', 'activation_bits', 'epochs', 'seed'), 'a whole number',
     lambda value: isinstance(value, int) and not isinstance(value, bool)))


class BadRun(UserError):
    """A folder that is not a run's, or lacks what an earlier step writes, or holds something damaged."""


class RunFolder(object):
    """The files of one run, by name; nothing is read before it is asked for.

    Parameters
    ----------
    path : str
        ``<dataset>-<network>`` in any folder; with a dot or dash and more after it, a run that was put aside.
    overlay : common.overlays.Overlay, optional
        Default: the one that the name says.
    exists : bool
        Whether the folder must be there.

    Attributes
    ----------
    path, name, dataset : str
    overlay : common.overlays.Overlay
    parameters, settings, history, log, checkpoint, classes, test_set, test_files, test_outputs, preview : str
        What training writes: the trained parameters (``<dataset>-<wb>w-<ab>a.npz``), settings.json, history.csv,
        train.log, checkpoint.npz, classes.txt, test-set.npz (x_test, y_test), test-files.txt (of a folder of pictures:
        their names, in the same order), test-outputs.npz (outputs, parameters_sha256), preview.png.
    folder, verification, package, web_page, report : str
        What comes after it: the parameter folder, verify.json, the .tar.gz for the board, the network as a web page,
        report.html.

    Raises
    ------
    BadRun
        There is no such folder, or its name has no network.
    """

    def __init__(self, path, overlay=None, exists=True):
        self.path = os.path.normpath(path)
        name = _NAME.match(os.path.basename(os.path.abspath(path)))
        if not name:
            raise BadRun('%s does not name a run: give <dataset>-<network>, with a network of %s' % (
                path, ', '.join(OVERLAYS)))
        if exists and not os.path.isdir(path):
            raise BadRun('%s: there is no such run: run make train first' % path)
        self.dataset, network = name.group(1, 2)
        self.name = '%s-%s' % (self.dataset, network)
        self.overlay = overlay or OVERLAYS[network]
        self.parameters = self._file('%s-%dw-%da.npz' % (
            self.dataset, self.overlay.weight_bits, self.overlay.activation_bits))
        self.settings, self.history, self.log = map(self._file, ('settings.json', 'history.csv', 'train.log'))
        self.checkpoint, self.classes, self.preview = map(self._file, ('checkpoint.npz', 'classes.txt', 'preview.png'))
        self.test_set, self.test_files, self.test_outputs = map(
            self._file, ('test-set.npz', 'test-files.txt', 'test-outputs.npz'))
        self.folder, self.verification, self.report = map(self._file, (network, _VERIFICATION, 'report.html'))
        self.package, self.web_page = [self._file(self.name + ending) for ending in ('.tar.gz', '.html')]

    def _file(self, name):
        return os.path.join(self.path, name)

    # --- what is in the files ----------------------------------------------------------------------------------------

    def needed(self, path):
        """The path of a file that training writes.

        Raises
        ------
        BadRun
            It is not there.
        """
        if not os.path.isfile(path):
            raise BadRun('%s is missing: run make train first' % path)
        return path

    def is_of_parameters(self, digest):
        """Whether a digest from a file, text or bytes, is the trained parameters' SHA-256; False where there are none."""
        own = sha256(self.parameters) if os.path.isfile(self.parameters) else None
        return own is not None and digest in (own, own.encode('ascii'))

    def read_settings(self):
        """What settings.json holds, or None where it is not there.

        Raises
        ------
        BadRun
            It is damaged, or one of the settings is not of its kind.
        """
        settings = read_mapping(self.settings)
        for names, kind, is_right in _SETTINGS:
            for name in names:
                if settings and name in settings and not is_right(settings[name]):
                    raise BadRun('%s is damaged (%s is not %s): train again' % (self.settings, name, kind))
        return settings

    def can_resume(self, deciding):
        """Whether there is a checkpoint of a run with these settings, name to value."""
        try:
            settings = self.read_settings() or {}
        except (BadRun, EnvironmentError):
            return False
        return self.has_checkpoint() and all(settings.get(name) == value for name, value in deciding.items())

    def has_checkpoint(self):
        """Whether a checkpoint, or the one before it, is there, whole or not."""
        return os.path.exists(self.checkpoint) or os.path.exists(previous(self.checkpoint))

    def read_history(self):
        """The columns of history.csv, name to list of float; None where there is no finished epoch.

        Raises
        ------
        BadRun
            It is damaged.
        """
        return read_history(self.history)

    def write_history(self, rows):
        """Write history.csv, one row of numbers in the order of :data:`HISTORY` for each epoch."""
        text = io.BytesIO() if str is bytes else io.StringIO()
        table = csv.writer(text, lineterminator='\n')
        table.writerow(HISTORY)
        for row in rows:
            table.writerow(shown(row))
        with whole_file(self.history) as handle:
            handle.write(text.getvalue().encode('ascii'))

    # --- the folder as a whole ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def only_writer(self):
        """Lock the folder, which may not be there yet, for this process; a dead process holds no lock.

        On a file system without locks, nothing guards it.

        Raises
        ------
        BadRun
            While another process holds it.
        """
        make_folder(os.path.dirname(self._lock_file()))
        with open(self._lock_file(), 'a') as handle:
            if not lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB):
                raise BadRun('another run is writing %s: wait for it, stop it, or choose another --out' % self.path)
            yield

    def is_being_written(self):
        """Whether a process holds the lock of :meth:`only_writer`; one that asks for it during this look is refused."""
        if not os.path.exists(self._lock_file()):
            return False
        with open(self._lock_file()) as handle:
            return not lock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _lock_file(self):
        """Beside the folder, which may be put aside."""
        parent, name = os.path.split(os.path.abspath(self.path))
        return os.path.join(parent, '.%s.lock' % name)

    def prepare(self):
        """Make the folder where it is not there, and remove what killed processes left half-written in it."""
        make_folder(self.path)
        self._remove_remains()

    def _remove_remains(self):
        for path in (self.parameters, self.settings, self.history, self.checkpoint, self.classes, self.test_set,
                     self.test_files, self.test_outputs):
            remove_remains(path)

    def put_aside(self):
        """Rename a folder that holds results, so that a new run cannot destroy them.

        Returns
        -------
        str or None
            Its new name: the first of ``<folder>.1``, ``<folder>.2``, ... that is free.
        """
        if not os.path.isdir(self.path) or not any(name.endswith('.npz') for name in os.listdir(self.path)):
            return None
        self._remove_remains()
        number = 1
        while os.path.exists('%s.%d' % (self.path, number)):
            number += 1
        os.rename(self.path, '%s.%d' % (self.path, number))
        sync(os.path.dirname(os.path.abspath(self.path)))
        return '%s.%d' % (self.path, number)


def previous(path):
    """The name of the checkpoint before the last, which is kept beside it."""
    stem, extension = os.path.splitext(path)
    return stem + '-previous' + extension


def run_folders(out):
    """The paths of the runs in a folder, also of runs put aside: whatever has a settings.json; not sorted."""
    return [os.path.join(out, name) for name in os.listdir(out)
            if not name.startswith('.') and os.path.exists(os.path.join(out, name, 'settings.json'))]


def shown(row):
    """A row of the history as text: the shortest that reads back as the same numbers."""
    return ['%d' % value if name in COUNTS else repr(float(value)) for name, value in zip(HISTORY, row)]


def read_history(path):
    """As :meth:`RunFolder.read_history`, of any file."""
    if not os.path.isfile(path):
        return None
    with open_regular(path) as handle:
        lines = handle.read(LARGEST).decode('utf-8', 'replace').splitlines()
    try:
        table = list(csv.reader(lines))
        rows = [[float(text) for text in row] for row in table[1:]]
        if not rows:
            return None
        if any(len(row) != len(table[0]) for row in rows):
            raise ValueError('rows of different lengths')
        columns = dict(zip(table[0], zip(*rows)))
        history = {name: list(columns[name]) for name in HISTORY}
        if any(not 1 <= epoch <= len(rows) for epoch in history['best_epoch']):
            raise ValueError('a best epoch that is not an epoch')
    except (ValueError, KeyError, csv.Error) as error:
        raise BadRun('%s is damaged (%s): resume the training, or train again' % (path, error))
    return history


def read_mapping(path):
    """What a .json file of a run holds, name to value, or None where it is not there.

    Raises
    ------
    BadRun
        It is damaged, holds something else, or text that is not Unicode.
    """
    if not os.path.exists(path):
        return None
    try:
        with open_regular(path) as handle:
            content = json.loads(handle.read(LARGEST).decode('utf-8'), parse_int=_integer)
        if not isinstance(content, dict):
            raise ValueError('not a JSON object')
        # "\\ud800", half of a character, is valid JSON and cannot be printed; Python 2 notices when it encodes
        json.dumps(content, ensure_ascii=False).encode('utf-16').decode('utf-16')
    except (ValueError, RuntimeError) as error:     # the latter: nested too deep
        raise BadRun('%s is damaged (%s): %s' % (path, ' '.join(str(error).split()), (
            'run make verify again' if os.path.basename(path) == _VERIFICATION else 'retrain')))
    return content


def _integer(text):
    """A whole number in a .json file; reading one of a million digits takes minutes."""
    if len(text) > 40:
        raise ValueError('a number of %d digits' % len(text))
    return int(text)
