# -*- coding: utf-8 -*-
"""Zip files as data sets: read once, like their folder; hostile and broken ones are rejected and leave nothing behind."""
from __future__ import absolute_import, division

import os
import struct
import sys
import zipfile
import zlib

import numpy as np
import pytest

from datasets import folder, own, preview, registry, zipped
from datasets.fitting import Fitting
from datasets.images import DatasetError
from tests.datasets import drawings
from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)

CNV = Fitting('cnv')


def pack(path, root, prefix='', compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(str(path), 'w', compression) as archive:
        for where, _, files in os.walk(str(root)):
            for name in sorted(files):
                full = os.path.join(where, name)
                archive.write(full, os.path.join(prefix, os.path.relpath(full, str(root))))
    return str(path)


@pytest.fixture
def shapes(tmpdir):
    return drawings.folder(str(tmpdir.join('shapes')), 6)


def unpacked(tmpdir):
    base = tmpdir.join('cache', 'bnn-pynq-training', 'unpacked')
    return [one for key in base.listdir() for one in key.listdir()] if base.check() else []


def same(one, other):
    assert one.class_names == other.class_names
    for some, more in zip(one[1:4], other[1:4]):
        np.testing.assert_array_equal(some.images, more.images)
        np.testing.assert_array_equal(some.labels, more.labels)


@pytest.mark.parametrize('prefix', ['', 'pets', 'pets-main/data'])
def test_as_the_folder_that_was_packed(tmpdir, shapes, prefix):
    path = pack(tmpdir.join('My pets.zip'), shapes, prefix)
    data = registry.load(path, 'cnv')
    assert data.name == 'My-pets' == registry.run_name(path)
    same(data, folder.load(shapes, CNV))


def test_unpacked_and_decoded_once(tmpdir, shapes, monkeypatch, capsys):
    path = pack(tmpdir.join('pets.zip'), shapes)
    first = own.load(path, CNV)
    assert '18 files unpacked into' in capsys.readouterr()[1]
    monkeypatch.setattr(zipped, '_unpack', None)
    monkeypatch.setattr(folder.decode.pictures, 'decode', None)
    same(own.load(path, CNV), first)
    os.rename(path, str(tmpdir.join('moved.zip').ensure()))
    monkeypatch.undo()
    assert 'unpacked' not in capsys.readouterr()[1]


def test_what_a_power_cut_has_left_empty_is_unpacked_again(tmpdir, shapes):
    path = pack(tmpdir.join('pets.zip'), shapes)
    first = own.load(path, CNV)
    where, = unpacked(tmpdir)
    where.join('star', '2.png').write('')
    same(own.load(path, CNV), first)


def test_clutter_is_not_unpacked(tmpdir, shapes):
    path = pack(tmpdir.join('pets.zip'), shapes, 'pets')
    with zipfile.ZipFile(path, 'a') as archive:
        for name in ('__MACOSX/pets/star/._2.png', 'pets/.DS_Store', 'pets/star/Thumbs.db', 'pets/.ipynb_checkpoints/x.png'):
            archive.writestr(name, b'clutter')
    same(own.load(path, CNV), folder.load(shapes, CNV))
    where, = unpacked(tmpdir)
    assert [one.basename for one in where.listdir()] == ['pets']
    assert sorted(one.basename for one in where.join('pets').listdir()) == ['circle', 'square', 'star']


def entry(name, flag, extra=b''):
    """A zip file with one entry, whose name is these bytes."""
    local = struct.pack('<4s5H3I2H', b'PK\3\4', 20, flag, 0, 0, 33, zipped_crc, len(DATA), len(DATA), len(name), 0)
    head = struct.pack('<4s6H3I5H2I', b'PK\1\2', 20, 20, flag, 0, 0, 33, zipped_crc, len(DATA), len(DATA), len(name),
                       len(extra), *[0] * 5)
    start = len(local) + len(name) + len(DATA)
    end = struct.pack('<4s4H2IH', b'PK\5\6', 0, 0, 1, 1, len(head + name + extra), start, 0)
    return local + name + DATA + head + name + extra + end


DATA = b'nothing'
zipped_crc = zlib.crc32(DATA) & 0xffffffff


@pytest.mark.parametrize('name, flag', [
    (u'caf\xe9/\u732b.png'.encode('utf-8'), 0x800), (u'caf\xe9/\u732b.png'.encode('utf-8'), 0),     # as on a Mac
    (u'caf\xe9/x.png'.encode('cp437'), 0), (u'caf\xe9\\x.png'.encode('cp437'), 0)])                 # as on Windows
def test_names_of_other_systems(tmpdir, name, flag):
    tmpdir.join('a.zip').write_binary(entry(name, flag))
    where = zipped.unpacked(str(tmpdir.join('a.zip')))
    assert os.listdir(where.encode('utf-8')) == [u'caf\xe9'.encode('utf-8')]


@pytest.mark.parametrize('name, coding', [(u'\u043a\u043e\u0442/x.png', 'cp866'), (u'\u732b/x.png', 'cp932')])
def test_names_in_utf_8_beside_those_in_another_coding(tmpdir, name, coding):
    """As WinRAR has them; Python 3.12 and later read the former, others the latter as DOS characters."""
    old, new = name.encode(coding), name.encode('utf-8')
    field = struct.pack('<2HBI', 0x7075, 5 + len(new), 1, zlib.crc32(old) & 0xffffffff) + new
    tmpdir.join('a.zip').write_binary(entry(old, 0, field))
    where = zipped.unpacked(str(tmpdir.join('a.zip')))
    expected = name if sys.version_info >= (3, 12) else old.decode('cp437')
    assert os.listdir(where.encode('utf-8')) == [expected.split('/')[0].encode('utf-8')]


def refused(path, tmpdir, words):
    with pytest.raises(DatasetError) as caught:
        own.load(str(path), CNV)
    message = str(caught.value)
    assert words in message and str(path) in message and '\n' not in message, message
    assert not unpacked(tmpdir) and not tmpdir.join('outside.png').check()


@pytest.mark.parametrize('name', ['../outside.png', 'a/../../outside.png', '/tmp/outside.png', 'C:/outside.png',
                                  '..\\outside.png', 'a/' + 'b' * 300 + '.png'])
def test_what_would_lie_elsewhere(tmpdir, name):
    with zipfile.ZipFile(str(tmpdir.join('a.zip')), 'w') as archive:
        archive.writestr('cat/1.png', b'x')
        archive.writestr(name, b'x')
    refused(tmpdir.join('a.zip'), tmpdir, 'leads out of its folder')


def test_links_and_what_is_there_twice(tmpdir):
    path = tmpdir.join('a.zip')
    with zipfile.ZipFile(str(path), 'w') as archive:
        link = zipfile.ZipInfo('cat/link.png')
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, '/etc/passwd')
    refused(path, tmpdir, 'holds a link, cat/link.png')
    for names, words in ((('cat/1.png', 'cat//1.png'), 'cat//1.png twice'),
                         (('cat', 'cat/1.png'), 'as a file and as a folder'),
                         (('cat/1.png', 'cat'), 'holds cat twice')):
        with zipfile.ZipFile(str(path), 'w') as archive:
            for name in names:
                archive.writestr(name, b'x')
        refused(path, tmpdir, words)


def test_bombs(tmpdir, monkeypatch):
    path = tmpdir.join('a.zip')
    with zipfile.ZipFile(str(path), 'w', zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr('cat/%d.png' % number, b'\0' * 10 ** 6)
    with monkeypatch.context() as patch:
        patch.setattr(zipped, '_SMALL', 10 ** 6)
        refused(path, tmpdir, 'holds more than is unpacked here')
    for name, limit in (('LARGEST', 5 * 10 ** 6), ('LARGEST_FILE', 10 ** 5), ('MOST_FILES', 4)):
        with monkeypatch.context() as patch:
            patch.setattr(zipped, name, limit)
            refused(path, tmpdir, 'holds more than is unpacked here')


def test_no_room(tmpdir, shapes, monkeypatch):
    path = pack(tmpdir.join('pets.zip'), shapes)

    class Full(object):
        f_bavail, f_frsize = 3, 4096
    monkeypatch.setattr(zipped.os, 'statvfs', lambda path: Full)
    refused(path, tmpdir, 'there is no room for them')


def test_encrypted_damaged_and_lying(tmpdir, shapes):
    path = tmpdir.join('pets.zip')
    whole = bytearray(open(pack(path, shapes), 'rb').read())
    central = whole.index(b'PK\1\2')

    def written(data):
        path.write_binary(bytes(data))
        return path
    encrypted = bytearray(whole)
    encrypted[central + 8] |= 1
    encrypted[6] |= 1
    refused(written(encrypted), tmpdir, 'is encrypted: unpack it yourself')
    damaged = bytearray(whole)
    damaged[200] ^= 255
    damaged[300] ^= 255
    refused(written(damaged), tmpdir, 'cannot be unpacked')
    unknown = bytearray(whole)
    unknown[8:10] = unknown[central + 10:central + 12] = b'\x63\x00'    # an unknown method
    refused(written(unknown), tmpdir, 'cannot be unpacked')
    for size in (1, 10 ** 6):           # the announced size is neither trusted nor exceeded
        lying = bytearray(whole)
        lying[central + 24:central + 28] = struct.pack('<I', size)
        refused(written(lying), tmpdir, 'pets.zip')
    with pytest.raises(DatasetError):
        own.load(str(written(whole[:-10])), CNV)


def test_nothing_in_it(tmpdir):
    with zipfile.ZipFile(str(tmpdir.join('a.zip')), 'w') as archive:
        archive.writestr('cat/', b'')
    refused(tmpdir.join('a.zip'), tmpdir, 'holds no files')


def test_arrays_in_a_zip(tmpdir):
    """A .npz under another name, one within a folder, idx files."""
    from tests.datasets.test_arrays import idx_folder, noise, npz
    expected = own.load(npz(tmpdir.join('own.npz'), x_train=noise(40, 32, 32, 3)), CNV)
    tmpdir.join('own.npz').copy(tmpdir.join('renamed.zip'))
    same(own.load(str(tmpdir.join('renamed.zip')), CNV), expected)
    tmpdir.join('data', 'own.npz').ensure()
    tmpdir.join('own.npz').copy(tmpdir.join('data', 'own.npz'))
    same(own.load(pack(tmpdir.join('packed.zip'), tmpdir.join('data'), 'data'), CNV), expected)
    same(own.load(str(tmpdir.join('data')), CNV), expected)
    images, labels = noise(40, 28, 28), (np.arange(40) % 4).astype(np.uint8)
    files = idx_folder(tmpdir.mkdir('letters'), images, labels)
    same(own.load(pack(tmpdir.join('idx.zip'), files, 'letters'), Fitting('lfc')), own.load(files, Fitting('lfc')))


def test_preview_of_a_zip(tmpdir, shapes):
    out = tmpdir.join('sheet.png')
    assert preview.main([pack(tmpdir.join('pets.zip'), shapes), '--net', 'cnv', '--out', str(out)]) in (0, None)
    assert out.check()
