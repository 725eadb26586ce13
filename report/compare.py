"""Several runs side by side: a table on the terminal, and one page with their curves.

    python -m report.compare runs/cifar10-cnvW1A1 runs/cifar10-cnvW1A2
    python -m report.compare --out runs         # all runs in a folder

A run may still be training, or have been put aside (runs/cifar10-cnvW1A1.1). Each data set has its own table: accuracies
on different ones cannot be compared.
"""
from __future__ import absolute_import, division, print_function

import collections
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board.simulator import print_lines
from common import options
from common.errors import UserError, run
from common.files import whole_file
from common.overlays import HIGHEST_OUTPUT, LARGEST_OUTPUT
from common.run_folder import RunFolder, read_mapping, run_folders
from datasets import registry
from datasets.names import encoded, natural, text
from report import charts, render

# The report's two first, red, green and blue that are visible on light and dark; more runs repeat them.
COLOURS = ('var(--blue)', 'var(--orange)', '30, 140, 90', '150, 70, 170', '200, 50, 80', '20, 150, 170', '150, 125, 20',
           '125, 130, 140')
_SHORT = {HIGHEST_OUTPUT: 'the board\'s', LARGEST_OUTPUT: 'largest'}

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
        The folder is not a run's, or its files are damaged.
    """
    run_folder = RunFolder(folder)
    settings, verified = run_folder.read_settings(), read_mapping(run_folder.verification)
    if settings is None:
        raise UserError('%s is not a run: it has no settings.json, which training writes' % folder)
    try:
        if verified is not None and _is_out_of_date(run_folder, verified):
            verified = None
        packed = None if verified is None else float(verified['accuracy']['packed'])
        for name in ('net', 'weight_bits', 'activation_bits', 'dataset', 'epochs'):
            settings[name]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError('%s: settings.json or verify.json is damaged (%s): run make verify again, or retrain'
                        % (folder, error))
    return Run(text(encoded(os.path.basename(os.path.abspath(folder)))), settings, run_folder.read_history() or {}, packed)


def _is_out_of_date(run_folder, verified):
    """Whether verify found the folder wrong, or the network was trained since."""
    return verified.get('problems') or (os.path.exists(run_folder.parameters) and
                                        not run_folder.is_of_parameters(verified.get('parameters_sha256')))


def by_data_set(runs):
    """(data set, its runs), in the order of the data sets' first runs."""
    found = collections.OrderedDict()
    for one in runs:
        found.setdefault(one.settings['dataset'], []).append(one)
    return list(found.items())


def table(runs):
    """The comparison of runs on one data set: the headings, and for each run its cells, text or percent or None.

    Further settings are columns where they differ.
    """
    extra = [name for name in ('recipe', 'decision', 'train_size', 'seed')
             if len({str(one.settings.get(name)) for one in runs}) > 1]
    head = ['run', 'packed', 'test', 'validation', 'network'] + [name.replace('_', ' ') for name in extra] + ['epochs']
    rows = []
    for one in runs:
        settings, history = one.settings, one.history
        done = len(history.get('best_epoch', ()))
        best = int(history['best_epoch'][-1]) - 1 if done else None
        rows.append(
            [one.name, one.packed] +
            [100 - history[name][best] if done else None for name in ('test_error_rate', 'validation_error_rate')] +
            ['%sW%sA%s' % tuple(settings[name] for name in ('net', 'weight_bits', 'activation_bits'))] +
            [_shown(settings.get(name, '-')) for name in extra] +
            ['%d' % done if done == settings['epochs'] else '%d of %s' % (done, settings['epochs'])])
    return head, rows


def _shown(value):
    return 'all' if value is None else _SHORT.get('%s' % value, '%s' % value)


def _cell(value):
    return '-' if value is None else '%.2f %%' % value if isinstance(value, float) else value


def lines(runs):
    """The comparison as lines with columns, figures to the right: a table for each data set."""
    result = []
    for name, some in by_data_set(runs):
        head, rows = table(some)
        rows = [['%s accuracy' % text if text == 'packed' else text for text in head]] + [
            [_cell(value) for value in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*rows)]
        result += [''] * bool(result) + [u'%s:' % _title(name)] + [
            '  '.join(cell.rjust(width) if 1 <= index <= 3 else cell.ljust(width)
                      for index, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return result


def _title(name):
    return registry.title(name)


def page(runs):
    """The comparison as an HTML page that needs no other file."""
    groups = []
    for name, some in by_data_set(runs):
        accuracies = [(one.name, [100 - value for value in one.history.get('validation_error_rate', [])])
                      for one in some]
        head, rows = table(some)
        groups.append({
            'title': _title(name), 'head': head, 'rows': rows, 'cell': _cell,
            'charts': [charts.lines('Validation accuracy, %', accuracies, from_zero=False)] + [
                charts.lines(title, [(one.name, one.history.get(column, [])) for one in some], log=True)
                for column, title in (('training_loss', 'Training loss'), ('validation_loss', 'Validation loss'),
                                      ('LR', 'Learning rate'))]})
    most = max(len(some) for _, some in by_data_set(runs))
    return render.page('compare.html', {
        'title': '%d run%s side by side' % (len(runs), 's' * (len(runs) != 1)), 'groups': groups,
        'colours': [COLOURS[index % len(COLOURS)] for index in range(most)], 'legend': most <= len(COLOURS)},
        script='sort.js')


def folders_in(out):
    """The runs in a folder, in natural order.

    Raises
    ------
    UserError
        There are none.
    """
    if not os.path.isdir(out):
        raise UserError('%s: there is no such folder: run make train first, or name runs' % out)
    found = sorted(run_folders(out), key=natural)
    if not found:
        raise UserError('%s holds no run: run make train first, or name runs' % out)
    return found


def readable(folders):
    """The runs of some folders; what is damaged is named and left out.

    Raises
    ------
    UserError
        All are damaged; the last one's error.
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
    parser = options.parser('compare', 'Several runs side by side.', without=['OUT'])
    options.add(parser, 'OUT', '--out')
    parser.add_argument('folders', nargs='*', metavar='RUN', help='run folders (default: all in --runs)')
    parser.add_argument('--page', metavar='FILE.html', help='the page (default: compare.html in that folder)')
    given = parser.parse_args(arguments)
    runs = [read(folder) for folder in given.folders] or readable(folders_in(given.runs))
    print_lines(lines(runs))
    beside = given.runs if os.path.isdir(given.runs) else os.path.dirname(os.path.abspath(given.folders[0]))
    path = given.page or os.path.join(beside, 'compare.html')
    html = page(runs)
    with whole_file(path) as handle:
        handle.write(html.encode('utf-8'))
    print('curves: %s' % path)


if __name__ == '__main__':
    sys.exit(run(main))
