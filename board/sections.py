"""The report's sections, each from what board.report.gather found to markup."""
from __future__ import absolute_import, division, unicode_literals

import base64
import io

import numpy as np
from PIL import Image

from board import charts
from board.charts import bar, number
from board.differences import REASONS
from board.markup import Markup, element, join
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT, OVERLAYS

TITLES = {'mnist': 'MNIST', 'cifar10': 'CIFAR-10'}
CLOCKS = (100, 300)             # MHz
NUMBERED = 20                   # classes whose confusion matrix has numbers in its cells
CONFUSIONS = 8                  # of which the most frequent are listed
RANKED = 5                      # classes of a sample picture

_SETTINGS = (('dataset', 'Data set'), ('train_images', 'Training images'), ('valid_images', 'Validation images'),
             ('test_images', 'Test images'), ('epochs', 'Epochs'), ('batch_size', 'Batch size'),
             ('LR_start', 'Learning rate, first'), ('LR_fin', 'Learning rate, last'), ('seed', 'Seed'),
             ('train_size', 'Limit on training images'), ('net', 'Network'), ('weight_bits', 'Weight bits'),
             ('activation_bits', 'Activation bits'))


def page(material, style):
    """The whole page.

    Parameters
    ----------
    material : board.report.Material
    style : str
        CSS.

    Returns
    -------
    board.markup.Markup
    """
    title = '%s on %s' % (precision(material.network.overlay), dataset(material))
    head = element('head', element('meta', charset='utf-8'),
                   element('meta', name='viewport', content='width=device-width, initial-scale=1'),
                   element('meta', name='color-scheme', content='light dark'),
                   element('meta', http_equiv='Content-Security-Policy',
                           content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"),
                   element('link', rel='icon', href='data:,'),
                   element('title', title), element('style', Markup(style)))
    body = element('body', element('main', header(material), training(material), accuracy(material),
                                   confusion(material), samples(material), speed(material), settings(material)))
    return join([Markup('<!DOCTYPE html>\n'), element('html', head, body, lang='en'), '\n'])


def precision(overlay):
    """'CNV W1A2'"""
    return '%s %s' % (overlay.net.upper(), bits(overlay))


def bits(overlay):
    """'W1A2'"""
    return 'W%dA%d' % (overlay.weight_bits, overlay.activation_bits)


def dataset(material):
    """The data set's name as one writes it."""
    name = material.run.dataset
    return TITLES.get(name, name.decode('utf-8', 'replace') if isinstance(name, bytes) else name)


def percent(value):
    return '%.2f\u202f%%' % value


def named(text):
    """A class's name, whose direction of writing is its own affair."""
    return element('bdi', text)


def note(*text):
    """A sentence beside the figures."""
    return element('p', text, class_='note')


def section(title, *children):
    return element('section', element('h2', title), children)


def table(head, rows, class_=None):
    """A table; `head` and `rows` are cells, or (text, class) of one."""
    def row(cell, values):
        return element('tr', [element(cell, value[0], class_=value[1]) if isinstance(value, tuple) else
                              element(cell, value) for value in values])
    return element('table', element('thead', row('th', head)) if head else None,
                   element('tbody', [row('td', values) for values in rows]), class_=class_)


def scrolled(*children):
    """What may be wider than a phone."""
    return element('div', children, class_='scrolled')


# ---- header ----

def header(material):
    """What was trained, and the figures that matter most."""
    name = dataset(material)
    overlay, verification = material.network.overlay, material.network.verification
    text = '%s. Weights have %d bit%s, activations %d bit%s.' % (
        (_shape(overlay),) + sum(((width, 's' if width > 1 else '') for width in (
            overlay.weight_bits, overlay.activation_bits)), ()))
    if material.history:
        epochs, best = len(material.history['epoch']), int(material.history['best_epoch'][-1])
        text += ' Trained for %s%s.' % (
            '%s epochs' % number(epochs) if epochs > 1 else 'one epoch',
            '; the parameters are those of epoch %s, the best on the validation images' % number(best)
            if epochs > 1 else '')
    figures = []
    if verification:
        figures += [(percent(verification['accuracy']['packed']), 'of the test images right on the board'),
                    (percent(verification['accuracy']['trained']), 'right in training'),
                    (percent(verification['agreement']), 'of their answers are the same')]
    elif material.history:
        figures += [(percent(100 - material.history['test_error_rate'][-1]), 'of the test images right in training')]
    figures += [('%s\u202f/s' % number(_rate(overlay, CLOCKS[1]), 3),
                 'images on the FPGA at %d MHz, estimated' % CLOCKS[1])]
    return element('header', element('p', 'Training report', class_='eyebrow'),
                   element('h1', precision(overlay), ' on ', element(
                       'span', name, class_='nowrap' if len(name) <= 12 else None)),
                   element('p', text, class_='lead'),
                   element('p', material.network.note, class_='notice') if material.network.note else None,
                   element('dl', [element('div', element('dt', label), element('dd', figure))
                                  for figure, label in figures], class_='figures'))


def _shape(overlay):
    convolutions = [layer for layer in overlay.layers if layer.kind == 'conv']
    dense = len(overlay.layers) - len(convolutions)
    if not convolutions:
        return '%d dense layers' % dense
    return '%d convolutions, %d max pools, %d dense layers' % (
        len(convolutions), sum(layer.pool for layer in convolutions), dense)


# ---- training ----

def training(material):
    """The curves."""
    history = material.history
    if not history:
        return section('Training', note('There is no finished epoch: history.csv is not there, or empty.'))
    losses = [('training', history['training_loss']), ('validation', history['validation_loss'])]
    positive = [value for _, values in losses for value in values if charts.finite(value) and value > 0]
    wide = bool(positive) and max(positive) > 50 * min(positive)
    errors = [('test, best epoch', history['test_error_rate']), ('validation', history['validation_error_rate'])]
    best = int(history['best_epoch'][-1])
    figures = [charts.lines('Loss', losses, log=wide), charts.lines('Error, %', errors, marked=best),
               charts.lines('Learning rate', [('learning rate', history['LR'])], log=True)]
    text = ('Squared hinge loss, mean over images and classes. The error is the share of images whose largest output '
            'is not their class.')
    if len(history['epoch']) > 1:
        text += ' The dot is the best epoch; the test error is that of the best epoch so far.'
    return section('Training', element('div', figures, class_='charts'), note(text))


# ---- accuracy ----

def accuracy(material):
    """Before and after packing, and beside the other networks of this data set."""
    overlay, verification = material.network.overlay, material.network.verification
    parts = []
    rows = []
    if verification:
        by_bits = overlay.decision == HIGHEST_OUTPUT
        by_rule = verification.get('decision') == HIGHEST_OUTPUT
        if not by_rule:
            rows += [('Trained, by its largest output', verification['accuracy']['trained'], 's1')]
        if by_bits:
            rows += [('Trained, by the board\u2019s rule', verification['trained_by_board_rule'], 's1')]
        rows += [('Packed, as the board answers', verification['accuracy']['packed'], 's1')]
    elif material.history:
        rows += [('Trained', 100 - material.history['test_error_rate'][-1], 's1')]
    if material.run.dataset == overlay.network.dataset:
        known = overlay.published
        rows += [('Published: %s' % label, right, 'quiet') for label, right in (
            ('the original training', known.original_accuracy), ('its parameters on the board', known.board_accuracy),
            ('Brevitas\u2019s training', known.brevitas_accuracy)) if right]
    if rows:
        parts.append(table(None, [[(label, 'label'), bar(value / 100, kind), (percent(value), 'value')]
                                  for label, value, kind in rows], class_='bars'))
    if verification:
        parts += [_rule() if by_bits and not by_rule else None, _agreement(verification)]
    else:
        parts.append(note(material.network.note))
    if material.others:
        parts.append(_networks(material))
    return section('Accuracy before and after packing', parts)


def _rule():
    return note('The board answers the highest class whose output reaches 0, training the class with the largest '
                'output. The two meet when training has gone on for long enough.')


def _agreement(verification):
    total, reasons = verification['images'], verification['reasons']
    differ = sum(reasons.values())
    text = 'Packed and trained network give the same answer to %s of the %s test images (%s).' % (
        number(total - differ), number(total), percent(verification['agreement']))
    if not reasons:
        return note(text)
    rows = [((number(count), 'value'), (reason, 'label'), ' '.join(
        '%s.' % _capital(REASONS[name]) for name in reason.split(' + ') if name in REASONS))
        for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))]
    return join([note(text + ' They differ on the others because of this:'),
                 table([('images', 'value'), 'reason', ''], rows, class_='reasons')])


def _capital(text):
    return text[0].upper() + text[1:]


def _networks(material):
    networks = sorted([material.network] + material.others,
                      key=lambda network: list(OVERLAYS).index(network.overlay.name))
    rows = []
    for network in networks:
        verified = network.verification
        figures = [percent(verified['accuracy'][name]) if verified else '\u2013' for name in ('trained', 'packed')]
        figures += [number(_rate(network.overlay, CLOCKS[1]), 3),
                    number(verified['images'] / verified['simulator']['seconds'], 3) if verified else '\u2013']
        name = precision(network.overlay)
        rows.append([element('strong', name) if network is material.network else name] +
                    [(figure, 'value') for figure in figures])
    missing = [note('%s: %s' % (precision(network.overlay), network.note))
               for network in material.others if network.note]
    return join([element('h3', 'Networks trained on %s' % dataset(material)), scrolled(table(
        ['', ('trained', 'value'), ('packed', 'value'), ('images/s, FPGA', 'value'),
         ('images/s, simulator', 'value')], rows, class_='networks')), note(
             'FPGA: estimated, at %d MHz. Simulator: measured, on the machine that verified.' % CLOCKS[1])] + missing)


# ---- confusion ----

def confusion(material):
    """The board's answers by class."""
    title = 'What the board answers'
    verification, names = material.network.verification, material.classes
    if not verification or len(names) != len(verification['confusion']):
        return section(title, note('The confusion matrix comes with make verify.'))
    counts = np.array(verification['confusion'])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbered = len(names) <= NUMBERED
    head = element('tr', element('td'), [element('th', element('span', named(name)), scope='col', title=name)
                                         for name in names]) if numbered else None
    rows = []
    for label, name in enumerate(names):
        cells = [_cell(names, label, answer, counts, shares, numbered) for answer in range(len(names))]
        rows.append(element('tr', element('th', named(name), scope='row', title=name), cells))
    short = max(len(name) for name in names) <= 3
    matrix = element('table', head, rows, class_='matrix %s' % (
        'dense' if not numbered else 'short' if short else 'long'))
    text = ('A row for each class, a column for each answer%s. %sBlue is right, orange is wrong; the stronger, the '
            'more.') % ('' if numbered else ', in the same order',
                        'Numbers are percent of the class\u2019s test images, rounded. ' if numbered else '')
    return section(title, note(text), element('div', element('div', matrix), _frequent(names, counts),
                                              class_='confusion'))


def _cell(names, label, answer, counts, shares, numbered):
    share = shares[label, answer]
    strength = share if label == answer else share ** .5
    text = '%.0f' % (100 * share) if numbered and share >= .005 else None
    kind = 'right' if label == answer else 'wrong'
    return element('td', text, class_=kind + ' strong' if strength > .78 else kind,
                   style='--v:%.3f' % strength if counts[label, answer] else None,
                   title='%s answered as %s: %d of %d' % (names[label], names[answer], counts[label, answer],
                                                          counts[label].sum()))


def _frequent(names, counts):
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-wrong.ravel(), kind='mergesort')[:CONFUSIONS]
    rows = []
    for label, answer in zip(*np.unravel_index(order, counts.shape)):
        if wrong[label, answer]:
            rows.append([(number(int(wrong[label, answer])), 'value'), (named(names[label]), 'name'),
                         ('\u2192', 'arrow'), (named(names[answer]), 'name')])
    if not rows:
        return element('div', note('No test image is answered wrongly.'))
    return element('div', element('h3', 'Most frequent mistakes'),
                   table([('images', 'value'), 'class', '', 'answer'], rows, class_='frequent'))


# ---- samples ----

def samples(material):
    """Some pictures and how each network ranks the classes."""
    title = 'Class rankings of sample pictures'
    if not material.samples:
        return section(title, note(material.no_samples))
    absent = [note(network.problem) for network in [material.network] + material.others if network.problem]
    overlay = material.network.overlay
    text = 'The first test images of %d classes, and the %d classes that each network ranks highest. ' % (
        len(material.samples), min(RANKED, len(material.classes)))
    text += ('Numbers are the board\u2019s integer scores; bars run from a picture\u2019s lowest score to its highest.'
             if overlay.decision == LARGEST_OUTPUT else
             'Numbers are the network\u2019s outputs; the board sees only which of them reach 0, right of the line, '
             'and answers the highest such class.')
    alone = len(material.samples[0].rankings) == 1
    return section(title, note(text, ' Blue is the right class, orange a wrong answer.'),
                   element('div', [_sample(material, sample) for sample in material.samples],
                           class_='samples alone' if alone else 'samples'), absent)


def _sample(material, sample):
    name = material.classes[sample.label]
    picture = element('img', src=_data_uri(sample.image), alt='', width=96, height=96)
    return element('article', element('figure', picture, element('figcaption', named(name)), class_='picture'),
                   element('div', [_ranking(material, sample, ranking) for ranking in sample.rankings],
                           class_='rankings'))


def _data_uri(image):
    data = io.BytesIO()
    Image.fromarray(image).save(data, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(data.getvalue()).decode('ascii')


def _ranking(material, sample, ranking):
    values = np.array(ranking.values, float)
    order = np.argsort(-values, kind='mergesort').tolist()
    shown = order[:RANKED]
    for needed in (ranking.answer, sample.label):
        if needed not in shown:
            shown = [index for index in shown if index in (ranking.answer, sample.label)] + [
                index for index in shown if index not in (ranking.answer, sample.label)][:-1] + [needed]
            shown.sort(key=order.index)
    lfc = ranking.bits is not None
    low, high = (min(values.min(), 0), max(values.max(), 0)) if lfc else (values.min(), values.max())
    extent = max(high - low, 1e-9)
    rows = []
    for place, index in enumerate(shown):
        kind = 's1' if index == sample.label else 's2' if index == ranking.answer else 'quiet'
        value = ranking.values[index]
        rows.append(element('tr', element('td', named(material.classes[index]), class_='name'),
                            element('td', bar((value - low) / extent, kind, -low / extent if lfc else None)),
                            element('td', ('%.2f' % value).replace('-', '\u2212') if lfc else number(int(value)),
                                    class_='value'),
                            class_='gap' if order[place] != index and order[place - 1] == shown[place - 1] else None))
    answer = element('span', 'Board: ', named(material.classes[ranking.answer]),
                     ', for no output reaches 0' if lfc and not any(ranking.bits) else None,
                     class_='right' if ranking.answer == sample.label else 'wrong')
    return element('div', element('h4', element('span', precision(ranking.overlay), class_='nowrap'), answer),
                   element('table', rows, class_='ranking'))


# ---- speed ----

def _cycles(layer):
    """Cycles that the FPGA spends in a layer on one image: ops / (2 * SIMD * PE) (the overlay's specification)."""
    return layer.weight_words * (layer.ofm_dim or 1) ** 2


def _slowest(overlay):
    """The layer that decides how many images a second go through: all work at once, each on another image."""
    return max(overlay.layers, key=_cycles)


def _rate(overlay, clock):
    """Images a second at so many MHz."""
    return clock * 1e6 / _cycles(_slowest(overlay))


def speed(material):
    """Cycles of each layer, and times of one image on everything that it can run on."""
    overlay, verification = material.network.overlay, material.network.verification
    slowest = _slowest(overlay)
    most = _cycles(slowest)
    layers = [[(layer.index, 'place'), _describe(layer, len(material.classes)),
               ('%d \u00d7 %d' % (layer.pe, layer.simd), 'value'), bar(_cycles(layer) / most,
                                                                       's1' if layer is slowest else 'quiet'),
               (number(_cycles(layer)), 'value')] for layer in overlay.layers]
    times = [('FPGA at %d MHz, estimated' % clock, most / clock, 's1') for clock in CLOCKS]
    known = overlay.published
    if verification:
        simulator = verification['simulator']
        times.append(('This project\u2019s simulator on %d processor%s, measured' % (
            simulator['processors'], 's' if simulator['processors'] > 1 else ''),
            1e6 * simulator['seconds'] / verification['images'], 's1'))
    for label, microseconds in (('FPGA in batches, published', known.fpga),
                                ('FPGA one by one, published', known.fpga_single),
                                ('The board\u2019s ARM core, published', known.arm)):
        if microseconds:
            times.append((label, microseconds, 'quiet'))
    times.sort(key=lambda row: row[1])
    axis = charts.Axis([row[1] for row in times], log=True)
    rows = [[(label, 'label'), element('span', element('i', class_=kind, style='left:%.2f%%' % (100 * axis(time))),
                                       class_='dots'), (_duration(time), 'value'), (number(1e6 / time, 3), 'value')]
            for label, time, kind in times]
    scale = element('span', [element('i', _duration(value), style='left:%.2f%%' % (100 * axis(value)))
                             for value, _ in axis.ticks], class_='scale')
    parts = [note('Every layer works at once, each on another image, so the slowest decides: layer %d takes %s cycles, '
                  '%s at %d MHz and %s at %d MHz. Moving images to and from the FPGA comes on top.' % (
                      (slowest.index, number(most)) + sum(((_duration(most / clock), clock) for clock in CLOCKS), ()))),
             table([('', 'place'), 'layer', ('PE \u00d7 SIMD', 'value'), '', ('cycles', 'value')], layers,
                   class_='layers'),
             element('h3', 'Time of one image'),
             table(['', scale, ('an image', 'value'), ('images/s', 'value')], rows, class_='times')]
    if not verification:
        parts.append(note('The simulator\u2019s time comes with make verify.'))
    elif not verification['simulator']['engine'].startswith('c'):
        parts.append(note('The simulator ran without its C kernel: %s.' % verification['simulator']['engine']))
    return section('Speed', parts)


def _describe(layer, classes):
    if layer.kind == 'conv':
        return 'convolution 3 \u00d7 3, %d \u2192 %d channels, %d \u00d7 %d' % (
            layer.inputs, layer.outputs, layer.ofm_dim, layer.ofm_dim) + (', max pool' if layer.pool else '')
    return 'dense, %d \u2192 %d' % (layer.inputs, layer.outputs or classes or layer.rows)


def _duration(microseconds):
    for unit, size in (('s', 1e6), ('ms', 1e3)):
        if microseconds >= size:
            return '%s\u202f%s' % (number(microseconds / size, 3), unit)
    return '%s\u202f\u00b5s' % number(microseconds, 3)


# ---- settings ----

def settings(material):
    """How it was made, exactly."""
    known = material.settings or {}
    labels = dict(_SETTINGS)
    order = [name for name, _ in _SETTINGS if name in known]
    order += sorted(name for name in known if name not in labels and name not in ('versions', 'classes'))
    rows = [(labels.get(name, name), _plain(known[name])) for name in order]
    versions = known.get('versions')
    if isinstance(versions, dict):
        rows += [('Trained with %s' % _TOOLS.get(name, name), _plain(versions[name])) for name in sorted(versions)]
    verification = material.network.verification
    if verification:
        if isinstance(verification.get('versions'), dict):
            rows += [('Verified with %s' % _TOOLS.get(name, name), _plain(version))
                     for name, version in sorted(verification['versions'].items())]
        rows += [(label, element('code', verification.get(name))) for label, name in (
            ('Parameters, SHA-256', 'parameters_sha256'), ('Folder, SHA-256', 'files'))]
    names = [[', ' if index else None, named(name)] for index, name in enumerate(material.classes)]
    rows.append(('Classes', names or 'unknown'))
    return section('Settings and versions',
                   None if known else note('settings.json is not there: how this was trained is not known.'),
                   element('dl', [element('div', element('dt', label), element('dd', value))
                                  for label, value in rows], class_='settings'))


_TOOLS = {'python': 'Python', 'numpy': 'NumPy', 'theano': 'Theano', 'lasagne': 'Lasagne'}


def _plain(value):
    return 'none' if value is None else '%s' % (value,)
