"""What a packaged network answers, as the board will: the ranked classes of a picture.

    python board/predict.py --package pretrained/mnist-lfcW1A1.tar.gz --images seven.png

The package says which network it is of, and is checked first. Of a file of many images, one class name a line.
"""
from __future__ import absolute_import, print_function

import contextlib
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import package
from board.simulator import Simulator, answers, print_lines, ranking
from common.errors import ArgumentParser, run
from common.files import temporary_folder
from common.overlays import OVERLAYS
from datasets import inputs


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
    with open(path, 'rb') as handle:
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


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--package', required=True, metavar='FILE.tar.gz', help='what make package made')
    parser.add_argument('--images', required=True, metavar='FILE',
                        help='a picture, .npy or .npz of uint8 images, CIFAR-10 binary, idx3-ubyte (.gz too)')
    options = parser.parse_args(arguments)
    manifest, simulator = load(options.package)
    images = inputs.read(options.images, simulator.overlay.image_shape, *fitting(manifest))
    scores = simulator.scores(images)
    chosen = [simulator.classes[index] for index in answers(simulator.overlay, scores)]
    if len(images) == 1:
        name = os.path.basename(options.images)
        name = name.decode('utf-8', 'replace') if isinstance(name, bytes) else name
        print_lines([u'%s: %s' % (name, chosen[0]), u''] +
                    ranking(simulator.overlay, simulator.classes, scores[0]) +
                    [u'', u'by %s' % package.summary(manifest)])
    else:
        print_lines(chosen)


if __name__ == '__main__':
    sys.exit(run(main))
