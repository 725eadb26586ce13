"""common/machine.py: what it finds out about this machine."""
from __future__ import absolute_import

import os
import subprocess
import sys

import pytest

from common import machine
from tests.shared import ROOT


def test_processors():
    assert 1 <= machine.processors() <= os.sysconf('SC_NPROCESSORS_CONF')
    if sys.version_info[0] > 2 and machine.program('nproc'):
        others = {name: value for name, value in os.environ.items() if not name.startswith('OMP_')}    # nproc obeys them
        assert machine.processors() == int(subprocess.check_output(['nproc'], env=others))


@pytest.mark.skipif(sys.version_info[0] == 2, reason='Python 2 cannot ask what a process may use')
@pytest.mark.skipif(not machine.program('taskset'), reason='there is no taskset')
def test_processors_of_a_restricted_process():
    output = subprocess.check_output(['taskset', '-c', '0', sys.executable, '-c',
                                      'from common import machine; print(machine.processors())'], cwd=ROOT)
    assert int(output) == 1


def test_programs(tmpdir, monkeypatch):
    monkeypatch.setenv('PATH', '%s%s%s' % (tmpdir.mkdir('a'), os.pathsep, tmpdir.mkdir('b')))
    tmpdir.mkdir('a', 'tool')               # a folder is no program
    tool = tmpdir.join('b', 'tool')
    tool.write('')
    assert machine.program('tool') is None  # nor is a file that cannot be executed
    tool.chmod(0o755)
    assert machine.program('tool') == machine.program(str(tool)) == str(tool)


def test_cache_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/somebody')
    for base, expected in (('/else', '/else'), ('', '/home/somebody/.cache'), ('relative', '/home/somebody/.cache')):
        monkeypatch.setenv('XDG_CACHE_HOME', base)
        assert machine.cache_folder('a', 'b') == expected + '/bnn-pynq-training/a/b'
    monkeypatch.delenv('XDG_CACHE_HOME')
    assert machine.cache_folder() == '/home/somebody/.cache/bnn-pynq-training'
