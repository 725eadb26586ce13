"""Rules for all code: a file is short, or its first lines say why it is not; what runs on Python 2.7 is checked by it."""
from __future__ import absolute_import

import io
import os
import re

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


def test_lint_compiles_what_runs_on_python_27():
    with io.open(os.path.join(ROOT, 'CONTRIBUTING.md'), encoding='utf-8') as handle:
        [said] = re.findall(r'\*\*Python\.\*\*(.*?) run on 2\.7', handle.read(), re.DOTALL)
    with io.open(os.path.join(ROOT, 'scripts', 'lint.sh'), encoding='utf-8') as handle:
        lint = handle.read()
    folders = re.findall('`([a-z_]+)/`', said)
    assert {'training', 'export'} <= set(folders)
    for folder in folders:
        assert "'%s/*.py'" % folder in lint
