"""make setup for the table of faults: its scripts, on a mock machine whose Python makes environments of three files."""
import os
import pathlib

from tests.environment.conftest import Machine
from tests.faults.commands import Command, tree


class Setup(Command):
    """make setup, from a Python that makes environments of three files"""

    PYTHON = """#!/bin/sh -e
case "$1 $2" in
    '-c ') ;;
    '-c '*theano*) ;;
    -c*) echo "3.11 1 $0" ;;
    '-m venv')
        mkdir -p "$3/bin" "$3/lib"
        echo %d > "$3/lib/one"
        cat "$0" > "$3/bin/python"
        chmod +x "$3/bin/python" ;;
    '-m pip') echo "$@" > "${0%%/bin/python}/lib/two" ;;
esac
"""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.machine = Machine(pathlib.Path(self.base))
        self.machine.empty_locks()
        self.machine.link('chmod')
        self.folder = str(self.machine.root / '.venv')

    def prepare(self):
        os.mkdir(self.folder)
        if self.old:
            self.make(4)
            status, lines = self.faults.call(self.call, self.folder)
            assert status == 0, lines
        self.make(3)

    def make(self, seed):
        self.machine.program('python3.11', self.PYTHON % seed)
        (self.machine.root / 'requirements/py3.txt').write_text('# %d' % seed)      # changed locks make it again

    def written(self):
        return [self.folder]

    def call(self):
        os.chdir(str(self.machine.root))
        variables = {name: os.environ[name] for name in ('LD_PRELOAD', 'FAULTS_STATE')}
        os.execve('scripts/setup.sh', ['scripts/setup.sh'], dict(
            variables, PATH=str(self.machine.bin), HOME=str(self.machine.home), RUNTIME='venv', PYTHON='python3.11'))

    durable = False         # what a power cut loses is made again

    def misbehaves(self, kind, status, lines):
        """A signal may reach the shell or its child, and the shell may print a message of its own."""
        last = lines[-1] if lines else ''
        return status > 0 and status < 128 and not ('setup: error: ' in last or 'No space' in last or 'Input/output' in last)

    def recover(self):
        pass

    def results(self):
        found = tree(self.folder)
        return {self.folder: {name: found[name] for name in found if name not in ('setup.log', '.lock')}}

    def problem(self, old, new):
        """An unfinished environment is made again; one that its stamp calls complete must be complete."""
        found, new = self.results()[self.folder], new[self.folder]
        if found.get('3.11/.complete') == new['3.11/.complete'] and [
                name for name in new if name.startswith('3.11/') and found.get(name) != new[name]]:
            return 'an environment is called complete, and is not'
