"""Archives of arrays (.npz): the same arrays give the same bytes on every Python; files that are read are not trusted.

    write(handle, {'images': images, 'labels': labels})
    read(path, ['images'], largest=2 ** 30)

No object is ever unpickled, and no more memory is taken than the caller allows.
"""
from __future__ import absolute_import

import contextlib
import errno
import io
import zipfile

import numpy as np

from common.files import open_regular

_HEADER = 4096          # bytes, at most; those of plain arrays have 64 to 128
_PIECE = 2 ** 20        # bytes that are read at once
_DATE = (1980, 1, 1, 0, 0, 0)   # the earliest that a zip file can hold: numpy's own archives carry the time of writing


class TooLarge(ValueError):
    """More bytes of arrays than may be read."""


def write(handle, arrays, compress=False):
    """Write arrays as ``numpy.load`` reads them.

    Parameters
    ----------
    handle : binary file
    arrays : list or mapping of arrays
        A list's arrays are named arr_0, arr_1, ..., as ``numpy.savez`` names positional ones.
    compress : bool
    """
    if not hasattr(arrays, 'items'):
        arrays = {'arr_%d' % number: array for number, array in enumerate(arrays)}
    with zipfile.ZipFile(handle, 'w', allowZip64=True) as archive:
        for name in sorted(arrays, key=lambda name: (len(name), name)):
            member = zipfile.ZipInfo(name + '.npy', _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            member.external_attr = 0o644 << 16
            data = io.BytesIO()
            np.lib.format.write_array(data, np.asanyarray(arrays[name]), allow_pickle=False)
            archive.writestr(member, data.getvalue())


def names(file):
    """The names of the arrays in an archive; ValueError if it is not an archive."""
    return [name[:-4] for name in members(file) if name.endswith('.npy')]


def members(file):
    """The names of an archive's files, of any kind, repeated ones included; ValueError if it is not an archive."""
    with _opened(file) as archive:
        return archive.namelist()


def read(file, wanted, largest):
    """Arrays of an archive.

    Parameters
    ----------
    file : path or binary file
    wanted : sequence of str
        Names.
    largest : int
        Bytes of all of them.

    Returns
    -------
    dict of str to array

    Raises
    ------
    TooLarge
    ValueError
        It is not an archive, or damaged, or lacks an array, or an array holds objects.
    EnvironmentError
        The file cannot be read.
    """
    result = {}
    with _opened(file) as archive:
        for name in wanted:
            with _member(archive, name) as stream:
                result[name] = read_array(stream, largest - sum(array.nbytes for array in result.values()))
    return result


def member(file, name, largest):
    """The first `largest` bytes of an array's .npy file in an archive; errors as :func:`read` has them."""
    with _opened(file) as archive:
        with _member(archive, name) as stream:
            return stream.read(largest)


def describe(file, name):
    """(shape, dtype) of an array of an archive, of which no more than the header is read; errors as :func:`read`."""
    with _opened(file) as archive:
        with _member(archive, name) as stream:
            return _read_header(stream)[:2]


def read_array(stream, largest):
    """The array of a .npy file, which is read to its end: a zip file's member is checked there.

    Parameters
    ----------
    stream : binary file
    largest : int
        Bytes of the array.

    Raises
    ------
    TooLarge
    ValueError
        It is not a .npy file, or damaged, or holds objects.
    """
    shape, dtype, by_columns, size, data = _read_header(stream)
    if dtype.hasobject:
        raise ValueError('Python objects, which are never loaded')
    if dtype.names or dtype.shape:
        raise ValueError('records, and not one number or text in each place')
    if size > largest:
        raise TooLarge('%d bytes, more than the %d that are read' % (size, largest))
    data = exactly(stream, size, data)
    if dtype.kind == 'U' and size and data.view(dtype.byteorder.replace('|', '=') + 'u4').max() > 0x10ffff:
        raise ValueError('text that is not Unicode')        # no Python can make a string of it
    try:
        return np.ndarray(shape, dtype, data, order='F' if by_columns else 'C')
    except (TypeError, MemoryError):    # lengths that are not integers, or huge ones beside a length of 0
        raise ValueError('a shape that no array has')


def _read_header(stream):
    """Shape, dtype, whether in Fortran order, size in bytes, and the bytes that were read with the header."""
    head = stream.read(_HEADER)
    header = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(header)
        shape, by_columns, dtype = {(1, 0): np.lib.format.read_array_header_1_0,
                                    (2, 0): np.lib.format.read_array_header_2_0}[version](header)
        size = dtype.itemsize
        for length in shape:    # not numpy's product, which could overflow
            size *= length
    except Exception:           # numpy evaluates the header as a Python literal: whatever can go wrong there
        raise ValueError('not the header of a .npy file')
    if not dtype.itemsize:
        raise ValueError('elements of no size')
    return shape, dtype, by_columns, size, head[header.tell():]


def _member(archive, name):
    member = archive.getinfo(name + '.npy')
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError('a compression that numpy never uses')      # others unpack without a limit
    return archive.open(member)


def exactly(stream, size, begun=b''):
    """The bytes of a stream, as many as were announced, in an array; memory is taken as they come.

    Parameters
    ----------
    stream : binary file
    size : int
    begun : bytes
        Bytes that have been read already.

    Raises
    ------
    ValueError
        The stream has more bytes or fewer.
    """
    data, position = np.empty(size, np.uint8), 0
    block = begun or stream.read(min(_PIECE, size) or 1)
    while block and position + len(block) <= size:
        data[position:position + len(block)] = np.frombuffer(block, np.uint8)
        position += len(block)
        block = stream.read(min(_PIECE, size - position) or 1)
    if block or position < size:
        raise ValueError('%s than the %d bytes its header announces' % ('more' if block else 'less', size))
    return data


@contextlib.contextmanager
def _opened(file):
    handle = open_regular(file) if hasattr(file, 'lower') else file
    try:
        with zipfile.ZipFile(handle) as archive:
            yield archive
    except (ValueError, MemoryError):
        raise
    except Exception as error:          # zipfile raises errors of any class on damaged files
        if getattr(error, 'errno', None) not in (None, errno.EINVAL):       # the system's error; EINVAL: a seek before 0
            raise
        raise ValueError(str(error))
    finally:
        if handle is not file:
            handle.close()
