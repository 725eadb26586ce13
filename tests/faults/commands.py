"""The commands that write something, each on so little data that every call can fail in turn.

A :class:`Command` fills its folder, writes its results there, and says what is in it. With ``old`` it finds the results of
an earlier call with other parameters.
"""
import json
import os
import shutil
import sys

from board import deploy, package, verify
from common import files
from common.errors import run
from common.overlays import LFC, OVERLAYS, overlay
from common.run_folder import RunFolder
from report import page
from tests.board import packages
from tests.board import runs as packed
from weights_gen import folder as folders
from weights_gen import generate

NETWORK, NAME, IMAGES = 'lfcW1A1', 'digits-lfcW1A1', 5
PACKAGE = package.__file__

# In this process only: an LFC with 64 units, and 10 instead of 290 files in its parameter folder.
OVERLAYS[NETWORK] = overlay(LFC._replace(units=((784, 64), (64, None))), 1, 1, ((2, 2), (64, 64)),
                            OVERLAYS[NETWORK].published)
_SIZES = folders.layout(OVERLAYS[NETWORK])
package.NETWORKS[NETWORK] = tuple(
    (layer.pe, _SIZES['%d-0-weights.bin' % layer.index], _SIZES['%d-0-thres.bin' % layer.index])
    for layer in OVERLAYS[NETWORK].layers), _SIZES[folders.CONFIG]


def tree(path):
    """Path to bytes of each file below a folder, or to the target of a link."""
    result = {}
    for root, below, found in os.walk(path):
        for name in found + below:
            whole = os.path.join(root, name)
            if os.path.islink(whole):
                result[os.path.relpath(whole, path)] = os.readlink(whole)
            elif name in found:
                result[os.path.relpath(whole, path)] = content(whole)
    return result


def content(path):
    """The bytes of a file, :func:`tree` of a folder, or None."""
    if os.path.isdir(path):
        return tree(path)
    if os.path.isfile(path):
        with open(path, 'rb') as handle:
            return handle.read()


def main(function, *arguments):
    """A command's exit status, as of its own process."""
    sys.argv[0] = function.__module__
    return run(function, [str(argument) for argument in arguments])


class Command:
    """A command in its own folder.

    Parameters
    ----------
    faults : library.Faults
    base : str
        A folder that it may write to, the same for each try.
    old : bool
    plain : bool
        Whether the file system cannot exchange two names.

    Attributes
    ----------
    folder : str
        Calls are counted within it.
    """

    stopped = {'interrupted': (130,), 'terminated': (143,)}     # the exit status, by kind
    durable = True              # whether a power cut loses nothing that it has finished

    def __init__(self, faults, base, old=False, plain=False):
        self.faults, self.base, self.old, self.plain = faults, base, old, plain
        self.name = ' '.join([type(self).__name__.lower()] + ['over old'] * old + ['without exchange'] * plain)
        self.folder = os.path.join(base, 'work')
        self.run = RunFolder(os.path.join(self.folder, NAME), exists=False)

    def prepare(self):
        """Make the folder, with what the command finds there."""
        kept = os.path.join(self.base, 'kept')
        if self.old:
            os.mkdir(self.folder)
            self.make(4)
            status, lines = self.faults.call(self.call, self.folder)
            assert status == 0, lines
            os.rename(self.folder, kept)
        os.mkdir(self.folder)
        self.make(3)
        for path in self.written() if self.old else ():
            shutil.rmtree(path, ignore_errors=True)     # a file is replaced
            os.renames(os.path.join(kept, os.path.relpath(path, self.folder)), path)
        shutil.rmtree(kept, ignore_errors=True)

    def make(self, seed):
        """Fill the empty folder with what the command reads."""
        packed.make(self.folder, NAME, packed.layers_of(self.run.overlay, seed=seed, classes=len(packed.CLASSES)), IMAGES)

    def written(self):
        """The paths of the files and folders that it writes."""
        raise NotImplementedError

    def call(self):
        """Run the command; returns its exit status."""
        raise NotImplementedError

    def again(self):
        """The next call."""
        return self.call()

    def recover(self):
        """What the next call does first if something was put aside."""
        for path in self.written():
            files.remove_remains(path)

    def results(self):
        """What it wrote: path to content."""
        return {path: content(path) for path in self.written()}

    def misbehaves(self, kind, status, lines):
        """Whether it did not end as it should: with one line and the status for the fault, or successfully."""
        right = self.stopped.get(kind) or {'killed': (-9,)}.get(kind) or (1,)
        return status != 0 and (status not in right or len(lines) != (status > 0))

    def problem(self, old, new):
        """What is wrong with the results, or None; `old` and `new` are the results before and after it."""
        for path, found in self.results().items():
            if found != old[path] and found != new[path]:
                return '%s is neither the old nor the new one' % os.path.relpath(path, self.folder)


class Weights(Command):
    """make weights"""

    def make(self, seed):
        super().make(seed)
        shutil.rmtree(self.run.folder)

    def written(self):
        return [self.run.folder]

    def call(self):
        return main(generate.main, '--run', self.run.path)


class Verify(Command):
    """make verify"""

    def written(self):
        return [self.run.verification]

    def call(self):
        return main(verify.main, '--run', self.run.path, '--tolerance', 100)

    def results(self):
        result = json.loads(content(self.run.verification) or b'{}')
        result.pop('simulator', None)       # how long it took
        return {self.run.verification: result}


class Package(Command):
    """make package"""

    def written(self):
        return [self.run.package]

    def call(self):
        return main(package.main, 'build', '--run', self.run.path)


class Report(Command):
    """make report"""

    def written(self):
        return [self.run.report]

    def call(self):
        return main(page.main, '--run', self.run.path)


class Install(Command):
    """package.py install, with its notebook"""

    def make(self, seed):
        super().make(seed)
        package.build_run(self.run.path)
        self.params, self.notebooks = (os.path.join(self.folder, name) for name in ('params', 'notebooks'))
        os.mkdir(self.params)
        os.mkdir(self.notebooks)

    def written(self):
        return [os.path.join(self.params, 'digits', NETWORK), os.path.join(self.notebooks, NAME + '.ipynb')]

    def call(self):
        return main(package.main, 'install', self.run.package, '--into', self.params, '--notebooks', self.notebooks,
                    '--force')

    def recover(self):
        package._clean(self.params)


class Deploy(Install):
    """make deploy, to a board whose ssh is a shell here"""

    def make(self, seed):
        super().make(seed)
        with open(PACKAGE) as source, open(os.path.join(self.base, 'package.py'), 'w') as target:
            target.write(source.read().replace('\n\n\nif __name__', '\n\n\nNETWORKS[%r] = %r\nif __name__' % (
                NETWORK, package.NETWORKS[NETWORK])))
        package.__file__ = target.name          # the file that is sent to the board
        site, self.ssh = os.path.join(self.folder, 'site'), os.path.join(self.base, 'ssh')
        self.params = os.path.join(site, 'bnn', 'params')
        for name in ('bnn/params', 'pynq'):
            os.makedirs(os.path.join(site, name))
            open(os.path.join(site, name.split('/')[0], '__init__.py'), 'w').close()
        programs = os.path.join(self.base, 'bin')
        if not os.path.isdir(programs):
            os.mkdir(programs)
            os.symlink(packages.BOARD_PYTHONS[0], os.path.join(programs, 'python3.6'))
        with open(self.ssh, 'w') as handle:
            handle.write('#!/bin/sh\nfor command; do :; done\nunset PYTHONHOME\nexport PATH=%s:$PATH PYTHONPATH=%s '
                         'PYNQ_JUPYTER_NOTEBOOKS=%s PYTHONDONTWRITEBYTECODE=1\nexec sh -c "$command"\n'
                         % (programs, site, self.notebooks))
        os.chmod(self.ssh, 0o755)

    # package.py on the board is stopped, and make deploy reports that
    stopped = {'killed': (1,), 'interrupted': (1,), 'terminated': (1,)}

    def call(self):
        return main(deploy.main, '--run', self.run.path, '--board', 'pynq', '--ssh', self.ssh, '--force')
