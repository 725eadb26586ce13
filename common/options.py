"""The programs' command lines, made from the table options.txt beside this file, which make and the image read too.

    parser = options.parser('verify', 'Whether the packed network is as good as the trained one.')
    parser.add_argument('--only-here', ...)         # an option that make lacks
    given = parser.parse_args(arguments)
    given.net, given.weight_bits, given.tolerance   # 'lfc', 1, 1.0
"""
from __future__ import absolute_import

import argparse
import collections
import io
import math
import os
import re

from common.errors import ArgumentParser
from common.overlays import NETWORKS

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'options.txt')

Option = collections.namedtuple('Option', ['variable', 'flags', 'values', 'default', 'help'])
Target = collections.namedtuple('Target', ['name', 'command', 'reads', 'help'])


class Whole(collections.namedtuple('Whole', ['least', 'most', 'letter'])):
    """A whole number in a range, perhaps with a letter before it: a type for argparse."""
    __slots__ = ()

    def __call__(self, text):
        digits = re.match('%s([+-]?[0-9]+)$' % (self.letter and '(?i)%s?' % self.letter), text)
        if not digits or not self.least <= int(digits.group(1)) <= self.most:
            raise argparse.ArgumentTypeError('%s is not a whole number from %d to %d' % (text, self.least, self.most))
        return int(digits.group(1))


class Real(collections.namedtuple('Real', ['least', 'most'])):
    """A number in a range: a type for argparse."""
    __slots__ = ()

    def __call__(self, text):
        try:
            number = float(text)
        except ValueError:
            number = float('nan')
        if math.isnan(number) or not self.least <= number <= self.most:
            raise argparse.ArgumentTypeError('%s is not a number from %g to %g' % (text, self.least, self.most))
        return number


def read():
    """The table.

    Returns
    -------
    options : dict of variable to Option
    targets : dict of name to Target
        `reads` with groups replaced by their variables.
    """
    options, groups, targets = collections.OrderedDict(), {}, collections.OrderedDict()
    with io.open(TABLE, encoding='ascii') as handle:
        rows = [[str(cell.strip()) for cell in line.split('|')] for line in handle if '|' in line and line[0] != '#']
    for row in rows:
        if row[0].startswith('@'):
            groups[row[0]] = row[1].split()
        elif row[0].isupper():
            options[row[0]] = Option(row[0], tuple(row[1].split()), *row[2:])
        else:
            reads = [name for word in row[2].split() for name in groups.get(word, [word])]
            targets[row[0]] = Target(row[0], row[1], tuple(reads), row[3])
    return options, targets


OPTIONS, TARGETS = read()


def kind(values):
    """argparse's keywords for an option with these values in the table."""
    number = re.match(r'([a-z]?)([0-9.]+?)\.\.([0-9.]+)$', values)
    if values == '1':
        return {'action': 'store_true'}
    if number and '.' in number.group(2):
        return {'type': Real(*map(float, number.group(2, 3)))}
    if number:
        return {'type': Whole(int(number.group(2)), int(number.group(3)), number.group(1))}
    choices = list(NETWORKS) if values == 'NETWORK' else values.split(', ')
    if len(choices) == 1:
        return {}
    known = {'type': lambda text: text.lower() if text.lower() in choices else text, 'choices': choices}
    return dict(known, nargs='?', const='1') if '1' in choices else known


def add(parser, variable, *flags, **changes):
    """Add a variable's option to a parser.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    variable : str
        'EPOCHS'
    *flags : str
        Spellings besides the table's.
    **changes
        Keywords for argparse: ``default``, ``help``, ``required``.
    """
    option = OPTIONS[variable]
    told = kind(option.values)
    if 'action' not in told:
        convert = told.get('type', str)
        told['default'] = convert(option.default) if option.default else None
        told['metavar'] = ('N' if isinstance(convert, (Whole, Real)) else '{%s}' % ','.join(told['choices'])
                           if 'choices' in told else option.values)
    told['help'] = option.help.lstrip('* ') + (' (default: %s)' % option.default if option.default else '')
    parser.add_argument(*option.flags + flags, **dict(told, **changes))


def add_all(parser, target, without=()):
    """Add an option to a parser for each variable that a target reads, except those in `without`."""
    for variable in TARGETS[target].reads:
        if variable not in without and OPTIONS[variable].flags[-1].startswith('--'):
            add(parser, variable)


def parser(target, description, without=()):
    """A parser with an option for each variable that a target reads.

    Parameters
    ----------
    target : str
        In the table: 'train'.
    description : str
    without : sequence of str
        Variables that the caller adds itself, or decides.

    Returns
    -------
    common.errors.ArgumentParser
    """
    result = ArgumentParser(description=description)
    add_all(result, target, without)
    return result
