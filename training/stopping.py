"""Stop on SIGTERM, Ctrl-C or a closed terminal, at a point from which the run can be resumed.

    with Stop() as stop:
        compile_everything()            # a signal raises Stopped here: nothing is lost yet
        stop.from_now_on_asked()
        while not stop.reason: ...      # a signal only sets reason; this loop writes a checkpoint
"""
from __future__ import absolute_import

import os
import signal

from common.machine import clock

STOPPED = 75                # exit status of a run that was stopped and can be resumed or started again (EX_TEMPFAIL)
IMPATIENCE_SECONDS = 1      # a second signal that comes later is a new one, not an echo of the first
SIGNALS = {signal.SIGTERM: 'SIGTERM', signal.SIGINT: 'Ctrl-C', signal.SIGHUP: 'the terminal was closed'}


def from_the_start():
    """Until a Stop is entered SIGTERM ends the process: before anything is imported, nothing can be lost."""
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(STOPPED))


class Stopped(KeyboardInterrupt):
    """The run was asked to stop, and can be resumed or started again; no Exception, which libraries catch."""


class Stop(object):
    """Answers signals while it is entered: the first asks to stop, a later one ends the process at once.

    A signal to a group of processes reaches this one twice, as make passes on those that it gets.

    Attributes
    ----------
    reason : str or None
        Why the run is to stop.
    """

    def __init__(self):
        self.reason = self._since = None
        self._raises = True
        self._before = {}

    def __enter__(self):
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:      # nohup has SIGHUP ignored
                self._before[number] = signal.signal(number, self._answer)
        return self

    def __exit__(self, *exception):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ask(self, reason):
        """Ask to stop; the first reason stays."""
        self.reason = self.reason or reason

    def check(self):
        """Raise Stopped if a signal came: a library that was being imported or compiling may have caught it."""
        if self.reason:
            raise Stopped('stopped before the first batch (%s): start it again' % self.reason)

    def from_now_on_asked(self):
        """Signals no longer raise Stopped; one that came before does so here."""
        self.check()
        self._raises = False

    def _answer(self, number, frame):
        if self._since is None:
            self._since = clock()
            self.ask(SIGNALS[number])
            if self._raises:
                self.check()
        elif clock() - self._since > IMPATIENCE_SECONDS:
            os._exit(128 + number)
