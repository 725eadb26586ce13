"""bench/soak.py: it reports what grows, but not what other programs cause."""
from __future__ import absolute_import, division

import os
import sys

import pytest

from bench import soak
from common.errors import UserError

EPOCH = 'print("  test error rate: 1"); sys.stdout.flush(); time.sleep(.05)'
PROGRAM = 'import sys, time\nkept = []\nfor epoch in range(20):\n    %s\n    ' + EPOCH

needs_proc = pytest.mark.skipif(not os.path.isdir('/proc/self/fd'), reason='no /proc here')


def rows(count=22, **changes):
    """Equal epochs, except for `changes`: name to a function of the epoch's number."""
    even = dict(epoch=0, minutes=1., seconds=10., cpu_seconds=9., memory_mb=300., peak_mb=310., files=9, threads=2)
    return [soak.Row(**dict(even, **{name: change(number) for name, change in changes.items()}))
            for number in range(count)]


def test_even_epochs():
    lines, grown = soak.judge(rows())
    assert grown == [] and len(lines) == 1 + len(soak.JUDGED)


@pytest.mark.parametrize('name, change', [
    ('memory_mb', lambda number: 300 + number), ('files', lambda number: 9 + number // 3),
    ('threads', lambda number: 2 + (number > 12)), ('cpu_seconds', lambda number: 9 * 1.05 ** number)])
def test_what_grows(name, change):
    assert soak.judge(rows(**{name: change}))[1] == [name]


@pytest.mark.parametrize('changes', [
    dict(cpu_seconds=lambda number: 9 + 5 * (number % 2)), dict(memory_mb=lambda number: 200 if number < 2 else 300),
    dict(memory_mb=lambda number: 300 - number), dict(seconds=lambda number: 10 + number)])
def test_what_does_not(changes):
    """A busy machine, the first epochs, a decrease."""
    assert soak.judge(rows(**changes))[1] == []


def test_too_few_epochs():
    with pytest.raises(UserError):
        soak.judge(rows(5))


@needs_proc
@pytest.mark.parametrize('leak, grown', [
    ('pass', []), ('kept.append(bytearray(10 ** 7))', ['memory_mb']), ('kept.append(open("/dev/null"))', ['files'])])
def test_programs_that_leak(leak, grown):
    written = []
    found = soak.watch([sys.executable, '-c', PROGRAM % leak], 1, written.append)
    assert found == written and len(found) == 20
    assert [name for name in soak.judge(found)[1] if name != 'cpu_seconds'] == grown


@needs_proc
def test_a_program_that_fails():
    with pytest.raises(UserError) as refused:
        soak.watch([sys.executable, '-c', 'import sys; sys.exit(3)'], 1, lambda row: None)
    assert 'status 3 after 0 epochs' in str(refused.value)


@needs_proc
def test_it_is_stopped_when_the_time_is_over():
    program = ('import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(75))\nimport time\n'
               'while True:\n    ' + EPOCH)
    assert len(soak.watch([sys.executable, '-c', program], .01, lambda row: None)) < 100
