"""Evaluate a packed network on a whole test set: accuracy with its interval, per class, confusion matrix.

    python -m board.evaluate --net cnv -wb 1 -ab 1 --data-dir data      # a run, or the set that comes with the project

The answers are the board's, by the simulator: the real CIFAR-10 gives the real figure for a set that comes with the
project. For a run, make report shows the same on its page.
"""
from __future__ import absolute_import, division, print_function

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import predict
from board.simulator import answers, print_lines
from common import options
from common.errors import UserError, run
from common.statistics import by_class, confused, confusion_of, decimals, share, wilson
from datasets import names, registry
from datasets.images import framed

_PAIRS = 5      # most confused pairs that are named
_WHOLE = 12     # classes up to which the whole confusion is printed


def evaluate(simulator, images, labels):
    """What the board answers to a test set.

    Parameters
    ----------
    simulator : board.simulator.Simulator
    images : uint8 array
        A data set's: as :meth:`board.simulator.Simulator.scores` takes them, or smaller grey ones for CNV.
    labels : int array of shape (N,)
        0 to the number of the set's classes - 1.

    Returns
    -------
    dict
        images, right : int. accuracy, low, high : float, in percent, the 95 % interval by Wilson's score. confusion : list
        of list of int, a row for each class, a column for each answer.
    """
    got = answers(simulator.overlay, simulator.scores(framed(images, simulator.overlay.net)))
    right = int((got == labels).sum())
    low, high = wilson(right, len(labels))
    return {'images': len(labels), 'right': right, 'accuracy': 100 * right / len(labels), 'low': low, 'high': high,
            'confusion': confusion_of(labels, got, len(simulator.classes))}


def lines(result, classes):
    """The printed lines of an evaluation."""
    digits = decimals(result['images'])
    yield '%.*f %% of %d images right (95 %% interval %.*f to %.*f)' % (
        digits, result['accuracy'], result['images'], digits, result['low'], digits, result['high'])
    width = max(len(name) for name in ['class'] + classes)
    yield '  %-*s %8s %8s %10s' % (width, 'class', 'images', 'right %', 'precision %')
    for name, counts in zip(classes, by_class(result['confusion'])):
        yield '  %-*s %8d %8s %10s' % (width, name, counts.images, _percent(counts.right, counts.images),
                                      _percent(counts.right, counts.answered))
    if len(classes) <= _WHOLE:
        yield '  confusion matrix, a row for each class:'
        for name, counts in zip(classes, result['confusion']):
            yield '  %-*s %s' % (width, name, ' '.join('%5d' % count for count in counts))
    pairs = confused(result['confusion'], _PAIRS)
    if pairs:
        yield '  most confused: ' + ', '.join('%s as %s %d' % (classes[row], classes[column], count)
                                             for row, column, count in pairs)


def _percent(part, whole):
    value = share(part, whole)
    return '-' if value is None else '%.1f' % value


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('evaluate', __doc__.split('\n')[0])
    parser.add_argument('--package', metavar='FILE.tar.gz', help='a package (default: the run\'s, or the one that comes '
                        'with the project)')
    given = parser.parse_args(arguments)
    path = given.package or predict.package_of(given)
    manifest, simulator = predict.load(path)
    name = given.dataset or manifest.get('dataset')
    if not name:
        raise UserError('%s does not say what it was trained on: give DATASET=' % path)
    invert, threshold = predict.fitting(manifest)
    own = registry.is_path(name)
    data = registry.load(name, simulator.overlay.net, given.data_dir, threshold=threshold if own else None,
                         invert=invert if own else None)
    if list(data.class_names) != simulator.classes:
        raise UserError('%s has the classes %s, %s has %s: give the DATASET= that it was trained on' % (
            name, ', '.join(map(names.shown, data.class_names)), path, ', '.join(map(names.shown, simulator.classes))))
    print(predict.about(manifest, path))
    sys.stdout.flush()
    result = evaluate(simulator, data.test.images, data.test.labels)
    print_lines(lines(result, simulator.classes))
    return 0


if __name__ == '__main__':
    sys.exit(run(main))
