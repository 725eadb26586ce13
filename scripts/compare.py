"""Several runs side by side: a table on the terminal, and one page with their curves.

    python scripts/compare.py runs/cifar10-cnvW1A1 runs/cifar10-cnvW1A2
    python scripts/compare.py --out runs        # all runs in a folder

A run that is still going on, or was put aside (runs/cifar10-cnvW1A1.1), is as good as another.
"""
from __future__ import absolute_import, division, print_function

import collections
import io
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import charts, report, sections
from board import runs as run_files
from board.markup import Markup, element, join
from board.simulator import print_lines
from common.errors import ArgumentParser, UserError, run
from common.files import sha256, whole_file
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT
from training.names import encoded, natural, text

CURVES = (('validation_error_rate', 'Validation error, %', False), ('training_loss', 'Training loss', True),
          ('validation_loss', 'Validation loss', True), ('LR', 'Learning rate', True))
# The report's two first, red, green and blue that are seen on light and on dark; with more runs they come again.
COLOURS = ('var(--blue)', 'var(--orange)', '30, 140, 90', '150, 70, 170', '200, 50, 80', '20, 150, 170', '150, 125, 20',
           '125, 130, 140')
_SHORT = {HIGHEST_OUTPUT: 'the board\'s', LARGEST_OUTPUT: 'largest'}
_STYLE = """
.charts { grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); }
.networks .key { color: inherit; font-size: inherit; white-space: nowrap; }
.networks td, .networks th { white-space: nowrap; }
@media (max-width: 600px) { .charts { grid-template-columns: minmax(0, 1fr); } }
"""

Run = collections.namedtuple('Run', ['name', 'settings', 'history', 'packed'])


def read(folder):
    """A run's settings, history and packed accuracy.

    Parameters
    ----------
    folder : str

    Returns
    -------
    Run
        The history as lists of float by column; the packed accuracy in percent, None where nothing is verified.

    Raises
    ------
    UserError
        The folder is no run's, or its files are damaged.
    """
    settings, verified = (run_files.read_json(os.path.join(folder, name)) for name in ('settings.json', 'verify.json'))
    if settings is None:
        raise UserError('%s is no run: it has no settings.json, which training writes' % folder)
    try:
        if verified is not None and _is_out_of_date(folder, verified):
            verified = None
        packed = None if verified is None else float(verified['accuracy']['packed'])
        for name in ('weight_bits', 'activation_bits', 'epochs'):
            settings[name] + 0
        for name in ('dataset', 'net'):
            settings[name] + u''
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError('%s: settings.json or verify.json is damaged (%s): make them anew' % (folder, error))
    return Run(text(encoded(os.path.basename(os.path.abspath(folder)))), settings,
               report.read_history(os.path.join(folder, 'history.csv')) or {}, packed)


def _is_out_of_date(folder, verified):
    """Whether verify found nothing to compare, or training has gone on since."""
    if verified.get('problems'):
        return True
    try:
        parameters = run_files.Run(folder).parameters
    except run_files.BadRun:            # put aside
        return False
    return os.path.exists(parameters) and verified.get('parameters_sha256') != sha256(parameters)


def table(runs):
    """The comparison, as rows of text; the first has the headings.

    What training writes down beside is a column where it differs.
    """
    extra = [name for name in ('recipe', 'decision', 'train_size', 'seed')
             if len({str(one.settings.get(name)) for one in runs}) > 1]
    rows = [['run', 'network', 'data set'] + [name.replace('_', ' ') for name in extra] +
            ['epochs', 'validation error', 'test error', 'packed accuracy']]
    for one in runs:
        settings, history = one.settings, one.history
        done = len(history.get('best_epoch', ()))
        best = int(history['best_epoch'][-1]) - 1 if done else None
        rows.append(
            [one.name, '%sW%sA%s' % tuple(settings[name] for name in ('net', 'weight_bits', 'activation_bits')),
             settings['dataset']] + [_shown(settings.get(name, '-')) for name in extra] +
            ['%d' % done if done == settings['epochs'] else '%d of %s' % (done, settings['epochs'])] +
            [_percent(history[name][best]) if done else '-' for name in ('validation_error_rate', 'test_error_rate')] +
            ['-' if one.packed is None else _percent(one.packed)])
    return rows


def _shown(value):
    return 'all' if value is None else _SHORT.get('%s' % value, '%s' % value)


def _percent(value):
    return '%.2f %%' % value


def lines(rows):
    """Rows of text as lines with columns; figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ['  '.join(text.rjust(width) if right else text.ljust(width)
                      for text, width, right in zip(row, widths, _figures(rows))).rstrip() for row in rows]


def _figures(rows):
    """For each column of a table whether it has figures, below its heading."""
    return [all(text[-1:] in '%-0123456789' and text[:1] in '-0123456789' for text in column[1:])
            for column in zip(*rows)]


def page(runs):
    """The comparison as an HTML page that needs no other file."""
    with io.open(os.path.join(os.path.dirname(report.__file__), 'report.css'), encoding='utf-8') as handle:
        style = handle.read() + _STYLE
    style += ''.join('.s%d { --c: %s; }\n' % (index + 1, COLOURS[index % len(COLOURS)]) for index in range(len(runs)))
    if len(runs) > len(COLOURS):        # too many to name above each chart
        style += '.charts .key { display: none; }\n'
    head, rows = table(runs)[0], table(runs)[1:]
    flush = _figures([head] + rows)
    cells = [[element('span', row[0], class_='key s%d' % (index + 1))] +
             [(text, 'value') if right else text for text, right in zip(row[1:], flush[1:])]
             for index, row in enumerate(rows)]
    figures = [charts.lines(title, [(one.name, one.history.get(name, [])) for one in runs], log)
               for name, title, log in CURVES]
    title = '%d run%s side by side' % (len(runs), 's' * (len(runs) != 1))
    return join([
        Markup('<!DOCTYPE html>\n'),
        element('html', element('head', element('meta', charset='utf-8'), element('title', title),
                                element('meta', name_='viewport', content='width=device-width, initial-scale=1'),
                                element('meta', name_='color-scheme', content='light dark'),
                                element('style', Markup(style))),
                element('body', element(
                    'main', element('h1', title),
                    sections.scrolled(sections.table([(text, 'value') if right else text
                                                      for text, right in zip(head, flush)], cells, 'networks')),
                    element('p', 'Validation and test error are of the epoch with the lowest validation error, whose '
                                 'parameters are kept; the packed accuracy is the simulated board\'s on the test set.',
                            class_='note'),
                    element('section', element('div', figures, class_='charts')))), lang='en'), '\n'])


def folders_in(out):
    """The runs in a folder, in natural order.

    Raises
    ------
    UserError
        There are none.
    """
    if not os.path.isdir(out):
        raise UserError('%s: there is no such folder: train something first, or name runs' % out)
    found = [os.path.join(out, name) for name in sorted(os.listdir(out), key=natural)
             if not name.startswith('.') and os.path.exists(os.path.join(out, name, 'settings.json'))]
    if not found:
        raise UserError('%s holds no run: train something first, or name runs' % out)
    return found


def readable(folders):
    """The runs of some folders; what is damaged is named and left out.

    Raises
    ------
    UserError
        Of the last, where all are damaged.
    """
    runs, damaged = [], []
    for folder in folders:
        try:
            runs.append(read(folder))
        except UserError as error:
            damaged.append(error)
    if not runs:
        raise damaged[-1]
    for error in damaged:
        print('left out: %s' % error, file=sys.stderr)
    return runs


def main(arguments):
    parser = ArgumentParser(description='Several runs side by side.')
    parser.add_argument('runs', nargs='*', metavar='RUN', help='run folders; all of --out where not given')
    parser.add_argument('--out', default=os.environ.get('OUT') or 'runs', metavar='DIR',
                        help='the folder of the runs, where the page is written too')
    parser.add_argument('--page', metavar='FILE.html', help='the page; compare.html in that folder where not given')
    options = parser.parse_args(arguments)
    runs = [read(folder) for folder in options.runs] or readable(folders_in(options.out))
    print_lines(lines(table(runs)))
    beside = options.out if os.path.isdir(options.out) else os.path.dirname(os.path.abspath(options.runs[0]))
    path = options.page or os.path.join(beside, 'compare.html')
    with whole_file(path, 'w') as handle:
        handle.write(page(runs))
    print('curves: %s' % path)


if __name__ == '__main__':
    sys.exit(run(main))
