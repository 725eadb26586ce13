"""bench/exported.py: it times what it says, and only code that computes the right scores."""
from __future__ import absolute_import

import json

import pytest

from bench import exported
from board import kernel
from common.errors import run
from tests.board.test_kernel import needs_kernel


@pytest.mark.once
@needs_kernel
def test_figures(capsys):
    assert run(exported.main, ['--net', 'lfcW1A2', '--rounds', '2', '--json']) == 0
    row, = json.loads(capsys.readouterr()[0])['rows']
    assert row.pop('net') == 'lfcW1A2' and set(row) == set(exported.COLUMNS) and all(0 < row[name] < 100 for name in row)


@needs_kernel
def test_other_scores_are_not_timed(monkeypatch, capsys):
    right = kernel.Kernel.run
    monkeypatch.setattr(kernel.Kernel, 'run', lambda *given, **named: right(*given, **named) + 1)
    assert run(exported.main, ['--net', 'lfcW1A1', '--rounds', '1']) == 1
    assert 'the exported C and the simulator differ' in capsys.readouterr()[1]


def test_without_a_compiler(monkeypatch, tmpdir, capsys):
    monkeypatch.setenv('CC', str(tmpdir.join('no-compiler')))
    assert run(exported.main, ['--net', 'lfcW1A1', '--rounds', '1']) == 1
    assert capsys.readouterr()[1].count('\n') == 1
