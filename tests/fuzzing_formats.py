"""Hostile files of the formats that are read: well-formed ones with wrong contents, or damaged bytes.

    explore(attempt, hostile_npz({'x': array}), cases)
"""
from __future__ import absolute_import

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

from tests.fuzzing import damaged, drawn


class Evil(object):
    """Raises if it is unpickled, which must never happen."""

    def __reduce__(self):
        return eval, ("__import__('os')._exit(66)",)


def npy(array):
    """The bytes of a .npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)
    return stream.getvalue()


def npy_of_header(header, data=b'', version=(1, 0)):
    """A .npy file with any header text, whose length is right."""
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


@drawn
def hostile_npy(random, whole):
    """A .npy file in place of a valid one: another array, another header, a pickle, or damaged bytes."""
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
    """A zip file of (name, bytes), maybe with duplicate names."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')         # about duplicate names
        with zipfile.ZipFile(stream, 'w', compression) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name), data, compression)
    return stream.getvalue()


_NAMES = ['', '.npy', '../../out.npy', '/tmp/out.npy', 'arr_0.npy', 'arr_0', 'a\nb.npy', u'\xe9.npy',
          'x' * 300 + '.npy', 'arr_-1.npy', 'x_test.npy', 'arr_00.npy', 'a/', 'C:\\x.npy', 'sha256.npy', '\x1b[2J.npy']


@drawn
def hostile_npz(random, arrays):
    """An .npz file: damaged bytes, or a valid zip file with wrong contents.

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


@drawn
def hostile_targz(random, members):
    """A .tar.gz: damaged bytes, a valid gzip file of a damaged tar file, or a valid tar file with wrong contents.

    Parameters
    ----------
    members : list of (name, bytes)
    """
    kind = random.choice(['bytes', 'tar', 'members', 'members'])
    whole = tar(members)
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


def tar(members):
    """A plain tar file of (name, bytes)."""
    return _tar([(tarfile.TarInfo(name), data) for name, data in members])


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


@drawn
def hostile_json(random, value):
    """The text of a .json file: damaged bytes, very deep nesting, or a valid one with some values replaced."""
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
    """Replace or remove something within a mapping or list."""
    while True:
        keys = sorted(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(value[key], (dict, list)) and value[key] and random.randint(0, 1):
            value = value[key]
            continue
        if random.randint(0, 3):
            value[key] = copy.deepcopy(random.choice(_LEAVES))      # a copy: values may contain each other
        else:
            del value[key]
        return
