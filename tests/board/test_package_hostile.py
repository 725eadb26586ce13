"""Damaged and hostile packages are rejected in one line, and nothing is written."""
from __future__ import absolute_import, division

import gzip
import inspect
import io
import json
import sys
import tarfile

import pytest

from board import package
from board.package import BadPackage
from common import files as whole
from common.overlays import OVERLAYS
from tests.board.packages import SCRIPT, call, tree
from weights_gen import folder as folders

PREFIX = 'digits/lfcW1A1/'
WHOLE = [(PREFIX + part, b'\n' * least) for part, (least, _) in sorted(package.layout('lfcW1A1')[0].items())]


def packed(members=(), without=(), text=None, format=tarfile.USTAR_FORMAT, pax_headers=None, **manifest):
    """A .tar.gz of lfcW1A1's files, `without` some, with further `members`, (name or TarInfo, bytes), and a manifest of all
    plain files, or `text` in its place."""
    members = [(name, data) for name, data in WHOLE if name[len(PREFIX):] not in without] + list(members)
    plain = {name[len(PREFIX):]: package.sha256(data) for name, data in members
             if not isinstance(name, tarfile.TarInfo) and name.startswith(PREFIX)}
    manifest = dict({'format': package.FORMAT, 'name': 'digits', 'network': 'lfcW1A1', 'files': plain}, **manifest)
    members = [(PREFIX + 'manifest.json', text or json.dumps(manifest).encode('ascii'))] + members
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w:gz', format=format, pax_headers=pax_headers) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def special(kind, name='digits/lfcW1A1/0-0-weights.bin', target='/etc/passwd', **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def gzipped(data):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode='wb') as handle:
        handle.write(data)
    return stream.getvalue()


def sparse_bomb():
    """A GNU sparse file: 2**40 bytes that take no space."""
    info = special(tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b'00000000000\0', b'00000000000\0'
    header[483:495] = b'\x80' + b'\0' * 5 + b'\x01' + b'\0' * 5
    header[148:156] = b' ' * 8
    header[148:156] = ('%06o\0 ' % sum(header)).encode('ascii')
    return gzipped(bytes(header) + b'\0' * 1024)


def header(name=PREFIX + 'x', kind=b'0', size=b'00000000000\0', **fields):
    """A tar header with any fields and a correct checksum."""
    block = bytearray(special(kind, name, '').tobuf(tarfile.USTAR_FORMAT))
    block[124:136], block[148:156] = size, b' ' * 8
    block[148:156] = ('%06o' % sum(block)).encode('ascii') + b'\0 '
    return bytes(block)


def pax(*records):
    """A member of pax records, which override a file's header."""
    data = b''.join(records)
    return header(kind=b'x', size=('%011o' % len(data)).encode('ascii') + b'\0') + data + b'\0' * (-len(data) % 512)


CLASSES = (PREFIX + 'classes.txt', b'0\n1')
END = b'\0' * 1024
HOSTILE = {
    'path escape': packed([('digits/lfcW1A1/../../../../tmp/evil', b'x')]),
    'absolute path': packed([('/tmp/evil', b'x')]),
    'hidden name': packed([('.evil/lfcW1A1/classes.txt', b'x')]),
    'other file': packed([('digits/lfcW1A1/evil.so', b'x')]),
    'file in a folder': packed([('digits/lfcW1A1/hw/evil.h', b'x')]),
    'file of another network': packed([('digits/lfcW1A1/4-0-weights.bin', b'x')]),
    'second set': packed([('other/lfcW1A1/hw/config.h', b'x' * 777)]),
    'two members of a name': packed([CLASSES]),
    'symbolic link': packed([(special(tarfile.SYMTYPE), b'')]),
    'hard link': packed([(special(tarfile.LNKTYPE), b'')]),
    'device': packed([(special(tarfile.CHRTYPE), b'')]),
    'fifo': packed([(special(tarfile.FIFOTYPE), b'')]),
    'folder': packed([(special(tarfile.DIRTYPE, 'digits/lfcW1A1/hw'), b'')]),
    'pax headers': packed(format=tarfile.PAX_FORMAT, pax_headers={'comment': 'x'}),
    'GNU tar': packed(format=tarfile.GNU_FORMAT),
    'manifest elsewhere': packed(name='other'),
    'manifest of another network': packed(network='lfcW1A2'),
    'manifest of no network': packed(network='cnvW2A1'),
    'manifest of a list for a network': packed(network=['lfcW1A1']),
    'manifest with a path': packed(name='../x'),
    'manifest of another format': packed(
        text=b'{"format": "2", "name": "digits", "network": "lfcW1A1", "files": {}}'),
    'manifest of numbers': packed(name=5),
    'manifest of a number for a data set': packed(dataset=5),
    'manifest of half a character': packed(dataset=u'\ud800'),
    'manifest of a list for a note': packed(note=['a']),
    'manifest of pairs for files': packed(files=[[1, 'x']]),
    'manifest without files': packed(files=None),
    'manifest names too much': packed(files=dict([(name[len(PREFIX):], package.sha256(data)) for name, data in WHOLE],
                                                 **{'hw/config.h': 'x'})),
    'manifest names too little': packed(files={}),
    'manifest too deep': packed(text=b'[' * 10 ** 6),
    'manifest of a huge number': packed(accuracy={'packed': 10 ** 400}),
    'manifest of no number': packed(accuracy={'packed': float('nan')}),
    'no file': packed(without=[name[len(PREFIX):] for name, _ in WHOLE]),
    'one file is missing': packed(without=['3-15-thres.bin']),
    'a short file': packed([(PREFIX + '0-0-weights.bin', b'\0' * 7)], without=['0-0-weights.bin']),
    'many classes': packed([(PREFIX + 'classes.txt', b'x' * 70000)], without=['classes.txt']),
    'no manifest': gzipped(END),
    'bomb': gzipped(b'\0' * (package.LARGEST + 1)),
    'bomb in a header': gzipped(header(size=b'77777777777\0') + END),
    'sizes beyond 2 ** 63': gzipped(header(size=b'\x80' + b'\xff' * 11) + END),
    'negative sizes': gzipped(header(size=b'-0000001000\0') + END),
    'a size with blanks': gzipped(header(PREFIX + 'classes.txt', size=b'          1\0') + END),
    'sparse bomb': sparse_bomb(),
    'a pax record of length 0': gzipped(pax(b'0 x=\n') + END),
    'a pax record of many digits': gzipped(pax(b'9' * 10 ** 6) + END),
    'many pax records': gzipped(pax(b'9 a=bcde\n') * 10000 + END),
    'a chain of long names': gzipped(header(kind=b'L') * 20000 + END),
    'a chain of pax headers': gzipped(header(kind=b'x') * 20000 + END),
    'a tar file without end': gzipped(header(PREFIX + 'classes.txt')),
    'something behind the end': gzipped(END + b'x'),
    'many gzip members': gzipped(b'') * 200000,
    'two gzip members': gzipped(END) * 2,
    'no gzip': b'hello',
    'empty': b'',
    'gzip of text': gzipped(b'hello' * 1000),
}


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_packages_are_refused_and_nothing_is_written(tmpdir, name):
    with pytest.raises(BadPackage) as caught:
        package.read(io.BytesIO(HOSTILE[name]))
    assert '\n' not in str(caught.value)
    params = tmpdir.mkdir('params')
    with pytest.raises(BadPackage):
        package.install(io.BytesIO(HOSTILE[name]), str(params), force=True)
    assert tree(tmpdir) == {} and params.listdir() == []


def test_a_well_formed_one_would_have_passed():
    assert len(package.read(io.BytesIO(packed()))[1]) == len(WHOLE) + 1


@pytest.mark.parametrize('name', [name for name in sorted(HOSTILE) if 'bomb' in name or 'many' in name or 'chain' in name])
def test_reading_stays_within_bounds(tmpdir, name):
    """It answers with limits of 256 MiB of memory and 20 CPU seconds, of which it takes a fraction."""
    tmpdir.join('package').write_binary(HOSTILE[name])
    status, out, err = call('bash', '-c', 'ulimit -v 262144 -t 20; exec "$@"', '-', sys.executable, SCRIPT, 'check',
                            str(tmpdir.join('package')))
    assert (status, out) == (1, '') and len(err.splitlines()) == 1 and 'package.py: error: ' in err


def test_the_networks_are_those_of_the_generator():
    assert set(package.NETWORKS) == set(OVERLAYS)
    for name, overlay in OVERLAYS.items():
        needed, possible = package.layout(name)
        for part, size in folders.layout(overlay).items():
            assert possible[part] == (size or 1, size or 2 ** 16)
        assert set(needed) | {folders.CONFIG} == set(folders.layout(overlay))


def test_the_exchange_is_that_of_every_room():
    assert inspect.getsource(package.exchange) == inspect.getsource(whole.exchange)


def test_every_cut_and_many_flips_are_noticed(built):
    with open(built, 'rb') as handle:
        data = handle.read()
    for end in list(range(0, len(data), len(data) // 20)) + [len(data) - 1]:
        with pytest.raises(BadPackage):
            package.read(io.BytesIO(data[:end]))
    for place in range(10, len(data) - 8, len(data) // 20):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        with pytest.raises(BadPackage):
            package.read(io.BytesIO(bytes(damaged)))


def test_what_a_manifest_says_cannot_move_the_terminal(tmpdir):
    manifest, _ = package.read(io.BytesIO(packed(dataset='\x1b[2J', accuracy={'\x1b': 1, 'b': u'\xfc'})))
    assert '\x1b' not in package.summary(manifest)
