"""What a packaged network answers, as the board will: the ranked classes of a picture.

    python board/predict.py --package pretrained/mnist-lfcW1A1.tar.gz --images seven.png

The package says which network it is of, and is checked first. Of a file of many images, one class name a line; which set
answers, and how good it is, goes to standard error then.
"""
from __future__ import absolute_import, print_function

import contextlib
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import package
from board.simulator import Simulator, answers, print_lines, ranking
from common import options
from common.errors import UserError, run
from common.files import open_regular, temporary_folder
from common.overlays import OVERLAYS
from common.run_folder import RunFolder
from datasets import inputs, registry

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@contextlib.contextmanager
def unpacked(path):
    """A package's manifest, and a folder that holds its files until the block ends.

    Parameters
    ----------
    path : str
        A package that :mod:`board.package` built.

    Raises
    ------
    board.package.BadPackage, EnvironmentError
    """
    with open_regular(path) as handle:
        try:
            manifest, contents = package.read(handle)
        except package.BadPackage as error:
            raise package.BadPackage('%s: %s' % (path, error))
    with temporary_folder() as folder:
        for part, content in contents.items():
            if not os.path.isdir(os.path.dirname(os.path.join(folder, part))):
                os.makedirs(os.path.dirname(os.path.join(folder, part)))
            with open(os.path.join(folder, part), 'wb') as handle:
                handle.write(content)
        yield manifest, folder


def load(path):
    """A package's manifest, and the simulator with its parameters.

    Raises
    ------
    weights_gen.folder.BadFolder, and what :func:`unpacked` raises
    """
    with unpacked(path) as (manifest, folder):
        return manifest, Simulator(folder, OVERLAYS[manifest['network']])


def fitting(manifest):
    """How training fitted its own pictures, (invert, threshold); None where it read MNIST or the like."""
    made = manifest.get('settings')
    made = made if isinstance(made, dict) else {}
    invert, threshold = made.get('invert'), made.get('threshold')
    return (invert if invert in ('auto', 'yes', 'no') else None,
            threshold if isinstance(threshold, int) and 0 <= threshold <= 255 else None)


def pretrained(files):
    """The path of the package that comes with the project for a run of this name, there or not."""
    return os.path.join(ROOT, 'pretrained', files.name + '.tar.gz')


def package_of(given):
    """The package of one's own run; where there is none, the one that comes with the project.

    Parameters
    ----------
    given : argparse.Namespace
        The options that name a run: :func:`datasets.registry.run_path`.

    Returns
    -------
    str
        The package's path.

    Raises
    ------
    UserError
        There is neither, or the run is trained and not packed.
    """
    files = RunFolder(registry.run_path(given), exists=False)
    if os.path.exists(files.parameters):
        if not os.path.exists(files.package):
            raise UserError('%s is trained and not packed: make weights verify package with the same variables comes '
                            'first' % files.path)
        if os.path.getmtime(files.parameters) > os.path.getmtime(files.package):
            print('%s was made before the last training: make weights verify package makes it again' % files.package,
                  file=sys.stderr)
    for path in (files.package, pretrained(files)):
        if os.path.exists(path):
            return path
    raise UserError('there is neither %s nor %s: make all with the same NET, WB, AB and DATASET comes first' % (
        files.package, os.path.relpath(pretrained(files), ROOT)))


def about(manifest, path):
    """Which set answers and how good it is, in a line."""
    accuracy = manifest.get('accuracy')
    packed = accuracy.get('packed') if isinstance(accuracy, dict) else None
    return package.plain('by %s/%s, trained on %s%s (%s)' % (
        manifest['name'], manifest['network'], manifest.get('dataset'),
        ', %.2f %% of its test images right, packed' % packed if isinstance(packed, (int, float)) else
        ', not verified', os.path.relpath(path)))


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('predict', __doc__.split('\n')[0])
    parser.add_argument('--package', metavar='FILE.tar.gz', help='what make package made; where not given, that of the '
                        'run, or the one that comes with the project')
    given = parser.parse_args(arguments)
    if not given.images:
        raise UserError('name a picture: make predict IMAGE=docs/seven.png, or --images')
    path = given.package or package_of(given)
    manifest, simulator = load(path)
    images = inputs.read(given.images, simulator.overlay.image_shape, *fitting(manifest))
    scores = simulator.scores(images)
    chosen = [simulator.classes[index] for index in answers(simulator.overlay, scores)]
    if len(images) == 1:
        name = os.path.basename(given.images)
        name = name.decode('utf-8', 'replace') if isinstance(name, bytes) else name
        print_lines([u'%s: %s' % (name, chosen[0]), about(manifest, path), u''] +
                    ranking(simulator.overlay, simulator.classes, scores[0]))
    else:
        print_lines(chosen)
        print(about(manifest, path), file=sys.stderr)


if __name__ == '__main__':
    sys.exit(run(main))
