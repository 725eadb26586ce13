"""A run on one page: how good the network is, where it errs, what to do about it, how fast the board answers.

    python -m report.page --run runs/mnist-lfcW1A1 [--out FILE]

Writes report.html in the run folder, one file that needs no other and loads nothing from a network. It shows what is
there: the networks of the same data set that lie beside the run are compared with it, and for what is missing a
sentence says which command makes it. The same inputs give the same bytes.

This module has what the sections show, templates/run.html how.
"""
from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board.differences import REASONS
from common import options
from common.errors import run
from common.files import whole_file
from common.overlays import BOARDS, HIGHEST_OUTPUT, OVERLAYS
from datasets import registry
from report import charts, render
from report.advice import advice
from report.answers import RANKED, class_rows, confused, confusion, ranking_rows
from report.gather import gather
from report.render import first_upper, number, percent
from report.speed import rate, speed
from common.statistics import decimals, wilson

_SETTINGS = (('dataset', 'Data set'), ('train_images', 'Training images'), ('valid_images', 'Validation images'),
             ('test_images', 'Test images'), ('recipe', 'Recipe'), ('epochs', 'Epochs'), ('batch_size', 'Batch size'),
             ('LR_start', 'Learning rate, first'), ('LR_fin', 'Learning rate, last'), ('seed', 'Seed'),
             ('train_size', 'Limit on training images'), ('net', 'Network'), ('weight_bits', 'Weight bits'),
             ('activation_bits', 'Activation bits'))
_TOOLS = {'python': 'Python', 'numpy': 'NumPy', 'theano': 'Theano', 'lasagne': 'Lasagne'}


def page(material, live=None):
    """The whole report.

    Parameters
    ----------
    material : report.gather.Material
    live : dict, optional
        As for :func:`write`.

    Returns
    -------
    str
        HTML.
    """
    network = material.network
    return render.page('run.html', {
        'title': '%s on %s' % (precision(network.overlay), dataset(material)), 'precision': precision,
        'run': material, 'live': live, 'classes': material.classes, 'overlay': network.overlay,
        'verification': network.verification,
        'note': network.note, 'dataset': dataset(material), 'lead': lead(material), 'tiles': tiles(material),
        'advice': advice(material, bool(live)), 'accuracy': accuracy(material), 'reasons': reasons(network.verification),
        'networks': networks(material), 'confusion': confusion(material), 'confused': confused(material),
        'by_class': class_rows(material), 'decimals': decimals,
        'by_rule': bool(material.settings) and material.settings.get('decision') == HIGHEST_OUTPUT,
        'training': training(material), 'ranked': min(RANKED, len(material.classes)),
        'ranking': lambda sample, ranking: ranking_rows(material.classes, sample, ranking),
        'speed': speed(material), 'settings': settings(material), 'web_page': web_page(material)})


def precision(overlay):
    """'CNV W1A2'"""
    return '%s W%dA%d' % (overlay.net.upper(), overlay.weight_bits, overlay.activation_bits)


def dataset(material):
    """The data set's name as it is written."""
    return registry.title(material.run.dataset)


# ---- header ----

def lead(material):
    """What was trained, and for how long."""
    overlay, history = material.network.overlay, material.history
    convolutions = sum(layer.kind == 'conv' for layer in overlay.layers)
    text = '%d dense layers' % (len(overlay.layers) - convolutions)
    if convolutions:
        text = '%d convolutions, %d max pools, %s' % (convolutions, sum(layer.pool for layer in overlay.layers), text)
    text += '. Weights have %s, activations %s.' % tuple(
        '%d bit%s' % (bits, 's' * (bits > 1)) for bits in (overlay.weight_bits, overlay.activation_bits))
    if history:
        epochs, best = len(history['epoch']), int(history['best_epoch'][-1])
        planned = (material.settings or {}).get('epochs', epochs)
        text += ' Trained for %s%s.' % (
            '%s of %s epochs so far' % (number(epochs), number(planned)) if epochs < planned else
            '%s epochs' % number(epochs) if epochs > 1 else 'one epoch',
            '; the parameters are those of epoch %s, the best on the validation images' % number(best) * (epochs > 1))
    return text


def tiles(material):
    """The figures that matter most, (figure, what it is)."""
    network, verification, history = material.network, material.network.verification, material.history
    figures = []
    if verification:
        count, accuracies = verification['images'], verification['accuracy']
        figures += [(percent(accuracies['packed'], decimals(count)),
                     'of the %s test images right on the board, once packed (95 %% interval: %s)' % (
                         number(count), interval(accuracies['packed'], count))),
                    (percent(accuracies['trained'], decimals(count)), 'right before packing'),
                    (percent(verification['agreement'], decimals(count)), 'get the same answer before and after')]
    elif history:
        figures += [(percent(100 - history['test_error_rate'][-1]), 'of the test images right before packing')]
    board, clock = BOARDS[0]        # what most have
    return figures + [('%s\u202f/s' % number(rate(network.overlay, clock), 3),
                       'images on the FPGA of a %s at %d MHz, estimated' % (board, clock))]


def interval(value, count):
    """'96.0 to 98.1': the 95 % confidence interval of a percentage of a number of images."""
    low, high = wilson(int(round(value * count / 100)), count)
    return '%.*f to %.*f' % (decimals(count), low, decimals(count), high)


# ---- accuracy ----

def accuracy(material):
    """Before and after packing, and what others published: (label, percent, 95 % interval or None, colour)."""
    overlay, verification = material.network.overlay, material.network.verification
    rows = []
    if verification:
        count = verification['images']
        own = [('Before packing, by its largest output', verification['accuracy']['trained'])]
        if verification.get('decision') == HIGHEST_OUTPUT:
            own = []
        if overlay.decision == HIGHEST_OUTPUT:
            own.append(('Before packing, by the board\u2019s rule', verification['trained_by_board_rule']))
        own.append(('Packed, as the board answers', verification['accuracy']['packed']))
        rows += [(label, value, interval(value, count), 's1') for label, value in own]
    elif material.history:
        rows += [('Before packing', 100 - material.history['test_error_rate'][-1], None, 's1')]
    if material.run.dataset == overlay.network.dataset:
        known = overlay.published
        rows += [('Published: %s' % label, right, None, 'quiet') for label, right in (
            ('the original training', known.original_accuracy), ('its parameters on the board', known.board_accuracy),
            ('Brevitas\u2019s training', known.brevitas_accuracy)) if right]
    return rows


def reasons(verification):
    """Why packed and trained network differ: (images, reason, explanation), the most frequent first."""
    if not verification:
        return []
    return [(count, reason, ' '.join(first_upper(REASONS[name]) + '.' for name in reason.split(' + ') if name in REASONS))
            for reason, count in sorted(verification['reasons'].items(), key=lambda pair: (-pair[1], pair[0]))]


def networks(material):
    """This network and those beside it: (Network, trained, packed, images/s on FPGA, in the simulator)."""
    rows = []
    for network in sorted([material.network] + material.others,
                          key=lambda network: list(OVERLAYS).index(network.overlay.name)):
        verified = network.verification
        figures = [percent(verified['accuracy'][name], decimals(verified['images'])) if verified else '\u2013'
                   for name in ('trained', 'packed')]
        rows.append((network, figures + [
            number(rate(network.overlay, BOARDS[0].clock), 3),
            number(verified['images'] / verified['simulator']['seconds'], 3) if verified else '\u2013']))
    return rows if material.others else []


# ---- training ----

def training(material):
    """The curves, and whether the loss needs a word; None before the first epoch."""
    history = material.history
    if not history:
        return None
    losses = [('training', history['training_loss']), ('validation', history['validation_loss'])]
    positive = [value for _, values in losses for value in values if charts.finite(value) and value > 0]
    wide = bool(positive) and max(positive) > 50 * min(positive)
    errors = [('test, best epoch', history['test_error_rate']), ('validation', history['validation_error_rate'])]
    finite = [value for value in history['validation_loss'] if charts.finite(value)]
    return {'charts': [charts.lines('Loss', losses, log=wide),
                       charts.lines('Error, %', errors, marked=int(history['best_epoch'][-1])),
                       charts.lines('Learning rate', [('learning rate', history['LR'])], log=True)],
            'epochs': len(history['epoch']), 'large_loss': max(finite) if finite and max(finite) > 2 else None}


# ---- settings ----

def settings(material):
    """How it was made, exactly: (label, value, whether it is a hash)."""
    known, labels = material.settings or {}, dict(_SETTINGS)
    order = [name for name, _ in _SETTINGS if name in known]
    order += sorted(name for name in known if name not in labels and name not in ('versions', 'classes'))
    rows = [(labels.get(name, name), known[name], False) for name in order]
    verification = material.network.verification or {}
    for verb, content in (('Trained', known), ('Verified', verification)):
        versions = content.get('versions')
        if isinstance(versions, dict):
            rows += [('%s with %s' % (verb, _TOOLS.get(name, name)), versions[name], False) for name in sorted(versions)]
    rows += [(label, verification[name], True) for label, name in (
        ('Parameters, SHA-256', 'parameters_sha256'), ('Folder, SHA-256', 'files')) if verification.get(name)]
    return [(label, 'none' if value is None else value, hashed) for label, value, hashed in rows]


def web_page(material):
    """The name of the network's own page beside the report, where it has been made; make page makes it."""
    return os.path.basename(material.run.web_page) if os.path.exists(material.run.web_page) else None


# ---- the file ----

def write(material, out=None, live=None):
    """Write the report of a run.

    Parameters
    ----------
    material : report.gather.Material
    out : str, optional
        The file; default: report.html in the run folder.
    live : dict, optional
        For a run in training: ``reload``, seconds after which the page reloads itself, and ``progress``, a text.

    Returns
    -------
    str
        The file's path.
    """
    out = out or material.run.report
    text = page(material, live)
    with whole_file(out) as handle:
        handle.write(text.encode('utf-8'))
    return out


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('report', __doc__.split('\n')[0])
    parser.add_argument('--out', metavar='FILE', help='the file to write (default: report.html in the run folder)')
    given = parser.parse_args(arguments)
    print(write(gather(registry.run_path(given)), given.out))


if __name__ == '__main__':
    sys.exit(run(main))
