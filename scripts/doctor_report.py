"""Shared by the doctor's checks: the lines that they report, and running other programs."""
from __future__ import absolute_import, print_function

import collections
import os
import subprocess
import sys

Line = collections.namedtuple('Line', 'state text fix')


def ok(text):
    return Line('ok', text, None)


def warning(text, fix=None):
    return Line('warning', text, fix)


def failure(text, fix=None):
    return Line('failure', text, fix)


def output(*command, **options):
    """Standard output of a command, or None if it fails or is missing; ``stdin`` is its input."""
    text = options.get('stdin', '').encode()
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=options.get('env'), cwd=options.get('cwd'))
        answer = process.communicate(text)[0].decode('utf-8', 'replace')
    except OSError:
        return None
    return None if process.returncode else answer


def install(debian, fedora):
    """The command that installs a package of the distribution, by its name in Debian and in Fedora."""
    for manager, package in (('apt-get', debian), ('dnf', fedora), ('yum', fedora)):
        if output('sh', '-c', 'command -v ' + manager):
            return '%s install %s' % (manager, package)
    return 'install %s with the system\'s package manager' % fedora


def in_the_image():
    return bool(os.environ.get('BNN_HOME'))


def show(line):
    """Print a line; returns whether it is a failure."""
    print('%-8s %s%s' % (line.state, line.text, '  -> ' + line.fix if line.fix else ''))
    sys.stdout.flush()
    return line.state == 'failure'
