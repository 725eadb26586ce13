"""Errors meant for the user: one line that says what was wrong and what to do.

    class Refused(UserError): ...

    if __name__ == '__main__':
        sys.exit(run(main))
"""
from __future__ import absolute_import, print_function

import argparse
import errno
import os
import signal
import sys


class UserError(Exception):
    """Something the user can fix; its text is the one line that is printed."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C, so that nothing half-written stays behind."""


class ArgumentParser(argparse.ArgumentParser):
    """An argument parser that answers a wrong option in one line, with exit status 2."""

    def error(self, message):
        self.exit(2, '%s: error: %s (--help lists the options)\n' % (self.prog, message))


def run(main, arguments=None):
    """Call ``main(arguments)`` and turn what goes wrong into one line on stderr and an exit status.

    Parameters
    ----------
    main : callable
        Takes the list of command line arguments; returns an exit status or None.
    arguments : list of str, optional
        Default: ``sys.argv[1:]``.

    Returns
    -------
    int
        0 on success, what ``main`` returned, 1 for a :class:`UserError`, a full disk or a file that
        cannot be read or written, 130 after Ctrl-C, 143 after SIGTERM.
    """
    program = os.path.basename(sys.argv[0])
    _hold_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):      # a terminal that lacks some characters of a name still shows the rest
            stream.reconfigure(errors='backslashreplace')
    answered = signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN)    # a training has its own
    if not answered:
        previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        status = main(sys.argv[1:] if arguments is None else arguments)
        if sys.stdout is not None:  # None: started with it closed
            sys.stdout.flush()
        return status or 0
    except UserError as error:
        message = str(error)
    except KeyboardInterrupt as error:
        print('%s: stopped' % program, file=sys.stderr)
        return 143 if isinstance(error, Terminated) else 130
    except MemoryError:
        message = 'not enough memory: close other programs, or use less data'
    except EnvironmentError as error:
        if error.errno == errno.EPIPE:  # the reader of our output (head, less) has gone
            sys.stdout = open(os.devnull, 'w')
            return 141
        message = file_error(error)
    finally:
        if not answered:
            signal.signal(signal.SIGTERM, previous)
    print('%s: error: %s' % (program, ' '.join(message.split('\n'))), file=sys.stderr)
    return 1


def _hold_standard_streams():
    """Open descriptors 0, 1 and 2 where closed: else the next opened file gets what is printed."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            return os.close(descriptor)


def _terminate(number, frame):
    raise Terminated


def file_error(error):
    """The one line for an operating system error: the file, and advice for the usual errors."""
    advice = {errno.ENOSPC: 'free some space, or choose another output folder',
              errno.EDQUOT: 'free some space, or choose another output folder',
              errno.EROFS: 'choose a folder that can be written',
              errno.EACCES: 'check the permissions, or choose another folder',
              errno.EISDIR: 'give a file in it',
              errno.ENOTDIR: 'check the path',
              errno.ENOENT: 'check the path'}.get(error.errno)
    text = error.strerror or str(error)
    if getattr(error, 'filename', None):
        text = '%s: %s' % (error.filename, text)
    return text if advice is None else '%s: %s' % (text, advice)
