"""A mock machine to set the project up on: its own PATH, HOME and copy of the scripts, and mock interpreters."""
import json
import os
import shutil
import subprocess
import sys

import pip
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = ['awk', 'bash', 'cat', 'cksum', 'cut', 'dirname', 'env', 'flock', 'g++', 'grep', 'ln', 'ls', 'mkdir', 'mktemp',
            'readlink', 'rm', 'sed', 'sh', 'sleep', 'sync', 'tail', 'touch', 'uname']

# A real interpreter that reports other properties when setup asks it with -c. Otherwise it works as usual, except that its
# environments get this Python's pip, since ensurepip takes seconds. Or it can do nothing else, for tests that only look
# which interpreter is chosen.
WORKS = '''
    [ "$1 $2" != '-m venv' ] ||
        { "%(real)s" -m venv --without-pip "$3" && ln -s "%(pip)s" "$3"/lib/python*/site-packages/; exit; }
    exec "%(real)s" "$@"''' % {'real': sys.executable, 'pip': os.path.dirname(pip.__file__)}
INTERPRETER = '''#!/bin/sh
if [ "$1" != -c ]; then %(else_do)s; fi
exec "%(real)s" -c '
import platform, sys, sysconfig
code = sys.argv[1]
sys.version_info = %(version)r + sys.version_info[2:]
sys.executable = "%(path)s"
sys.modules.update(dict.fromkeys(%(missing)s))
sysconfig.get_config_var = sysconfig.get_path = lambda name: "%(headers)s"
exec(code)
' "$2"
'''


class Machine(object):
    """Runs the project's scripts as on a machine that has only what a test puts there."""

    def __init__(self, folder):
        self.root, self.bin, self.home = folder / 'project', folder / 'bin', folder / 'home'
        for path in (self.root, self.bin, self.home):
            path.mkdir()
        for name in ('scripts', 'requirements', 'Makefile', 'common/options.txt'):
            (self.root / name).parent.mkdir(exist_ok=True)
            copy = shutil.copytree if os.path.isdir(os.path.join(ROOT, name)) else shutil.copy
            copy(os.path.join(ROOT, name), str(self.root / name))
        for name in PROGRAMS:
            self.link(name)
        self.headers = folder / 'include'
        self.headers.mkdir()
        (self.headers / 'Python.h').touch()

    def link(self, name):
        """Give the machine a program of the real one."""
        found = shutil.which(name)
        if not found:
            pytest.skip('this machine has no ' + name)
        (self.bin / name).symlink_to(os.path.realpath(found))

    def program(self, name, text, folder=None):
        """Give the machine a program, ``text``, on its PATH or in another folder."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name, version, headers=True, missing=(), works=False, folder=None):
        """Give the machine an interpreter of a version, with or without headers, that lacks the modules ``missing``.

        Without ``works``, it reports its properties, and can do nothing else.
        """
        path = (folder or self.bin) / name
        return self.program(name, INTERPRETER % {
            'real': sys.executable, 'else_do': WORKS if works else 'exit 1',
            'version': version, 'path': path, 'missing': json.dumps(missing),
            'headers': self.headers if headers else self.home}, folder)

    def empty_locks(self):
        """Empty the locks, so that an environment takes seconds and no network."""
        for lock in (self.root / 'requirements').glob('*.txt'):
            lock.write_text('')

    def start(self, *command, **variables):
        """Start a command in the project's folder."""
        environment = {'PATH': str(self.bin), 'HOME': str(self.home), 'PIP_CONFIG_FILE': os.devnull}
        environment.update(variables)
        return subprocess.Popen(command, cwd=str(self.root), env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, universal_newlines=True)

    def run(self, *command, **variables):
        """Run a command; its exit status, standard output and standard error."""
        process = self.start(*command, **variables)
        output, errors = process.communicate(timeout=120)
        return process.returncode, output, errors

    def setup(self, *arguments, **variables):
        return self.run('scripts/setup.sh', *arguments, **variables)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)
