# -*- coding: utf-8 -*-
"""Files and folders that appear complete or not at all."""
from __future__ import absolute_import

import errno
import hashlib
import io
import multiprocessing
import os
import stat
import uuid

import pytest

from common import files
from tests import interruption


class Stop(Exception):
    """An error in the middle."""


def test_a_whole_file(tmpdir):
    path = tmpdir.join('a.bin')
    with files.whole_file(str(path)) as handle:
        handle.write(b'\0\1')
        assert not path.exists()
    assert path.read_binary() == b'\0\1' and tmpdir.listdir() == [path]


def test_a_folder_and_those_above_it_are_put_on_the_disk(tmpdir, monkeypatch):
    synced = []
    monkeypatch.setattr(files, 'sync', synced.append)
    for _ in range(2):
        files.make_folder(str(tmpdir.join('a', 'b')))
    assert tmpdir.join('a', 'b').check(dir=1) and synced == [str(tmpdir), str(tmpdir.join('a'))]
    tmpdir.join('file').write('')
    with pytest.raises(EnvironmentError):
        files.make_folder(str(tmpdir.join('file')))


def test_text_is_utf8(tmpdir):
    with files.whole_file(str(tmpdir.join('a.txt')), 'w') as handle:
        handle.write(u'né')
    assert tmpdir.join('a.txt').read_binary() == b'n\xc3\xa9'


@pytest.mark.parametrize('error', [Stop, KeyboardInterrupt])
def test_an_error_leaves_the_old_file(tmpdir, error):
    tmpdir.join('a').write('old')
    with pytest.raises(error):
        with files.whole_file(str(tmpdir.join('a'))) as handle:
            handle.write(b'new')
            raise error
    assert tmpdir.join('a').read() == 'old' and tmpdir.listdir() == [tmpdir.join('a')]


def test_a_whole_file_in_the_current_folder(tmpdir):
    with tmpdir.as_cwd():
        with files.whole_file('a') as handle:
            handle.write(b'x')
    assert tmpdir.join('a').read() == 'x'


def test_the_old_file_can_be_kept(tmpdir):
    for content in (b'1', b'2', b'3'):
        with files.whole_file(str(tmpdir.join('a')), keep=str(tmpdir.join('a.old'))) as handle:
            handle.write(content)
    assert tmpdir.join('a').read() == '3' and tmpdir.join('a.old').read() == '2' and len(tmpdir.listdir()) == 2


def fill(folder, *names):
    for name in names:
        with io.open(os.path.join(folder, name), 'w') as handle:
            handle.write(u'x')


def test_a_pipe_or_device_is_not_replaced_by_a_file(tmpdir):
    path = str(tmpdir.join('pipe'))
    os.mkfifo(path)
    with pytest.raises(EnvironmentError) as caught:
        with files.whole_file(path):
            pass
    assert 'not a regular file' in str(caught.value) and stat.S_ISFIFO(os.stat(path).st_mode)
    assert len(tmpdir.listdir()) == 1


def test_a_whole_folder(tmpdir):
    path = tmpdir.join('parents', 'out')
    with files.whole_folder(str(path)) as temporary:
        assert os.listdir(temporary) == []
        fill(temporary, 'a')
        assert not path.exists()
    assert path.listdir() == [path.join('a')] and tmpdir.join('parents').listdir() == [path]


def test_its_permissions_are_those_of_any_new_folder(tmpdir):
    with files.whole_folder(str(tmpdir.join('out'))):
        pass
    assert stat.S_IMODE(os.stat(str(tmpdir.join('out'))).st_mode) == \
        stat.S_IMODE(os.stat(str(tmpdir.mkdir('plain'))).st_mode)


def test_an_old_folder_is_replaced_as_a_whole(tmpdir):
    tmpdir.mkdir('out').join('old').write('')
    with files.whole_folder(str(tmpdir.join('out'))) as temporary:
        fill(temporary, 'new')
        assert tmpdir.join('out', 'old').exists()
    assert tmpdir.join('out').listdir() == [tmpdir.join('out', 'new')] and len(tmpdir.listdir()) == 1


@pytest.mark.parametrize('error', [Stop, KeyboardInterrupt])
def test_an_error_leaves_the_old_folder(tmpdir, error):
    tmpdir.mkdir('out').join('old').write('')
    with pytest.raises(error):
        with files.whole_folder(str(tmpdir.join('out'))) as temporary:
            fill(temporary, 'new')
            raise error
    assert tmpdir.join('out').listdir() == [tmpdir.join('out', 'old')] and len(tmpdir.listdir()) == 1


def test_a_file_is_not_replaced_by_a_folder(tmpdir):
    tmpdir.join('out').write('old')
    with pytest.raises(OSError):
        with files.whole_folder(str(tmpdir.join('out'))):
            pass
    assert tmpdir.join('out').read() == 'old' and len(tmpdir.listdir()) == 1


def test_what_a_link_points_to_is_replaced(tmpdir):
    tmpdir.mkdir('real').join('old').write('')
    tmpdir.join('link').mksymlinkto(tmpdir.join('real'))
    with files.whole_folder(str(tmpdir.join('link'))) as temporary:
        fill(temporary, 'new')
    assert tmpdir.join('link').islink() and os.listdir(str(tmpdir.join('real'))) == ['new']
    assert len(tmpdir.listdir()) == 2


def write_often(path, name):
    for _ in range(100):
        with files.whole_folder(path) as temporary:
            fill(temporary, name + '1', name + '2')


def test_two_that_write_the_same_folder_at_once(tmpdir):
    path = str(tmpdir.join('new', 'out'))
    processes = [multiprocessing.Process(target=write_often, args=(path, name)) for name in ('a', 'b')]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted(os.listdir(path)) in (['a1', 'a2'], ['b1', 'b2'])
    assert os.listdir(str(tmpdir.join('new'))) == ['out']


def test_sha256(tmpdir):
    data = os.urandom(3000000)
    tmpdir.join('a').write_binary(data)
    assert files.sha256(str(tmpdir.join('a'))) == hashlib.sha256(data).hexdigest()


def test_a_full_disk_is_named(tmpdir):
    path = str(tmpdir.join('file'))
    with pytest.raises(EnvironmentError) as full:
        with files.whole_file(path):
            raise IOError(errno.ENOSPC, 'No space left on device')      # as a write does
    assert full.value.filename == path and tmpdir.listdir() == []


def test_what_killed_processes_left(tmpdir):
    """What nobody holds is removed; a folder that was put aside comes back if nothing has taken its place."""
    for name in ('a', '.a.123.tmp', '.a.4.tmp', '.ab.123.tmp', '.a.b.123.tmp', '.a.tmp', '.a.x.tmp', 'a.123.tmp'):
        tmpdir.join(name).write('')
    tmpdir.mkdir('.a.5.tmp').join('x').write('')
    for name in ('.b.6.old', '.a.7.old'):
        tmpdir.mkdir(name).join('old').write('')
    files.remove_remains(str(tmpdir.join('a')))
    files.remove_remains(str(tmpdir.join('b')))
    assert sorted(path.basename for path in tmpdir.listdir()) == [
        '.a.b.123.tmp', '.a.tmp', '.a.x.tmp', '.ab.123.tmp', 'a', 'a.123.tmp', 'b']
    assert tmpdir.join('b', 'old').exists()


def test_what_a_living_process_is_writing_stays(tmpdir):
    """Process ids are no proof, as two containers share them: a lock shows what is being written, and names are random."""
    path = str(tmpdir.join('a'))
    with files.whole_file(path) as first, files.whole_folder(str(tmpdir.join('b'))) as folder:
        first.write(b'1')
        with files.whole_file(path) as second:
            second.write(b'22')
        files.remove_remains(str(tmpdir.join('b')))
        assert tmpdir.join('a').read() == '22' and os.path.isdir(folder)
    assert tmpdir.join('a').read() == '1' and len(tmpdir.listdir()) == 2


def test_a_planted_link_is_not_followed(tmpdir, monkeypatch):
    precious = tmpdir.join('precious')
    precious.write('mine')
    monkeypatch.setattr(files.uuid, 'uuid4', lambda: uuid.UUID(int=1))
    tmpdir.join('.a.%s.tmp' % uuid.UUID(int=1).hex).mksymlinkto(precious)
    with pytest.raises(EnvironmentError):
        with files.whole_file(str(tmpdir.join('a'))) as handle:
            handle.write(b'theirs')
    assert precious.read() == 'mine' and not tmpdir.join('a').exists()


@pytest.mark.parametrize('exchanges', [True, False])
@pytest.mark.parametrize('call', ['rename', 'fsync', 'exchange'])
def test_an_interruption_leaves_the_old_folder_or_the_new(tmpdir, monkeypatch, exchanges, call):
    """Ctrl-C before and after each of these calls, also if two folders cannot be exchanged."""
    monkeypatch.setattr(files, 'exchange', files.exchange if exchanges else lambda one, other: False)
    owner = files if call == 'exchange' else os
    out, interrupt = tmpdir.join('out'), interruption.at_call(monkeypatch, owner, call)
    interruptions = 0
    for number in range(1, 9):
        for after in (False, True):
            if out.exists():
                out.remove()
            out.ensure('old')
            interrupt(number, after)
            try:
                with files.whole_folder(str(out)) as temporary:
                    fill(temporary, 'new1', 'new2')
            except KeyboardInterrupt:
                interruptions += 1
                assert sorted(os.listdir(str(out))) in (['old'], ['new1', 'new2']) and tmpdir.listdir() == [out]
    assert interruptions


def test_every_file_is_on_the_disk_before_its_folder_has_its_name(tmpdir, monkeypatch):
    order, fsync, rename = [], os.fsync, os.rename
    monkeypatch.setattr(os, 'fsync', lambda descriptor: order.append(os.readlink('/proc/self/fd/%d' % descriptor)) or
                        fsync(descriptor))
    monkeypatch.setattr(os, 'rename', lambda *paths: order.append('renamed') or rename(*paths))
    with files.whole_folder(str(tmpdir.join('out'))) as temporary:
        os.mkdir(os.path.join(temporary, 'hw'))
        fill(temporary, 'a', 'hw/b')
    expected = [os.path.join(temporary, name) for name in ('a', 'hw/b', 'hw')] + [temporary]
    assert sorted(order[:-2]) == sorted(expected) and order[-2:] == ['renamed', str(tmpdir)]


def test_what_would_be_waited_for_is_not_read(tmpdir):
    os.mkfifo(str(tmpdir.join('pipe')))
    tmpdir.join('file').write('x')
    for name, words in (('pipe', 'not a regular file'), ('.', 'Is a directory')):
        with pytest.raises(EnvironmentError) as caught:
            files.open_regular(str(tmpdir.join(name)))
        assert words in str(caught.value)
    with files.open_regular(str(tmpdir.join('file'))) as handle:
        assert handle.read() == b'x'
