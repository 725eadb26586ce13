"""The command line of measurements that run in rounds: number of rounds, and a table or JSON.

    options = parse(__doc__, ['--rounds', '3'], OVERLAYS)
    options.net, options.rounds, options.json       # None, 3, False
"""
from __future__ import absolute_import

from common.errors import ArgumentParser

MOST = 10000


def check(parser, rounds):
    """Reject a number of rounds that is out of range."""
    if not 1 <= rounds <= MOST:
        parser.error('argument --rounds: give 1 to %d' % MOST)


def parse(doc, arguments, nets=()):
    """The options --rounds and --json, and --net if there are several networks."""
    parser = ArgumentParser(description=doc.split('\n')[0])
    if nets:
        parser.add_argument('--net', action='append', choices=list(nets), metavar='NET', help='only this network')
    parser.add_argument('--rounds', type=int, default=7, help='rounds to take the medians of (default: 7)')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')
    options = parser.parse_args(arguments)
    check(parser, options.rounds)
    return options
