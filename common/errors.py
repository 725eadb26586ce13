"""Errors meant for the user: one line that says what was wrong and what to do.

    class Refused(UserError): ...

    if __name__ == '__main__':
        sys.exit(run(main))
"""
from __future__ import absolute_import, print_function

import argparse
import errno
import os
import sys


class UserError(Exception):
    """Something the user can mend; its text is the one line that is printed."""


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
        ``sys.argv[1:]`` where not given.

    Returns
    -------
    int
        0 on success, what ``main`` returned, 1 for a :class:`UserError`, a full disk or a file that
        cannot be read or written, 130 after Ctrl-C.
    """
    program = os.path.basename(sys.argv[0])
    try:
        status = main(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return status or 0
    except UserError as error:
        message = str(error)
    except KeyboardInterrupt:
        message, status = 'stopped', 130
        print('%s: %s' % (program, message), file=sys.stderr)
        return status
    except MemoryError:
        message = 'not enough memory: close other programs, or use less data'
    except EnvironmentError as error:
        if error.errno == errno.EPIPE:  # the reader of our output (head, less) has gone
            sys.stdout = open(os.devnull, 'w')
            return 141
        message = file_error(error)
    print('%s: error: %s' % (program, ' '.join(message.split('\n'))), file=sys.stderr)
    return 1


def file_error(error):
    """The one line for an operating system error: the file, and what to do about the usual ones."""
    advice = {errno.ENOSPC: 'free some space, or choose another output folder',
              errno.EDQUOT: 'free some space, or choose another output folder',
              errno.EROFS: 'choose a folder that can be written',
              errno.EACCES: 'check the permissions, or choose another folder',
              errno.ENOENT: 'check the path'}.get(error.errno)
    text = error.strerror or str(error)
    if getattr(error, 'filename', None):
        text = '%s: %s' % (error.filename, text)
    return text if advice is None else '%s: %s' % (text, advice)
