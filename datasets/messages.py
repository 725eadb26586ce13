"""Messages about the data while it is read, on stderr: lines, lists of a few of many, progress."""
from __future__ import absolute_import, print_function

import sys

from common.machine import clock

_PROGRESS_SECONDS = 10
_LISTED = 10                # lines at most of one kind


def say(line):
    """A line about the data."""
    print(line, file=sys.stderr)
    sys.stderr.flush()


def say_list(tell, title, lines):
    """A title and the first of its lines to ``tell(line)``; nothing where there is no line."""
    if lines:
        tell(title + ':')
        for line in lines[:_LISTED]:
            tell('  ' + line)
        if len(lines) > _LISTED:
            tell('  and %d more' % (len(lines) - _LISTED))


def shortened(texts, between=', ', most=_LISTED):
    """The first of some texts, and how many more there are."""
    more = ['and %d more' % (len(texts) - most)] if len(texts) > most else []
    return between.join(list(texts[:most]) + more)


def progress(items, total, what):
    """Go through items with a bar on a terminal, a line now and then elsewhere."""
    if sys.stderr.isatty():
        from tqdm import tqdm
        for item in tqdm(items, total=total, desc=what, leave=False, dynamic_ncols=True):
            yield item
        return
    last = clock()
    for number, item in enumerate(items, 1):
        yield item
        if clock() - last > _PROGRESS_SECONDS:
            last = clock()
            say('%s: %d of %d' % (what, number, total))
