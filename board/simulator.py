"""What the board will answer, bit for bit, from the parameter folder that it will load.

    python board/simulator.py --net cnvW1A1 --params cnvW1A1 --images test_batch.bin

    simulator = Simulator('cnvW1A1', OVERLAYS['cnvW1A1'])
    scores = simulator.scores(images)       # CNV: integer scores, LFC: output bits
    answers(simulator.overlay, scores)      # class indices, by the board's rule
"""
from __future__ import absolute_import, division, print_function

import functools
import os
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from board import kernel, reference
from common.errors import ArgumentParser, UserError, run
from common.overlays import LARGEST_OUTPUT, OVERLAYS
from datasets import inputs
from weights_gen import classes, folder

BAR = 40        # characters


class NoEngine(UserError):
    """The C kernel cannot be used."""


class OneImageOnly(UserError):
    """A ranking was asked for several images."""


class Simulator(object):
    """An overlay with the parameters of a folder loaded.

    Parameters
    ----------
    path : str
        The parameter folder; nothing else is read.
    overlay : common.overlays.Overlay
    engine : 'auto', 'c' or 'numpy'
        'auto' takes the C kernel where it can be compiled, else numpy; their answers are the same.

    Attributes
    ----------
    overlay : common.overlays.Overlay
    classes : list of unicode str
        The names in the folder's classes.txt.
    engine : str
        'c', or 'numpy' and why.

    Raises
    ------
    weights_gen.folder.BadFolder, weights_gen.classes.BadClasses, EnvironmentError
    NoEngine
        Where 'c' is asked for and cannot be had.
    """

    def __init__(self, path, overlay, engine='auto'):
        self.overlay = overlay
        parameters = folder.read(path, overlay)
        self.classes = classes.read(os.path.join(path, folder.CLASSES))
        self.engine, self._run = engine_for(overlay, parameters, engine)

    def scores(self, images):
        """What the overlay gives for each class.

        Parameters
        ----------
        images : uint8 array, (N, 28, 28) for LFC, (N, 32, 32, 3) for CNV

        Returns
        -------
        int32 array of shape (N, classes)
            CNV: the last layer's accumulators (W1A1: counts of equal bits). LFC: bits, 0 or 1.
        """
        return self._run(images)[:, :len(self.classes)]


def engine_for(overlay, layers, wanted='auto'):
    """What computes an overlay.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    layers : list of weights_gen.folder.LayerMatrices
    wanted : 'auto', 'c' or 'numpy'
        As :class:`Simulator` takes it.

    Returns
    -------
    str
        'c', or 'numpy' and why.
    function
        From images to the outputs of the last layer's rows, as :func:`board.reference.run` returns them.

    Raises
    ------
    NoEngine
    """
    why = 'as requested'
    if wanted != 'numpy':
        try:
            return 'c', kernel.Kernel(overlay, layers).run
        except kernel.NoKernel as error:
            why = str(error)
            if wanted == 'c':
                raise NoEngine('%s; or choose --engine auto or numpy' % why)
    return 'numpy (%s)' % why, functools.partial(reference.run, overlay, layers)


def answers(overlay, scores):
    """The class that the board answers: of a CNV the first with the largest score, of an LFC the highest set bit.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    scores : int array of shape (N, classes)

    Returns
    -------
    int array of shape (N,)
        0 where an LFC sets no bit.
    """
    if overlay.decision == LARGEST_OUTPUT:
        return scores.argmax(axis=1)
    highest = scores.shape[1] - 1 - scores[:, ::-1].argmax(axis=1)
    return np.where(scores.any(axis=1), highest, 0)


def ranking(overlay, names, scores):
    """The classes of one image from the answer down, as lines with bars.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    names : list of unicode str
    scores : int array of shape (classes,)

    Returns
    -------
    list of unicode str
        The bars run from the lowest score to the highest; an LFC's only tell which bits are set.
    """
    if overlay.decision == LARGEST_OUTPUT:
        order = np.argsort(-scores, kind='mergesort')       # stable: of equal scores the first class leads
    else:
        order = np.lexsort((np.arange(len(scores)) * (1 - 2 * scores), -scores))    # set bits from the top, others from 0
    low, high = scores.min(), scores.max()
    width = max(map(len, names))
    lines = [u'%s %6d  %s' % (names[index].ljust(width), scores[index],
                              u'#' * int(BAR * (scores[index] - low) // max(high - low, 1))) for index in order]
    if overlay.decision != LARGEST_OUTPUT and scores.sum() != 1:
        lines.append(u'%d bits are set: the board answers %s' % (
            scores.sum(), u'the highest' if scores.any() else u'the first class'))
    return [line.rstrip() for line in lines]


def print_lines(lines):
    """Print text, replacing what the terminal cannot show."""
    encoding = sys.stdout.encoding or 'utf-8'
    for line in lines:
        line = line.encode(encoding, 'replace')
        print(line if str is bytes else line.decode(encoding))


def _with_progress(simulator, images):
    """All scores, with a bar on the terminal where they take long."""
    if simulator.engine == 'c':
        return simulator.scores(images)
    starts = range(0, len(images), 100)
    try:
        import tqdm
        starts = tqdm.tqdm(starts, 'simulating', unit='x100', leave=False, disable=None)
    except ImportError:
        pass
    return np.concatenate([simulator.scores(images[start:start + 100]) for start in starts])


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--net', required=True, choices=list(OVERLAYS), metavar='NET', help=', '.join(OVERLAYS))
    parser.add_argument('--params', required=True, metavar='DIR', help='the parameter folder')
    parser.add_argument('--images', required=True, metavar='FILE',
                        help='.npy or .npz of uint8 images, CIFAR-10 binary, idx3-ubyte (.gz too), or a picture')
    parser.add_argument('--scores', action='store_true',
                        help='print each class\'s integer score (cnv) or bit (lfc) instead')
    parser.add_argument('--rank', action='store_true',
                        help='print the ranked classes of one image, with bars (the default on a terminal)')
    parser.add_argument('--engine', choices=['auto', 'c', 'numpy'], default='auto',
                        help='c is fast and is compiled at its first use; both give the same answers')
    parser.add_argument('--verbose', action='store_true', help='print the engine used and its time to stderr')
    options = parser.parse_args(arguments)
    simulator = Simulator(options.params, OVERLAYS[options.net], options.engine)
    images = inputs.read(options.images, simulator.overlay.image_shape)
    if options.rank and len(images) > 1:
        raise OneImageOnly('%s holds %d images: --rank shows one' % (options.images, len(images)))
    started = time.time()
    scores = _with_progress(simulator, images)
    if options.verbose:
        print('%s: %.4f ms an image, engine %s' % (
            options.net, 1e3 * (time.time() - started) / len(images), simulator.engine), file=sys.stderr)
    if options.scores:
        print_lines(u' '.join(map(u'%d'.__mod__, row)) for row in scores)
    elif options.rank or len(images) == 1 and sys.stdout.isatty():
        print_lines(ranking(simulator.overlay, simulator.classes, scores[0]))
    else:
        print_lines(u'%d' % index for index in answers(simulator.overlay, scores))


if __name__ == '__main__':
    sys.exit(run(main))
