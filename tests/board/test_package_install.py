"""Packages on the board: its own Python checks and installs them, completely or not at all."""
from __future__ import absolute_import, division

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from board import package
from tests import interruption
from tests.board.packages import BOARD_PYTHONS, SCRIPT, call, contents, tree


@pytest.fixture(params=BOARD_PYTHONS or [None], ids=lambda path: 'none' if path is None else os.path.basename(path))
def alone(request, tmpdir):
    """Calls package.py, alone in a folder, with a Python without packages."""
    if request.param is None:
        pytest.skip('no Python 3 here to stand in for the board\'s')
    folder = tmpdir.mkdir('home')
    shutil.copy(SCRIPT, str(folder))
    return lambda *arguments: call(request.param, '-I', '-S', 'package.py', *arguments, cwd=str(folder))


def test_check_alone_on_the_board(alone, built, tmpdir):
    status, out, err = alone('check', built)
    assert (status, err) == (0, '') and 'digits/lfcW1A1: 290 files' in out
    data = open(built, 'rb').read()
    tmpdir.join('cut').write_binary(data[:-100])
    for path in ('cut', 'nothing'):
        status, out, err = alone('check', str(tmpdir.join(path)))
        assert status == 1 and out == '' and path in err and len(err.splitlines()) == 1


def test_install_and_check_the_folder(alone, built, tmpdir):
    params = tmpdir.mkdir('params')
    others = params.mkdir('digits').mkdir('cnvW1A1')
    others.join('classes.txt').write('theirs')
    status, out, err = alone('install', built, '--into', str(params))
    assert (status, err) == (0, '') and 'installed and checked' in out
    place = params.join('digits', 'lfcW1A1')
    manifest, files = contents(built)
    assert tree(place) == files and others.join('classes.txt').read() == 'theirs'
    assert [oct(path.stat().mode & 0o777) for path in (place, place.join('hw'), place.join('classes.txt'))] == [
        oct(0o755), oct(0o755), oct(0o644)]
    assert alone('check', str(place))[0] == 0
    place.join('0-0-weights.bin').write('other')
    status, _, err = alone('check', str(place))
    assert status == 1 and '0-0-weights.bin is damaged' in err
    # of the same name: only with --force, and then completely
    status, _, err = alone('install', built, '--into', str(params))
    assert status == 1 and 'there already' in err and place.join('0-0-weights.bin').read() == 'other'
    place.join('left-over').write('x')
    assert alone('install', built, '--into', str(params), '--force')[0] == 0
    assert tree(place) == files
    assert sorted(path.basename for path in params.listdir()) == ['digits']


def test_install_where_bnn_is_missing(alone, built):
    status, _, err = alone('install', built)
    assert status == 1 and 'no pynq on this machine' in err and len(err.splitlines()) == 1


def small_disk(tmpdir, size):
    disk = tmpdir.mkdir('disk')
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=%s' % size, 'tmpfs', str(disk)], stderr=subprocess.PIPE):
        pytest.skip('only root may mount a small disk here')
    return disk


def test_disk_full(alone, built, tmpdir):
    disk = small_disk(tmpdir, '300k')
    try:
        status, _, err = alone('install', built, '--into', str(disk))
        assert status == 1 and 'No space left' in err and len(err.splitlines()) == 1
        assert disk.listdir() == []
    finally:
        subprocess.call(['umount', str(disk)])


def test_what_a_killed_installation_left_goes_and_what_it_put_aside_comes_back(alone, built, tmpdir):
    """As kill -9 leaves it if two folders cannot be exchanged: the old set put aside, and nothing in its place."""
    params = tmpdir.mkdir('params')
    params.ensure('.installing-x', 'old', 'digits', 'lfcW1A1', 'classes.txt').write('mine')
    params.ensure('.installing-y', 'new', 'digits', 'lfcW1A1', 'classes.txt').write('half')
    params.mkdir('digits')
    status, _, err = alone('install', built, '--into', str(params))
    assert status == 1 and 'there already' in err
    assert tree(params) == {'digits/lfcW1A1/classes.txt': b'mine'} and len(params.listdir()) == 1


@pytest.mark.parametrize('exchanges', [True, False])
@pytest.mark.parametrize('call', ['rename', 'exchange'])
def test_an_interruption_leaves_the_old_set_or_the_new(built, tmpdir, monkeypatch, exchanges, call):
    """Ctrl-C before and after each of these calls, also if two folders cannot be exchanged."""
    monkeypatch.setattr(package, 'exchange', package.exchange if exchanges else lambda one, other: False)
    owner = package if call == 'exchange' else os
    params, seen, interrupt = tmpdir.mkdir('params'), [], interruption.at_call(monkeypatch, owner, call)
    new = {'digits/lfcW1A1/' + part: data for part, data in contents(built)[1].items()}
    old = {'digits/lfcW1A1/classes.txt': b'mine'}
    for number in range(1, 5):
        for after in (False, True):
            shutil.rmtree(str(params))
            params.ensure('digits', 'lfcW1A1', 'classes.txt').write('mine')
            interrupt(number, after)
            try:
                with open(built, 'rb') as handle:
                    package.install(handle, str(params), force=True)
            except KeyboardInterrupt:
                assert tree(params) in (old, new) and len(params.listdir()) == 1
                seen.append(after)
        if interrupt.left > 0:
            break
    assert seen or call == 'rename' and exchanges


def test_killed_in_the_middle_there_is_no_set(built, tmpdir):
    """Whenever it is killed, the set is complete or not there."""
    params = tmpdir.mkdir('params')
    outcomes, began = set(), 0
    for step in range(8):
        process = subprocess.Popen([sys.executable, SCRIPT, 'install', built, '--into', str(params), '--force'],
                                   stdout=subprocess.PIPE)
        while process.poll() is None and not os.listdir(str(params)):
            pass
        began += process.poll() is None
        time.sleep(.005 * step)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        place = str(params.join('digits', 'lfcW1A1'))
        if os.path.exists(place):
            outcomes.add('whole')
            package.read_folder(place)
            shutil.rmtree(place)
        else:
            outcomes.add('none')
        for left in params.listdir():
            left.remove()
    assert 'none' in outcomes and began


def test_a_notebook_that_somebody_changed_is_kept(tmpdir):
    manifest = {'name': 'digits', 'network': 'lfcW1A1'}

    def install(data, force):
        return package.install_notebook(manifest, {package.NOTEBOOK: data}, str(tmpdir), force)

    path, aside = tmpdir.join('digits-lfcW1A1.ipynb'), tmpdir.join('digits-lfcW1A1-1.ipynb')
    assert install(b'one', False) == 'notebook %s' % path
    assert install(b'two', False) == install(b'one', True) == 'notebook %s, unchanged' % path
    path.write('changed')
    assert install(b'two', True) == 'notebook %s, the earlier one in %s' % (path, aside)
    assert install(b'three', True).endswith('digits-lfcW1A1-2.ipynb')
    assert {each.basename: each.read() for each in tmpdir.listdir()} == {
        path.basename: 'three', aside.basename: 'changed', 'digits-lfcW1A1-2.ipynb': 'two'}
    assert package.install_notebook(manifest, {}, str(tmpdir)).startswith('no notebook')
