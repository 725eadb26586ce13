"""common/threads.py: no thread outlives its block."""
from __future__ import absolute_import

import os
import signal
import threading

import pytest

from common import errors, threads


@pytest.fixture(autouse=True)
def none_is_left():
    """Only new threads count: those of other tests may still be ending."""
    before = threading.enumerate()
    yield
    assert [thread for thread in threading.enumerate() if thread not in before] == []


class Interrupted(threads.ThreadPool):
    """A pool that Ctrl-C interrupts while it is made."""

    def __init__(self, count):
        super(Interrupted, self).__init__(count)
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(100000))      # Python handles the signal between two instructions


def test_the_work_is_done():
    with threads.pool(2) as pool:
        assert sorted(pool.imap_unordered(abs, range(-3, 3))) == [0, 1, 1, 2, 2, 3]


def test_interrupted_while_it_is_made(monkeypatch):
    monkeypatch.setattr(threads, 'ThreadPool', Interrupted)
    with pytest.raises(KeyboardInterrupt):
        with threads.pool(2):
            raise AssertionError('it is made, and used')
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize('number, answer', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_while_it_ends(number, answer, monkeypatch, capsys):
    join = threads.ThreadPool.join

    def interrupted(pool):
        os.kill(os.getpid(), number)
        sum(range(100000))
        join(pool)
    monkeypatch.setattr(threads.ThreadPool, 'join', interrupted)

    def main(arguments):
        with threads.pool(2):
            pass
    assert errors.run(main, []) == answer
    assert capsys.readouterr()[1].endswith('stopped\n')


def test_in_a_thread_that_signals_do_not_reach():
    found = []

    def work():
        with threads.pool(2) as pool:
            found.extend(pool.map(abs, [-1, -2]))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [1, 2]
