"""Signals: before anything can be lost, and while something can."""
from __future__ import absolute_import

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.shared import ROOT
from training import stopping
from training.stopping import Stop, Stopped


def send(number):
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def hangup():
    """The default for SIGHUP, which nohup ignores."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize('number, reason', [(signal.SIGTERM, 'SIGTERM'), (signal.SIGINT, 'Ctrl-C'),
                                            (signal.SIGHUP, 'the terminal was closed')])
def test_before_and_while_something_can_be_lost(number, reason):
    before = signal.getsignal(number)
    with Stop() as stop:
        with pytest.raises(Stopped) as stopped:
            send(number)
        assert 'stopped before the first batch (%s)' % reason in str(stopped.value)
        send(number)                    # a repetition of the first
    with Stop() as stop:
        stop.from_now_on_asked()
        assert stop.reason is None
        send(number)
        send(number)
        assert stop.reason == reason
    assert signal.getsignal(number) == before


def test_a_signal_that_a_library_caught_still_stops():
    """Libraries have bare excepts around imports and compilations."""
    for place in ('check', 'from_now_on_asked'):
        with Stop() as stop:
            try:
                send(signal.SIGTERM)
            except BaseException:
                pass
            with pytest.raises(Stopped):
                getattr(stop, place)()


@pytest.mark.parametrize('seconds', [0, .15, .4, .8, 1.3])
def test_sigterm_from_the_first_line_on(tmpdir, seconds):
    """Imports take seconds on a cold disk: a supervisor restarts by this status, whatever is being loaded."""
    program = '\n'.join([
        'from training.stopping import from_the_start', 'from_the_start()', 'import runpy, sys', 'print("begun")',
        'sys.stdout.flush()', 'runpy.run_module("training.experiment", run_name="__main__", alter_sys=True)'])
    process = subprocess.Popen([sys.executable, '-c', program, '--dataset=digits', '--epochs=5000', '--runs', str(tmpdir)],
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b'begun\n'
    time.sleep(seconds)
    process.terminate()
    errors = process.communicate()[1].decode('utf-8')
    assert process.returncode == stopping.STOPPED and 'Traceback' not in errors, errors


def test_a_second_signal_ends_the_process():
    child = os.fork()
    if not child:
        stopping.IMPATIENCE_SECONDS = -1
        with Stop() as stop:
            stop.from_now_on_asked()
            send(signal.SIGTERM)
            send(signal.SIGTERM)
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 128 + signal.SIGTERM


def test_what_is_ignored_stays_ignored():
    """A training under nohup outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            send(signal.SIGHUP)
            assert stop.reason is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_first_reason_stays():
    stop = Stop()
    stop.ask('a')
    stop.ask('b')
    assert stop.reason == 'a'
