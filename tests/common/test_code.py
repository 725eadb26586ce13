"""A rule for all code: a file is short, or its first lines say why it is not."""
from __future__ import absolute_import

import io
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MOST, FIRST = 300, 25       # lines
REASONS = 'as long as it is', 'long because', 'long: '


def sources():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith('.') and name not in ('runs', 'shared', '__pycache__')]
        for name in names:
            if name.endswith(('.py', '.sh')):
                yield os.path.join(folder, name)


def test_no_file_is_long_without_a_reason():
    paths = list(sources())
    assert len(paths) > 200
    long = []
    for path in paths:
        with io.open(path, encoding='utf-8') as handle:
            lines = handle.read().splitlines()
        if len(lines) > MOST and not any(reason in ' '.join(lines[:FIRST]) for reason in REASONS):
            long.append('%s: %d lines' % (os.path.relpath(path, ROOT), len(lines)))
    assert not long, long
