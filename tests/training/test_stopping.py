"""Signals: before anything can be lost, and while something can."""
from __future__ import absolute_import

import os
import signal

import pytest

from training import stopping
from training.stopping import Stop, Stopped


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize('number, reason', [(signal.SIGTERM, 'SIGTERM'), (signal.SIGINT, 'Ctrl-C'),
                                            (signal.SIGHUP, 'its terminal was closed')])
def test_before_and_while_something_can_be_lost(number, reason):
    before = signal.getsignal(number)
    with Stop() as stop:
        with pytest.raises(Stopped) as stopped:
            send(number)
        assert 'stopped before the first batch (%s)' % reason in str(stopped.value)
        send(number)                    # an echo of the first
    with Stop() as stop:
        stop.from_now_on_asked()
        assert stop.reason is None
        send(number)
        send(number)
        assert stop.reason == reason
    assert signal.getsignal(number) == before


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
    """nohup's training outlives its terminal."""
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
