"""Check that nobody else can have put anything into a folder of compiled code, which is run once it is loaded.

    problem('/home/me/.cache/bnn-pynq-training')    # None, or 'belongs to user 1001', ...
"""
from __future__ import absolute_import

import grp
import os
import pwd
import stat

_MOST_LINKS = 40        # as many as Linux follows


def problem(path):
    """Why a folder cannot be trusted, or None: it and all above it belong to, and can only be written by, this user or root.

    A folder above it may be writable by anyone if it is sticky, as /tmp is: there nobody can rename others' files.

    Parameters
    ----------
    path : str
        A folder that is there.

    Returns
    -------
    str or None

    Raises
    ------
    EnvironmentError
    """
    current, pending, links = os.sep, os.path.abspath(path).split(os.sep)[::-1], 0
    while True:
        status = os.lstat(current)
        if status.st_uid not in (0, os.getuid()):
            return '%s belongs to user %d' % (current, status.st_uid)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return '%s is a circular link' % path
            pending += os.readlink(current).split(os.sep)[::-1]
            current = os.sep if os.path.isabs(os.readlink(current)) else os.path.dirname(current)
        elif _others_write(status) and not (any(pending) and status.st_mode & stat.S_ISVTX):
            return '%s can be written by others' % current
        while pending and pending[-1] in ('', os.curdir):
            pending.pop()
        if not pending:
            return None
        name = pending.pop()
        current = os.path.dirname(current) if name == os.pardir else os.path.join(current, name)


def _others_write(status):
    return bool(status.st_mode & stat.S_IWOTH or status.st_mode & stat.S_IWGRP and not _own_group(status.st_gid))


def _own_group(number):
    """Whether a group has only this user in it: some systems make one for each user."""
    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(number)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
