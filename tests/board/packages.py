"""Shared by the tests of packages: Pythons that replace the board's, and what is in a package."""
from __future__ import absolute_import, division

import glob
import os
import subprocess
import sys

from board import package
from tests.shared import ROOT

SCRIPT = os.path.join(ROOT, 'board', 'package.py')


def python(version):
    """A working interpreter of a version such as '3.6', or None."""
    pyenv = os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv'))
    folders = os.environ.get('PATH', '').split(os.pathsep) + [os.path.join(pyenv, 'versions', version + '.*', 'bin')]
    for folder in folders:
        for path in glob.glob(os.path.join(folder, 'python' + version)):
            if subprocess.call([path, '-c', ''], stderr=subprocess.PIPE) == 0:      # pyenv's shims may not work
                return path


# 3.6 is the board's version; without it, this Python if it is recent enough
BOARD_PYTHONS = [path for path in (python('3.6'), sys.executable if sys.version_info >= (3, 6) else None) if path]


def call(*arguments, **options):
    process = subprocess.Popen(list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate()
    return process.returncode, out.decode('utf-8'), err.decode('utf-8')


def contents(path):
    with open(path, 'rb') as handle:
        return package.read(handle)


def tree(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {os.path.relpath(os.path.join(root, name), str(folder)): open(os.path.join(root, name), 'rb').read()
            for root, _, names in os.walk(str(folder)) for name in names}
