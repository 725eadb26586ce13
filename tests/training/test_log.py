"""What a run prints, and what happens if nobody reads it."""
from __future__ import absolute_import

import os
import sys
import time

from training.log import Log, note_if_slow


def test_terminal_and_file(tmpdir, capsys):
    path = tmpdir.join('train.log')
    path.write('kept\nof an epoch that comes again\n')
    log = Log(str(path), len('kept\n'), None)
    log('both')
    log.to_file('file')
    log.to_terminal('terminal')
    assert capsys.readouterr()[0] == 'both\nterminal\n' and path.read() == 'kept\nboth\nfile\n'
    assert log.length == path.size()


def test_nobody_reads(tmpdir, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    reasons = []
    log = Log(str(tmpdir.join('train.log')), 0, reasons.append)
    with os.fdopen(writing, 'w') as pipe:
        monkeypatch.setattr(sys, 'stdout', pipe)
        for number in range(3):
            log('%d' % number)
    assert reasons == ['its output was closed']
    assert tmpdir.join('train.log').read() == '0\n1\n2\n'


def test_only_what_is_slow_is_said(capsys):
    with note_if_slow('fast', 60):
        pass
    assert capsys.readouterr()[1] == ''
    with note_if_slow('slow', 0):
        for _ in range(1000):
            time.sleep(.01)
            said = capsys.readouterr()[1]
            if said:
                break
    assert said == 'slow\n'
