"""Check that the packed network is as good as the trained one, on the whole test set.

    python board/verify.py --run runs/mnist-lfcW1A1 [--tolerance POINTS]

First the parameter folder is compared with what its archive gives, file by file, byte by byte. Then the simulator runs
the folder on the test set, and its answers are compared with what the trained network answered when training evaluated
it. All figures, and the images on which the two differ, each with its reason where that is known (board/differences.py),
go to verify.json in the run folder.

The exit status is 0 if the folder matches its archive and the packed network is at most POINTS percentage points worse
than the trained one (default 1: the published networks lost 0.3 to 1.0). Both are judged by the board's rule. For CNV that
is training's own, the largest output. On the board an LFC answers the highest class whose output reaches 0, so a network
after few epochs loses much, packed or not: that gives a warning, and is not a failure of the packing.
"""
from __future__ import absolute_import, division, print_function

import collections
import json
import os
import platform
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from board import differences, folder_check, samples
from board.package import fingerprint
from board.simulator import Simulator, answers
from common import machine, npz, options
from common.errors import UserError, run
from common.files import sha256, whole_file
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT
from common.run_folder import BadRun, RunFolder
from common.statistics import confusion_of
from datasets import inputs, registry
from weights_gen import parameters
from weights_gen.folder import layout

TOLERANCE = float(options.OPTIONS['TOLERANCE'].default)      # percentage points
LARGEST = 2 ** 28           # bytes of the outputs

TestSet = collections.namedtuple('TestSet', ['images', 'labels', 'outputs'])


class Rejected(UserError):
    """The packed network is not the trained one, or not as good."""


# ---- what training left ----

def read_test_set(run_folder, classes):
    """The test images, and what the trained network answered.

    Parameters
    ----------
    run_folder : common.run_folder.RunFolder
    classes : int

    Returns
    -------
    TestSet
        images: uint8 (N,) + the network's image shape. labels: int (N,), 0 to classes - 1. outputs: float32
        (N, classes).

    Raises
    ------
    BadRun
        A file is missing, damaged or does not fit the others, or the outputs are not of the archive's parameters.
    datasets.inputs.BadImages
    """
    test_outputs = run_folder.needed(run_folder.test_outputs)
    if not run_folder.is_of_parameters(_read_array(test_outputs, 'parameters_sha256').tolist()):
        raise BadRun('%s does not match %s: resume the training, or train again' % (
            test_outputs, run_folder.needed(run_folder.parameters)))
    images = inputs.read(run_folder.needed(run_folder.test_set), run_folder.overlay.image_shape)
    labels = samples.read_labels(run_folder, len(images), classes)
    outputs = _read_array(test_outputs, 'outputs')
    if outputs.shape != (len(images), classes) or outputs.dtype.kind != 'f' or not np.isfinite(outputs).all():
        raise BadRun('%s: outputs are not finite numbers for %d images and %d classes: train again' % (
            test_outputs, len(images), classes))
    return TestSet(images, labels, outputs)


def _read_array(path, name):
    try:
        return npz.read(path, [name], LARGEST)[name]
    except ValueError as error:
        raise BadRun('%s is damaged (%s): train again' % (path, ' '.join(str(error).split())[:100]))


# ---- the answers ----

def compare(run_folder, trained, test, tolerance):
    """Both networks' answers on the whole test set.

    Parameters
    ----------
    run_folder : common.run_folder.RunFolder
    trained : list of weights_gen.parameters.LayerParameters
    test : TestSet
    tolerance : float
        Percentage points.

    Returns
    -------
    dict
        As verify.json holds it. Accuracies and agreement are in percent.
    """
    simulator = Simulator(run_folder.folder, run_folder.overlay)
    if simulator.engine != 'c':
        print('%d images through %s' % (len(test.images), simulator.engine))
        sys.stdout.flush()
    started = time.time()
    scores = simulator.scores(test.images)
    seconds = time.time() - started
    highest = run_folder.overlay.decision == HIGHEST_OUTPUT
    by_rule = answers(run_folder.overlay, test.outputs >= 0 if highest else test.outputs)
    decision = (run_folder.read_settings() or {}).get('decision', LARGEST_OUTPUT)
    of_training = by_rule if decision == HIGHEST_OUTPUT else test.outputs.argmax(axis=1)
    of_board = answers(run_folder.overlay, scores)
    different = np.flatnonzero(of_board != of_training)
    reasons = differences.explain(run_folder.overlay, trained, test.images[different], test.outputs[different],
                                  scores[different])
    right = [int((given == test.labels).sum()) for given in (of_training, by_rule, of_board)]
    count = len(test.labels)
    return {
        'images': count,
        'decision': decision,
        'accuracy': {'trained': 100 * right[0] / count, 'packed': 100 * right[2] / count},
        'trained_by_board_rule': 100 * right[1] / count,
        'tolerance': tolerance,
        'passed': right[1] - right[2] <= max(1, tolerance * count / 100 + 1e-9),     # at least one image
        'agreement': 100 * (count - len(different)) / count,
        'exact_images': int(differences.as_trained(run_folder.overlay, trained, test.outputs, scores).sum()),
        'reasons': dict(collections.Counter(reasons)),
        'differences': [{'image': image, 'label': label, 'trained': one, 'board': other, 'reason': reason}
                        for image, label, one, other, reason in zip(
                            different.tolist(), test.labels[different].tolist(), of_training[different].tolist(),
                            of_board[different].tolist(), reasons)],
        'confusion': confusion_of(test.labels, of_board, test.outputs.shape[1]),
        'simulator': {'engine': simulator.engine, 'seconds': seconds, 'processors': machine.processors()},
    }


def summary(run_folder, result):
    """What is printed, as lines."""
    accuracy, count = result['accuracy'], result['images']
    lfc = run_folder.overlay.decision == HIGHEST_OUTPUT
    lines = ['%s: %d test images' % (run_folder.name, count)]
    rows = [('folder', '%d files, all match %s' % (
                len(layout(run_folder.overlay)), os.path.basename(run_folder.parameters))),
            ('trained', '%6.2f %% right, by the %s' % (accuracy['trained'], result['decision']))]
    if lfc and result['decision'] != HIGHEST_OUTPUT:
        rows.append(('', '%6.2f %% right, by the highest output that reaches 0: the board\'s rule'
                     % result['trained_by_board_rule']))
    rows += [('packed', '%6.2f %% right' % accuracy['packed']),
             ('same answer', '%6.2f %%, %d differ' % (result['agreement'], len(result['differences']))),
             ('exact', '%6.2f %%: %s' % (100 * result['exact_images'] / count,
                                         'all output bits match training\'s' if lfc else
                                         'all scores match the trained outputs'))]
    lines += ['  %-12s %s' % row for row in rows]
    for reason, number in sorted(result['reasons'].items(), key=lambda pair: (-pair[1], pair[0])):
        lines.append('  %12d by %s' % (number, reason))
    named = ' + '.join(result['reasons']).split(' + ')
    lines += ['               %s: %s' % pair for pair in differences.REASONS.items() if pair[0] in named]
    lines.append('  %-12s %6.3f ms an image (%s, %d processors)' % (
        'simulator', 1e3 * result['simulator']['seconds'] / count, result['simulator']['engine'],
        result['simulator']['processors']))
    lost = accuracy['trained'] - result['trained_by_board_rule']
    if lost > result['tolerance']:
        lines.append('  warning: the board\'s rule, the highest output that reaches 0, costs %.2f points: RECIPE=best '
                     'trains for this rule; training longer helps too' % lost)
    lines.append('  details in %s' % run_folder.verification)
    return lines


# ---- verify.json ----

def write(path, result):
    """Write verify.json: a line for each entry, and for each item of a list."""
    lines = []
    for name in sorted(result):
        value = result[name]
        if isinstance(value, list) and value:
            text = '[\n  %s\n ]' % ',\n  '.join(json.dumps(item, sort_keys=True) for item in value)
        else:
            text = json.dumps(value, sort_keys=True)
        lines.append(' "%s": %s' % (name, text))
    with whole_file(path) as handle:
        handle.write(('{\n%s\n}\n' % ',\n'.join(lines)).encode('ascii'))


def verify(path, tolerance=TOLERANCE):
    """Verify a run, write verify.json and print its summary.

    Parameters
    ----------
    path : str
        The run folder.
    tolerance : float
        Percentage points.

    Raises
    ------
    BadRun
        The run lacks something, or something in it is damaged: verify.json stays as it is.
    Rejected
        The packed network is not the trained one, or not as good: verify.json says so.
    weights_gen.parameters.BadArchive, weights_gen.classes.BadClasses, datasets.inputs.BadImages, EnvironmentError
    """
    run_folder = RunFolder(path)
    trained = parameters.read(run_folder.needed(run_folder.parameters), run_folder.overlay)
    test = read_test_set(run_folder, parameters.classes(trained))
    about = {'network': run_folder.overlay.name, 'dataset': run_folder.dataset,
             'parameters_sha256': sha256(run_folder.parameters),
             'versions': {'python': platform.python_version(), 'numpy': np.__version__}}
    problems, contents = folder_check.problems_of(run_folder)
    if problems:
        write(run_folder.verification, dict(about, passed=False, problems=problems))
        raise Rejected('%s does not match %s: %s%s: run make weights again' % (
            run_folder.folder, os.path.basename(run_folder.parameters), '; '.join(problems[:4]),
            '; and %d more, listed in %s' % (len(problems) - 4, run_folder.verification) if len(problems) > 4 else ''))
    result = compare(run_folder, trained, test, tolerance)
    write(run_folder.verification, dict(about, files=fingerprint(contents), problems=[], **result))
    print('\n'.join(summary(run_folder, result)))
    sys.stdout.flush()
    if not result['passed']:
        raise Rejected('%s: the packed network has %.2f %% of the test set right, the trained one by the board\'s '
                       'rule %.2f %%, and the tolerance is %g: see the reasons in %s, or raise TOLERANCE' % (
                           run_folder.path, result['accuracy']['packed'], result['trained_by_board_rule'], tolerance,
                           run_folder.verification))


def main(arguments):
    """The command line; see --help."""
    given = options.parser('verify', __doc__.split('\n')[0]).parse_args(arguments)
    verify(registry.run_path(given), given.tolerance)


if __name__ == '__main__':
    sys.exit(run(main))
