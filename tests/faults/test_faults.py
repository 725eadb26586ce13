"""A sample of the table of faults (make test-faults tries all), and a check that the table notices mistakes."""
import os
import shutil
import subprocess
import sys

import pytest

from tests.faults.disk import Disk, File
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith('linux') or not shutil.which('cc'),
                                reason='faults are put in by a preloaded library: Linux and a C compiler')


def answer(*arguments):
    """(exit status, standard output) of a module in this folder."""
    process = subprocess.run([sys.executable, '-m'] + list(arguments), cwd=ROOT, stdout=subprocess.PIPE,
                             universal_newlines=True)
    return process.returncode, process.stdout


@pytest.mark.thorough
def test_a_sample_of_every_command_and_kind():
    status, output = answer('tests.faults', '--sample', '2')
    assert status == 0, output


def test_commands_that_do_all_wrong_are_noticed():
    status, output = answer('tests.faults.careless')
    assert status == 0
    counts = {}
    for line in output.splitlines():
        command, kind, rest = line.split(' ', 2)
        words = dict(word.split('=') for word in rest.replace('cut ', '').split())
        counts[command, kind] = {name: int(count) for name, count in words.items()}
    for kind in ('killed', 'interrupted', 'terminated', 'full', 'broken', 'power'):
        assert counts['Careless', kind]['lost'], 'half of it is written over the old one'
        assert counts['Untidy', kind]['untidy'], 'it leaves a temporary file'
        assert (counts['Unsynced', kind]['lost'] > 0) == (kind == 'power')
    assert counts['Untidy', 'full']['hangs'] and counts['Untidy', 'broken']['tracebacks']


@pytest.fixture
def disk(tmp_path):
    (tmp_path / 'old').write_bytes(b'old')
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full/one').write_bytes(b'1')
    return Disk(str(tmp_path))


def left(disk, keeps):
    disk.write(disk.path, keeps)
    return {os.path.relpath(os.path.join(root, name), disk.path): open(os.path.join(root, name), 'rb').read()
            for root, _, names in os.walk(disk.path) for name in names}


def make(disk, *made):
    for letter, one, other, offset, data in made:
        disk.apply((letter, os.path.join(disk.path, one), os.path.join(disk.path, other), offset, data))


NEW = [('c', 'new', '', 0, b''), ('w', 'new', '', 0, b'new'), ('r', 'new', 'old', 0, b'')]
NOTHING, NAMES = (lambda node: False), (lambda node: not isinstance(node, File))


@pytest.mark.parametrize('synced, nothing, names', [
    ([], b'old', b''), (['old'], b'old', b'new'), ([''], b'', b''), (['old', ''], b'new', b'new')])
def test_what_a_power_cut_leaves_of_a_file(disk, synced, nothing, names):
    """The name is on the disk once its folder is synced, the bytes once the file is."""
    make(disk, *NEW + [('f', path, '', 0, b'') for path in synced])
    assert left(disk, NOTHING) == {'old': nothing, 'full/one': b'1'}
    assert left(disk, NAMES) == {'old': names, 'full/one': b'1'}


def test_what_a_power_cut_leaves_of_folders(disk):
    make(disk, ('d', 'other', '', 0, b''), ('c', 'other/two', '', 0, b''), ('w', 'other/two', '', 2, b'2'),
         ('x', 'other', 'full', 0, b''), ('u', 'other/one', '', 0, b''), ('R', 'other', '', 0, b''))
    assert left(disk, NOTHING) == {'old': b'old', 'full/one': b'1'}
    assert left(disk, NAMES) == {'old': b'old', 'full/two': b''}
    make(disk, ('S', '', '', 0, b''))
    assert left(disk, NOTHING) == {'old': b'old', 'full/two': b'\0\x002'}
