"""What a run prints, on the terminal and in train.log; it continues after the terminal is gone.

    log = Log('train.log', length=0, lost=stop.ask)
    log('Epoch 1 of 2 took 2.5s')
    note('compiling: half a minute the first time')     # on stderr, at once
"""
from __future__ import absolute_import, print_function

import contextlib
import errno
import io
import os
import sys
import threading


_NOBODY = (errno.EPIPE, errno.EIO)      # of a pipe (| head), of a terminal that was closed


class Log(object):
    """Lines for the terminal and for train.log at once.

    Parameters
    ----------
    path : str
    length : int
        Bytes to keep of a log that is there.
    lost : callable
        Called with the reason where standard output can no longer be written; lines go to the file alone then.
    """

    def __init__(self, path, length, lost):
        self.lost = lost
        self.handle = io.open(path, 'a', encoding='utf-8')
        self.handle.truncate(min(length, self.length))

    def __call__(self, text):
        self.to_file(text)
        self.to_terminal(text)

    def to_file(self, text):
        """A line for train.log alone."""
        line = text if isinstance(text, type(u'')) else text.decode('utf-8', 'replace')     # Python 2's str
        self.handle.write(line + u'\n')
        self.handle.flush()

    def to_terminal(self, text):
        """A line for standard output alone."""
        if not say(text, sys.stdout):
            self.lost('its output was closed')

    def sync(self):
        """Put the file on the disk: a checkpoint relies on the lines that were written before it."""
        os.fsync(self.handle.fileno())

    @property
    def length(self):
        """Bytes in the file."""
        return os.fstat(self.handle.fileno()).st_size


def note(text):
    """A line on stderr, before something that takes longer than a second."""
    say(text, sys.stderr)


@contextlib.contextmanager
def note_if_slow(text, seconds=1):
    """Within the block: a line on stderr if it takes longer than `seconds`."""
    timer = threading.Timer(seconds, note, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()        # a thread that waits while Python 2 ends leaves a traceback


def say(text, stream):
    """Print a line at once; False if nobody reads the stream, which is then replaced by the null device."""
    try:
        print(text, file=stream)
        if stream is not None:          # None: started with it closed
            stream.flush()
    except EnvironmentError as error:
        if error.errno not in _NOBODY:
            raise
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        return False
    return True
