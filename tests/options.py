"""Command lines with one error, made from a script's own parser, so no option is forgotten."""
from __future__ import absolute_import, division, print_function

import argparse
import os

import pytest

from common import errors
from common.options import Real, Whole

INTEGERS = ['one', '1.5', '', '1e3', 'nan', '0x10', '-1', '9' * 40]
FLOATS = ['one', '', 'nan', 'inf', '-1', '1e400', '1,5']
INPUTS = ['no/such/thing', 'x' * 5000, 'no\nsuch']
OUTPUTS = ['/proc/nothing', 'x' * 5000]


class _Captured(Exception):
    pass


def parser_of(main, monkeypatch, arguments=()):
    """The parser that ``main(arguments)`` makes."""
    def capture(parser, *arguments):
        raise _Captured(parser)
    with monkeypatch.context() as patch:
        patch.setattr(errors.ArgumentParser, 'parse_args', capture)
        with pytest.raises(_Captured) as caught:
            main(list(arguments))
    return caught.value.args[0]


def wrong(parser, right, texts, command=()):
    """Every command line with one error.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    right : dict of option to value
        Options that are needed to start. None: a switch.
    texts : dict of option to list of wrong values
        For options that take any text.
    command : sequence of str
        The subcommand and positional arguments.

    Yields
    ------
    (list of str, list of str)
        The arguments, and words of which the message must contain one: the option, the value.
    """
    base = list(command)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parser = action.choices[command[0]]
    needed = {action.option_strings[-1] for action in parser._actions if action.required and action.option_strings}

    def line(options):
        return base + [text for pair in sorted(options.items()) for text in pair if text is not None]

    yield line(dict(right, **{'--no-such-option': None})), ['no-such-option']
    yield line(right) + ['surplus', 'surplus'], ['surplus']
    for option in sorted(needed):
        yield line({name: value for name, value in right.items() if name != option}), [option]
    for action in parser._actions:
        if not action.option_strings or isinstance(action, argparse._HelpAction):
            continue
        option = action.option_strings[-1]
        others = {name: value for name, value in right.items() if name != option}
        if action.nargs == 0:
            yield line(others) + [option + '=1'], [option]
            continue
        if action.nargs != '?':
            yield line(others) + [option], [option]
        if action.choices:
            values = [text for text in ('no-such', '', '1') if text not in action.choices]
        elif action.type in (int, float):
            values = INTEGERS if action.type is int else FLOATS
        elif isinstance(action.type, Whole):
            values = INTEGERS + ['%d' % (action.type.least - 1), '%d' % (action.type.most + 1)]
        elif isinstance(action.type, Real):
            values = FLOATS + ['%r' % (action.type.most + 1)]
        else:
            values = texts[option]
        for value in values:
            given = [option + '=' + value] if value.startswith('-') else [option, value]
            yield line(others) + given, [option, option.lstrip('-'), value[:200] or option]


def check(main, cases, capfd):
    """Check that each is rejected in one line that names the error, and writes nothing; returns their number."""
    count = 0
    for arguments, names in cases:
        count += 1
        before = sorted(os.listdir('.'))
        try:
            status = errors.run(main, arguments)
        except SystemExit as error:
            status = error.code
        output, line = capfd.readouterr()
        about = '%s: %s, %r' % (' '.join(arguments)[:300], status, line[:300])
        assert status not in (0, None), about
        assert line.count('\n') == 1 and line.endswith('\n') and 'Traceback' not in line, about
        assert any(name.replace('\n', ' ') in line for name in names), about
        assert not output, about
        assert [name for name in sorted(os.listdir('.')) if name not in before] == [], about
    return count
