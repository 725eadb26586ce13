"""What a report shows of a run: settings, history, what verify found, and pictures with each network's answers.

    found = gather('runs/mnist-lfcW1A1')
    found.network.verification, found.mistakes
"""
from __future__ import absolute_import, division, print_function

import collections
import io
import os

import numpy as np

from board.package import fingerprint
from board.samples import read_names
from board.simulator import Simulator, answers
from board.verify import read_test_set
from common.errors import UserError
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT, OVERLAYS
from common.run_folder import BadRun, RunFolder, read_mapping
from common.statistics import confusion_of, is_confusion
from weights_gen import classes, folder

SAMPLES = 6
MISTAKES = 12                   # of which the worst are shown
PAIRS, EXAMPLES = 8, 5          # pairs of classes that are confused, pictures of each

Network = collections.namedtuple('Network', [
    'overlay',
    'verification',         # what verify.json says of the folder as it is, or None
    'note',                 # a sentence on why there is none, or on what it says; or None
    'simulator',            # board.simulator.Simulator of the folder, or None
    'problem'])             # a sentence on why there is none, or None

Sample = collections.namedtuple('Sample', [
    'image', 'label',       # uint8 array, class index
    'name',                 # of its file where that is known, else its number in the test set
    'rankings'])            # of each network that can be simulated: Ranking

Ranking = collections.namedtuple('Ranking', [
    'overlay', 'answer',    # the board's
    'values',               # of each class: CNV's scores, LFC's outputs as training has them, or else its bits
    'bits'])                # LFC: the board's output bits; CNV: None

Pair = collections.namedtuple('Pair', [
    'label', 'answer', 'count',     # how many images of this class are answered as that one
    'examples'])                    # some of them, (uint8 array, name)

Material = collections.namedtuple('Material', [
    'run', 'classes',
    'settings',             # of settings.json, or None
    'history',              # name -> list of float, or None
    'network', 'others',    # Network: this run's, and those beside it on the same data set
    'samples', 'no_samples',        # list of Sample, a sentence on why there is none
    'mistakes', 'pairs'])           # the worst mistakes, list of Sample; list of Pair, the most frequent first


def gather(path):
    """Everything that a report shows of a run.

    Parameters
    ----------
    path : str
        The run folder.

    Returns
    -------
    Material

    Raises
    ------
    common.run_folder.BadRun
        There is no such run, or its settings.json, history.csv or verify.json is damaged.
    weights_gen.classes.BadClasses, EnvironmentError
    """
    run_folder = RunFolder(path)
    network = read_network(run_folder)
    others = []
    for name in OVERLAYS:
        other = os.path.join(os.path.dirname(os.path.abspath(run_folder.path)), '%s-%s' % (run_folder.dataset, name))
        if name != run_folder.overlay.name and os.path.isdir(other):
            others.append((RunFolder(other), _read_other(RunFolder(other))))
    names = class_names(run_folder)
    samples, no_samples, mistakes, pairs = [], None, [], []
    try:
        test = _test_set(run_folder, names, [network] + [other for _, other in others])
        samples = read_samples(run_folder, test, names, [(run_folder, network)] + others)
        mistakes, pairs = read_mistakes(run_folder, test, names, network)
    except UserError as error:
        no_samples = 'No sample pictures: %s.' % _told(run_folder, error)
    return Material(run_folder, names, run_folder.read_settings(), run_folder.read_history(), network,
                    [other for _, other in others], samples, no_samples, mistakes, pairs)


def class_names(run_folder):
    """The names of a run's classes; none where neither training nor generator left them."""
    for path in (run_folder.classes, os.path.join(run_folder.folder, 'classes.txt')):
        if os.path.isfile(path):
            return classes.read(path)
    return []


def read_network(run_folder):
    """A run's packed network, and what verify.json says of it.

    Returns
    -------
    Network
    """
    simulator = problem = None
    try:
        if not os.path.isdir(run_folder.folder):
            raise BadRun('it is not packed yet, run make weights')
        simulator = Simulator(run_folder.folder, run_folder.overlay)
    except UserError as error:
        problem = 'There is no simulation of %s: %s.' % (run_folder.overlay.name, _told(run_folder, error))
    verification = read_mapping(run_folder.verification)
    note = None
    if not os.path.isdir(run_folder.folder):
        note = ('This network is not packed yet: run make weights, then make verify to compare it with the trained '
                'one.')
        verification = None
    elif verification is None:
        note = 'This network is not verified yet: make verify compares it with the trained one.'
    elif not isinstance(verification.get('problems', []), list):
        raise _damaged(run_folder.verification)
    elif verification.get('problems'):
        note = ('Verification failed: the parameter folder does not match the trained parameters (%s): run make weights '
                'again.' % '; '.join('%s' % part for part in verification['problems'][:3]))
        verification = None
    elif verification.get('files') != _fingerprint(run_folder):
        note = 'verify.json does not match the parameter files in %s: run make verify again.' % run_folder.overlay.name
        verification = None
    else:
        _check_verification(run_folder.verification, verification)
        if not verification['passed']:
            note = ('Verification failed: the packed network is right on fewer test images than the trained one, '
                    'by more than the tolerance (%g percentage points).' % verification['tolerance'])
    return Network(run_folder.overlay, verification, note, simulator, problem)


def _read_other(run_folder):
    """As :func:`read_network`, of a run beside this one, whose report needs nothing of it: what is damaged is noted."""
    try:
        return read_network(run_folder)
    except (BadRun, EnvironmentError) as error:
        return Network(run_folder.overlay, None, 'Its results cannot be read: %s.' % _told(run_folder, error), None, None)


def _told(run_folder, error):
    """An error's text without the run's path: a report is the same wherever it is made."""
    return str(error).replace(run_folder.path + os.sep, '')


def _fingerprint(run_folder):
    contents = {}
    for part in folder.layout(run_folder.overlay):
        path = os.path.join(run_folder.folder, part)
        if os.path.isfile(path):
            with io.open(path, 'rb') as handle:
                contents[part] = handle.read()
    return fingerprint(contents)


def _check_verification(path, content):
    """Check that everything is there that the report reads."""
    try:
        numbers = [content[name] for name in ('images', 'tolerance', 'agreement', 'trained_by_board_rule')]
        numbers += [content['accuracy'][name] for name in ('trained', 'packed')]
        numbers += [content['simulator'][name] for name in ('seconds', 'processors')]
        numbers += list(content['reasons'].values())
        known = (all(isinstance(number, (int, float)) and abs(number) < 1e12 for number in numbers) and
                 content['images'] > 0 and
                 content['simulator']['seconds'] > 0 and
                 is_confusion(content['confusion'], len(content['confusion'])) and
                 sum(sum(row) for row in content['confusion']) == content['images'] and
                 all(0 <= one['image'] < content['images'] and 0 <= one['board'] < len(content['confusion'])
                     for one in content['differences']) and
                 isinstance(content['simulator']['engine'], type(u'')) and 'passed' in content)
    except (KeyError, TypeError, AttributeError, IndexError):
        known = False
    if not known:
        raise _damaged(path)


def _damaged(path):
    return BadRun('%s is damaged, or of another version: run make verify again' % path)


def _test_set(run_folder, names, networks):
    if not any(network.simulator for network in networks):
        raise BadRun('no network is packed yet, run make weights')
    return read_test_set(run_folder, len(names))


def read_samples(run_folder, test, names, networks):
    """The first test images of different classes, and what each network of this kind answers to them.

    Parameters
    ----------
    run_folder : common.run_folder.RunFolder
    test : board.verify.TestSet
    names : list of str
        The classes.
    networks : list of (common.run_folder.RunFolder, Network)

    Returns
    -------
    list of Sample
    """
    networks = [(other, network) for other, network in networks if network.simulator and
                network.overlay.net == run_folder.overlay.net and network.simulator.classes == names]
    _, first = np.unique(test.labels, return_index=True)
    return _samples(run_folder, test, np.sort(first)[:SAMPLES], networks)


def _samples(run_folder, test, chosen, networks):
    """The test images of these indices, with the rankings of networks, (Run, Network)."""
    rankings = [_rankings(other, network, test.images[chosen], chosen)
                for other, network in sorted(networks, key=lambda pair: list(OVERLAYS).index(pair[1].overlay.name))]
    files = read_names(run_folder, len(test.images))
    return [Sample(test.images[index], int(test.labels[index]), files[index], list(of_networks))
            for index, of_networks in zip(chosen, zip(*rankings))]


def read_mistakes(run_folder, test, names, network):
    """The test images that the board answers wrongly: the worst, and the most frequent by class and answer.

    The worst are those whose answer's output, of the trained network, is furthest above that of their own class.

    Parameters
    ----------
    run_folder : common.run_folder.RunFolder
    test : board.verify.TestSet
    names : list of str
        The classes.
    network : Network
        The run's own.

    Returns
    -------
    mistakes : list of Sample
    pairs : list of Pair
        Both empty where the network is not verified.
    """
    if not network.verification or not network.simulator or network.simulator.classes != names:
        return [], []
    given = board_answers(network, test)
    wrong = np.flatnonzero(given != test.labels)
    margins = test.outputs[wrong, given[wrong]] - test.outputs[wrong, test.labels[wrong]]
    wrong = wrong[np.argsort(-margins, kind='mergesort')]
    found = collections.OrderedDict()
    for index in wrong:
        found.setdefault((int(test.labels[index]), int(given[index])), []).append(index)
    files = read_names(run_folder, len(test.images))
    pairs = [Pair(label, answer, len(images), [(test.images[index], files[index]) for index in images[:EXAMPLES]])
             for (label, answer), images in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))[:PAIRS]]
    return (_samples(run_folder, test, wrong[:MISTAKES], [(run_folder, network)]) if len(wrong) else []), pairs


def board_answers(network, test):
    """What the board answers to the test set, from what training answered and the differences that verify found.

    Returns
    -------
    int array (N,)

    Raises
    ------
    BadRun
        They give another confusion matrix than verify.json's.
    """
    verification = network.verification
    by_rule = verification.get('decision') == network.overlay.decision == HIGHEST_OUTPUT
    given = answers(network.overlay, test.outputs >= 0) if by_rule else test.outputs.argmax(axis=1)
    for difference in verification['differences']:
        given[difference['image']] = difference['board']
    if confusion_of(test.labels, given, test.outputs.shape[1]) != verification['confusion']:
        raise BadRun('verify.json is of another test set: run make verify again')
    return given


def _rankings(run_folder, network, images, chosen):
    scores = network.simulator.scores(images)
    given = answers(network.overlay, scores)
    if network.overlay.decision == LARGEST_OUTPUT:
        return [Ranking(network.overlay, int(answer), values.tolist(), None) for answer, values in zip(given, scores)]
    outputs = scores
    try:
        test = read_test_set(run_folder, scores.shape[1])
        if len(test.images) > chosen.max() and np.array_equal(test.images[chosen], images):
            outputs = test.outputs[chosen]
    except UserError:           # of a network beside this one: its bits are there
        pass
    return [Ranking(network.overlay, int(answer), values.tolist(), bits.tolist())
            for answer, values, bits in zip(given, outputs, scores)]
