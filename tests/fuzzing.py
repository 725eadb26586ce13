"""Damaged and hostile files, by hypothesis, for whatever reads files.

    explore(attempt, damaged([whole]), cases)

`attempt` is given one file's bytes after the other; it reads, or raises UserError with one line. Anything else, be it
another exception or a crash, is a find. Cases are counted: what a search has tried is printed, and that it tried both
files that are read and such that are refused.
"""
from __future__ import absolute_import, division, print_function

import collections
import copy
import gzip
import io
import json
import pickle
import struct
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies

from common.errors import UserError

# Fields of headers: lengths and numbers that are too large, negative or nothing, beginnings of formats, ways out.
FIELDS = [b'\0', b'\xff', b'\1', b'\x80', b'\0\0\0\0', b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\xff\xff\xff\x7f',
          b'\0\0\1\0', b'\0\1\0\0', b'\xff' * 8, b'\0' * 8, b'PK\3\4', b'PK\5\6', b'\x1f\x8b\x08', b'\x93NUMPY\1\0',
          b'../', b'/', b'\n', b'\r\n', b"'|O'", b'True', b'[' * 40, b'9' * 20, b'-1', b'nan', b'1e999',
          b'\xc3\xa9', b'\xff\xfe']
SHORT = 1000        # cases up to which a search is the same each time, as `make test` wants it


def searches(short, long):
    """Parametrise a test by the number of `cases`: few in `make test`, always the same; many in `make test-long`."""
    return pytest.mark.parametrize('cases', [short, pytest.param(long, marks=pytest.mark.long)])


def explore(attempt, files, cases, refusals=(UserError,), both=True):
    """Call ``attempt(file)`` for so many files.

    Parameters
    ----------
    attempt : callable
        Reads one file; what it returns does not matter.
    files : hypothesis strategy
    cases : int
    refusals : tuple of exceptions
        That are as good as a UserError, for readers below the one that a user meets.
    both : bool
        Whether some files must have been read and some refused.

    Returns
    -------
    collections.Counter
        'read' and 'refused'.
    """
    counts = collections.Counter()

    @settings(max_examples=cases, derandomize=cases <= SHORT, deadline=None, database=None,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(files)
    def search(file):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                attempt(file)
            counts['read'] += 1
        except refusals as error:
            message = str(error)
            assert message.strip() and '\n' not in message and '\r' not in message, repr(message)
            counts['refused'] += 1

    search()
    print('%d cases: %d read, %d refused' % (sum(counts.values()), counts['read'], counts['refused']))
    assert not both or counts['read'] and counts['refused'], counts
    return counts


def _drawn(make):
    """A strategy for what ``make(random, ...)`` gives; `make` itself stays within reach."""
    def strategy(*arguments, **options):
        return strategies.randoms().map(lambda random: make(random, *arguments, **options))
    strategy.make = make
    return strategy


# --- bytes -----------------------------------------------------------------------------------------------------------

@_drawn
def damaged(random, files, most=4):
    """One of some files (bytes), harmed in up to `most` places; not at all, now and then."""
    data = random.choice(files)
    for _ in range(random.randint(0, most)):
        data = random.choice(_HARMS)(random, data, files)
    return data


def _place(random, data):
    """A place in the data: more often near the beginning and the end, where the headers are."""
    near = random.randint(0, 150)
    where = random.choice(['beginning', 'end', 'anywhere'])
    if where == 'anywhere':
        return len(data) * random.randint(0, 999) // 1000
    return min(near, len(data)) if where == 'beginning' else max(len(data) - near, 0)


def _cut(random, data, files):
    return data[:_place(random, data)]


def _behead(random, data, files):
    return data[_place(random, data):]


def _flip(random, data, files):
    place = min(_place(random, data), len(data) - 1)
    return data[:place] + bytes(bytearray([bytearray(data)[place] ^ 1 << random.randint(0, 7)])) + \
        data[place + 1:] if data else data


def _overwrite(random, data, files):
    place, field = _place(random, data), random.choice(FIELDS)
    return data[:place] + field + data[place + len(field):]


def _insert(random, data, files):
    place = _place(random, data)
    return data[:place] + random.choice(FIELDS) * random.choice([1, 1, 1, 100]) + data[place:]


def _leave_out(random, data, files):
    place = _place(random, data)
    return data[:place] + data[place + random.choice([1, 2, 4, 16, 512, 10000]):]


def _splice(random, data, files):
    other = random.choice(files)
    return data[:_place(random, data)] + other[_place(random, other):]


_HARMS = [_cut, _behead, _flip, _flip, _overwrite, _overwrite, _insert, _leave_out, _splice]


# --- arrays and archives of them -------------------------------------------------------------------------------------

class Evil(object):
    """Unpickled it would raise; it never is."""

    def __reduce__(self):
        return eval, ("__import__('os')._exit(66)",)


def npy(array):
    """The bytes of a .npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return stream.getvalue()


def npy_of_header(header, data=b'', version=(1, 0)):
    """A .npy file with any header text, of the right length."""
    header = header.encode('latin-1', 'replace')
    return b'\x93NUMPY' + bytes(bytearray(version)) + struct.pack('<H' if version == (1, 0) else '<I', len(header)) + \
        header + data


_DTYPES = ['<f4', '>f4', '<f8', '<f2', '|u1', '<i8', '|O', '|V3', '<U3', '|S2', '|b1', '<c8', 'O', '<M8[s]', '|S0',
           '<U0', "f4'*9,'", 'xyz', '', '<f99', '(2,2)f4', 'f4,u1']
_LENGTHS = [0, 1, 2, 3, 10, 28, 32, 64, 784, 2 ** 31, 2 ** 40, 2 ** 63, 2 ** 64, 10 ** 30, -1]
_OTHER_HEADERS = ['', '{}', '{', '()', 'None', '{"descr": 1}', "{'descr': '<f4', 'fortran_order': 2, 'shape': 3}\n",
                  '(' * 500, '-' * 900 + '1', "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }\n",
                  "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }\n" % ', '.join(['1'] * 200),
                  "{'descr': '|u1', 'fortran_order': False, 'shape': (True,), }\n", '\0' * 50, 'x' * 70000,
                  "__import__('os')._exit(66)", "{'descr': '|u1', 'fortran_order': False, 'shape': (1.5,), }"]


@_drawn
def hostile_npy(random, whole):
    """A .npy file in place of a whole one: another array, another header, a pickle, or harmed bytes."""
    kind = random.choice(['bytes', 'header', 'other header', 'array', 'pickle'])
    if kind == 'bytes':
        return damaged.make(random, [whole])
    if kind == 'pickle':
        return npy_of_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n",
                             pickle.dumps([Evil()], 2))
    data = whole[-random.choice([1, 8, 1000, len(whole)]):]
    version = random.choice([(1, 0), (1, 0), (2, 0), (3, 0), (9, 9)])
    if kind == 'other header':
        header = random.choice(_OTHER_HEADERS)
        return npy_of_header(header[:65535] if version == (1, 0) else header, data, version)
    if kind == 'header':
        shape = [random.choice(_LENGTHS) for _ in range(random.randint(0, 5))]
        return npy_of_header("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n" % (
            random.choice(_DTYPES), random.choice([True, False]), ''.join('%d, ' % length for length in shape)),
            data, version)
    dtype = random.choice(['f4', 'f8', 'u1', 'i8', 'b1', 'c8', 'S3', 'U3', 'f2', '>f4', 'u8', 'i1'])
    shape = [random.choice([0, 1, 2, 3, 10, 28, 32]) for _ in range(random.randint(0, 4))]
    value = random.choice([0, 1, 10, 200])
    if dtype[-2] == 'f' and random.randint(0, 1):
        value = random.choice([float('nan'), float('inf'), -1e38, 1e-45])
    with np.errstate(all='ignore'):
        return npy(np.full(shape, value, 'f8').astype(dtype))


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    """A zip file of (name, bytes); names may come twice."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')         # about names that come twice
        with zipfile.ZipFile(stream, 'w', compression) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name), data, compression)
    return stream.getvalue()


_NAMES = ['', '.npy', '../../out.npy', '/tmp/out.npy', 'arr_0.npy', 'arr_0', 'a\nb.npy', u'\xe9.npy',
          'x' * 300 + '.npy', 'arr_-1.npy', 'x_test.npy', 'arr_00.npy', 'a/', 'C:\\x.npy', 'sha256.npy', '\x1b[2J.npy']


@_drawn
def hostile_npz(random, arrays):
    """An .npz file: harmed bytes, or a sound zip file with the wrong things in it.

    Parameters
    ----------
    arrays : mapping of name to array
    """
    members = [(name + '.npy', npy(array)) for name, array in sorted(arrays.items())]
    if random.randint(0, 1):
        return damaged.make(random, [zipped(members), zipped(members, zipfile.ZIP_STORED)])
    for _ in range(random.randint(1, 3)):
        index = random.randint(0, max(len(members) - 1, 0))
        change = random.choice(['data', 'data', 'data', 'name', 'twice', 'gone', 'swap', 'bomb', 'more'])
        if change == 'more' or not members:
            members.append((random.choice(_NAMES), npy(np.zeros(3))))
        elif change == 'data':
            members[index] = members[index][0], hostile_npy.make(random, members[index][1])
        elif change == 'name':
            members[index] = random.choice(_NAMES), members[index][1]
        elif change == 'twice':
            members.append(members[index])
        elif change == 'gone':
            del members[index]
        elif change == 'swap':
            other = random.randint(0, len(members) - 1)
            members[index], members[other] = ((members[index][0], members[other][1]),
                                              (members[other][0], members[index][1]))
        else:
            members[index] = members[index][0], members[index][1] + b'\0' * random.choice([1, 10 ** 4, 10 ** 6])
    return zipped(members, random.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]))


# --- others ----------------------------------------------------------------------------------------------------------

def gzipped(data):
    """As a .gz file."""
    stream = io.BytesIO()
    with gzip.GzipFile('', 'wb', 1, stream, 0) as handle:
        handle.write(data)
    return stream.getvalue()


_TAR_NAMES = ['../../out', '/tmp/out', '..', '', 'a' * 90, 'digits/lfcW1A1/../../../out',
              'digits/lfcW1A1/0-0-weights.bin', u'digits/lfcW1A1/\xe9', 'digits/lfcW1A1/',
              'digits/cnvW1A1/classes.txt', 'other/lfcW1A1/classes.txt',
              'digits/lfcW1A1/hw/config.h', 'digits/lfcW1A1/manifest.json', 'a\nb', '-rf']
_TAR_TYPES = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE,
              tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, b'X', b'L', b'x', b'g', b'\0']


@_drawn
def hostile_targz(random, members):
    """A .tar.gz: harmed bytes, a sound gzip file of a harmed tar file, or a sound tar file of the wrong things.

    Parameters
    ----------
    members : list of (name, bytes)
    """
    kind = random.choice(['bytes', 'tar', 'members', 'members'])
    whole = _tar([(tarfile.TarInfo(name), data) for name, data in members])
    if kind == 'bytes':
        return damaged.make(random, [gzipped(whole)])
    if kind == 'tar':
        return gzipped(damaged.make(random, [whole]))
    changed = [(tarfile.TarInfo(name), data) for name, data in members]
    for _ in range(random.randint(0, 2)):
        index = random.randint(0, len(changed) - 1)
        info, data = changed[index]
        change = random.choice(['data', 'name', 'type', 'twice', 'gone', 'size'])
        if change == 'data':
            changed[index] = info, damaged.make(random, [data, b''])
        elif change == 'name':
            info.name = random.choice(_TAR_NAMES)
        elif change == 'type':
            info.type = random.choice(_TAR_TYPES)
            info.linkname = random.choice(['', '/etc/passwd', '../../..', changed[0][0].name])
        elif change == 'twice':
            changed.append((copy.copy(info), damaged.make(random, [data])))
        elif change == 'gone' and len(changed) > 1:
            del changed[index]
        else:
            info.size = random.choice([0, 1, 10 ** 6, 2 ** 33 - 1, 2 ** 40])
    return gzipped(_tar(changed))


def _tar(members):
    stream = io.BytesIO()
    for info, data in members:
        stated = copy.copy(info)
        stated.size = info.size or len(data)
        form = tarfile.USTAR_FORMAT if stated.size < 2 ** 33 else tarfile.GNU_FORMAT
        stream.write(stated.tobuf(form) + data + b'\0' * (-len(data) % 512))
    return stream.getvalue() + b'\0' * 1024


_LEAVES = [None, True, 0, -1, 1.5, float('nan'), float('inf'), 1e300, 10 ** 30, u'', u'text', u'<script>', u'\x1b[2J\n',
           u'\xe9', u'9' * 5000, [], [[]], {}, [1, u'a', None], {u'a': []}]


@_drawn
def hostile_json(random, value):
    """The text of a .json file: harmed bytes, nesting without end, or other values in places of a sound one."""
    kind = random.choice(['bytes', 'values', 'values', 'values', 'deep', 'other'])
    if kind == 'bytes':
        return damaged.make(random, [json.dumps(value).encode('ascii')])
    if kind == 'deep':
        return random.choice([b'[', b'{"a":', b'[[1],']) * random.choice([10, 10 ** 5])
    if kind == 'other':
        return json.dumps(random.choice(_LEAVES)).encode('ascii')
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        _change_value(random, value)
    return json.dumps(value).encode('ascii')


def _change_value(random, value):
    """Something within a mapping or list, replaced or taken out."""
    while True:
        keys = sorted(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(value[key], (dict, list)) and value[key] and random.randint(0, 1):
            value = value[key]
            continue
        if random.randint(0, 3):
            value[key] = copy.deepcopy(random.choice(_LEAVES))      # two may be within each other
        else:
            del value[key]
        return
