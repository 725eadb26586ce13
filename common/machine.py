"""This machine: its processors, its programs, and the user's cache folder.

    processors()                    # 2
    program('g++')                  # '/usr/bin/g++', or None
    cache_folder('pictures')        # '/home/somebody/.cache/bnn-pynq-training/pictures'
"""
from __future__ import absolute_import

import os
import time

CACHE = 'bnn-pynq-training'


def processors():
    """The number of processors that this process may use."""
    if hasattr(os, 'sched_getaffinity'):        # not on Python 2
        return len(os.sched_getaffinity(0))
    import multiprocessing
    return multiprocessing.cpu_count()


def program(name):
    """The path of a program on PATH, or None; a name with a folder is looked up there alone."""
    for folder in os.environ.get('PATH', os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def cache_folder(*parts):
    """The user's cache folder, ``$XDG_CACHE_HOME/bnn-pynq-training``, or a folder in it.

    The folder need not be there. As the XDG base directory specification says, an XDG_CACHE_HOME that is empty or
    relative counts as not set: it is ``~/.cache``.
    """
    base = os.environ.get('XDG_CACHE_HOME', '')
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser('~'), '.cache')
    return os.path.join(base, CACHE, *parts)


def clock():
    """Seconds since some moment in the past, unaffected by changes of the system's time."""
    if hasattr(time, 'monotonic'):
        return time.monotonic()
    return os.times()[4]        # Python 2: hundredths of a second since the machine was started
