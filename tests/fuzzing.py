"""Damaged files, made by hypothesis, for every file reader; fuzzing_formats.py makes hostile ones of each format.

    explore(attempt, damaged([whole]), cases)

`attempt` gets the bytes of one file at a time; it reads them, or raises a UserError of one line. Anything else, such as
another exception or a crash, is a find. A search prints how many files were read and how many rejected, and fails unless
there were some of both.
"""
from __future__ import absolute_import, division, print_function

import collections
import warnings

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from common.errors import UserError

# Header fields: lengths and numbers that are too large, negative or zero, magic numbers, paths that leave a folder.
FIELDS = [b'\0', b'\xff', b'\1', b'\x80', b'\0\0\0\0', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\xff\xff\xff\x7f',
          b'\0\0\1\0', b'\0\1\0\0', b'\xff' * 8, b'\0' * 8, b'PK\3\4', b'PK\5\6', b'\x1f\x8b\x08', b'\x93NUMPY\1\0',
          b'../', b'/', b'\n', b'\r\n', b"'|O'", b'True', b'[' * 40, b'9' * 20, b'-1', b'nan', b'1e999',
          b'\xc3\xa9', b'\xff\xfe']
SHORT = 1000        # up to this many cases a search is deterministic, as `make test` needs
FEWEST = 10         # so that some are read and some rejected


def searches(short, long):
    """Parametrise a test by the number of `cases`: a fifth of the short search in ``make test``, all of it in ``make
    test-thorough``, both deterministic; the long search in ``make test-long``."""
    return pytest.mark.parametrize('cases', [max(short // 5, FEWEST), pytest.param(short, marks=pytest.mark.thorough),
                                             pytest.param(long, marks=pytest.mark.long)])


def explore(attempt, files, cases, refusals=(UserError,), both=True):
    """Call ``attempt(file)`` for `cases` files.

    Parameters
    ----------
    attempt : callable
        Reads one file; what it returns does not matter.
    files : hypothesis strategy
    cases : int
    refusals : tuple of exceptions
        Exceptions that also count as rejection, for internal readers.
    both : bool
        Whether there must be both files that are read and files that are rejected.

    Returns
    -------
    collections.Counter
        The numbers of 'read' and 'refused' files.
    """
    counts = collections.Counter()

    @settings(max_examples=cases, derandomize=cases <= SHORT, deadline=None, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(files)
    def search(file):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                attempt(file)
            counts['read'] += 1
        except refusals as error:
            message = str(error)
            assert message.strip() and '\n' not in message and '\r' not in message, repr(message)
            counts['refused'] += 1

    search()
    print('%d cases: %d read, %d refused' % (sum(counts.values()), counts['read'], counts['refused']))
    assert not both or counts['read'] and counts['refused'], counts
    return counts


def drawn(make):
    """A strategy for the results of ``make(random, ...)``; its attribute `make` is the function."""
    def strategy(*arguments, **options):
        return strategies.randoms().map(lambda random: make(random, *arguments, **options))
    strategy.make = make
    return strategy


# --- bytes -----------------------------------------------------------------------------------------------------------

@drawn
def damaged(random, files, most=4):
    """One of the files (bytes), damaged in up to `most` places, sometimes in none."""
    data = random.choice(files)
    for _ in range(random.randint(0, most)):
        data = random.choice(_DAMAGES)(random, data, files)
    return data


def _place(random, data):
    """A place in the data: more often near the beginning and the end, where the headers are."""
    near = random.randint(0, 150)
    where = random.choice(['beginning', 'end', 'anywhere'])
    if where == 'anywhere':
        return len(data) * random.randint(0, 999) // 1000
    return min(near, len(data)) if where == 'beginning' else max(len(data) - near, 0)


def _cut(random, data, files):
    return data[:_place(random, data)]


def _behead(random, data, files):
    return data[_place(random, data):]


def _flip(random, data, files):
    place = min(_place(random, data), len(data) - 1)
    return data[:place] + bytes(bytearray([bytearray(data)[place] ^ 1 << random.randint(0, 7)])) + \
        data[place + 1:] if data else data


def _overwrite(random, data, files):
    place, field = _place(random, data), random.choice(FIELDS)
    return data[:place] + field + data[place + len(field):]


def _insert(random, data, files):
    place = _place(random, data)
    return data[:place] + random.choice(FIELDS) * random.choice([1, 1, 1, 100]) + data[place:]


def _leave_out(random, data, files):
    place = _place(random, data)
    return data[:place] + data[place + random.choice([1, 2, 4, 16, 512, 10000]):]


def _splice(random, data, files):
    other = random.choice(files)
    return data[:_place(random, data)] + other[_place(random, other):]


_DAMAGES = [_cut, _behead, _flip, _flip, _overwrite, _overwrite, _insert, _leave_out, _splice]
