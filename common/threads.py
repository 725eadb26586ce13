"""A pool of threads that ends with its block, whatever interrupts it.

    with pool(2) as threads:
        rows = threads.imap(work, tasks)
        first = rows.next(timeout=LONG)         # without a limit Python 2 does not notice Ctrl-C
"""
from __future__ import absolute_import

import contextlib
import signal
from multiprocessing.pool import ThreadPool

LONG = 1e6      # seconds


@contextlib.contextmanager
def pool(count):
    """A ThreadPool of `count` threads; each finishes its current task. On Python 2, threads that outlive the program end in
    a traceback, so Ctrl-C and SIGTERM wait while the pool is made and while it ends.
    """
    made = None
    try:
        with _uninterrupted():
            made = ThreadPool(count)
        yield made
    finally:
        if made is not None:
            with _uninterrupted():
                made.terminate()
                made.join()


@contextlib.contextmanager
def _uninterrupted():
    """Postpone Ctrl-C and SIGTERM to the end of the block."""
    came, handlers = [], {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                handlers[number] = signal.signal(number, lambda number, frame: came.append(number))
    except ValueError:      # not the main thread, which alone is interrupted
        pass
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for number in came[:1]:
        handlers[number](number, None)
