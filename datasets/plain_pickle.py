"""Read arrays, lists and texts from Python's pickles, and nothing else: no code in a file is ever run.

    batch = load(handle)                            # one of CIFAR-10's batches: a dict of bytes
    data = array(batch[b'data'])
    array_of_texts('own.npz', 'class_names')        # also where it was saved with dtype=object

A pickle is a program. It is read twice: first to check the lengths and memo places that its instructions announce, for
which Python would take memory at once. Then it is run, with this module's functions in place of NumPy's, which believe the
sizes and types that they are told.
"""
from __future__ import absolute_import

import io
import pickle
import pickletools
import re

import numpy as np

from common import npz

_LARGEST_TEXTS = 1 << 20        # bytes
_DIGITS = 40                    # of a number that is written as text; reading a million takes minutes
_TYPE = re.compile(r'[biufcSU][0-9]{1,4}\Z|O8?\Z')
_WHOLE = (int, type(2 ** 64))   # Python 2 has two types of them
_REMEMBERS = ('PUT', 'BINPUT', 'LONG_BINPUT')
_INSTRUCTIONS = dict(pickletools.code2op)       # below, with those that Python 2 does not know


def load(handle, largest=2 ** 28):
    """The object in a pickle; texts of Python 2 are bytes.

    Parameters
    ----------
    handle : binary file
    largest : int
        Bytes that are read.

    Returns
    -------
    dict, list, bytes, text, number, or an array or number of NumPy's, which :func:`array` makes one

    Raises
    ------
    ValueError
        It is damaged, or holds something else.
    """
    data = handle.read(largest)
    options = {} if str is bytes else {'encoding': 'bytes'}
    try:
        _check(io.BytesIO(data))
        return _Unpickler(io.BytesIO(data), **options).load()
    except MemoryError:
        raise
    except Exception as error:      # whatever can go wrong in a program
        raise ValueError(' '.join(str(error).split()) or type(error).__name__)


def array(value):
    """The array that an object in a pickle is, or a list of whole numbers.

    Raises
    ------
    ValueError
        It is something else. (A short pickle can make any number of nested lists.)
    """
    if isinstance(value, _Array) and value.values is not None:
        return value.values
    if isinstance(value, list) and all(isinstance(one, _WHOLE) and abs(one) < 2 ** 62 for one in value):
        return np.array(value, np.int64)
    raise ValueError('neither an array nor a list of whole numbers')


def array_of_texts(path, name):
    """An array of an .npz file, also one of Python's own texts.

    Raises
    ------
    ValueError
    """
    stream = io.BytesIO(npz.member(path, name, _LARGEST_TEXTS))
    try:
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        plain = not header(stream)[2].hasobject
    except Exception:               # numpy evaluates the header as a Python literal: whatever can go wrong there
        plain = True
    if plain:
        return npz.read(path, [name], _LARGEST_TEXTS)[name]
    try:
        return array(load(stream))
    except ValueError as error:
        raise ValueError('%s: %s; save them as text, np.array(%s.tolist())' % (name, error, name))


# --- what is announced -----------------------------------------------------------------------------------------------

def _check(stream):
    """ValueError where a pickle has an unknown instruction, is cut short, or asks for more memory than it is long."""
    number = 0
    while True:
        number += 1
        code = stream.read(1)
        instruction = _INSTRUCTIONS.get(code if str is bytes else code.decode('latin-1'))
        if instruction is None:
            raise ValueError('it is cut short' if not code else 'not a pickle instruction')
        argument = None
        if instruction.arg is not None and instruction.arg.name.startswith('decimalnl'):
            argument = stream.readline()
            if len(argument) > _DIGITS:
                raise ValueError('a number of %d digits' % len(argument))
        elif instruction.arg is not None:
            argument = instruction.arg.reader(stream)
        if instruction.name in _REMEMBERS and not 0 <= int(argument) <= number:
            raise ValueError('an invalid memo index')
        if instruction.name == 'STOP':
            return


# --- what is run -----------------------------------------------------------------------------------------------------

class _Type(object):
    """In the place of numpy.dtype: of numbers, texts or objects."""

    def __init__(self, name, *_):
        self._name, self._order = _text(name), '|'
        if not _TYPE.match(self._name):
            raise ValueError('an array of %s' % self._name[:20])

    def __setstate__(self, state):
        self._order = _text(state[1])
        if self._order not in ('<', '>', '|', '=') or any(part is not None for part in state[2:5]):
            raise ValueError('an array of records')

    def dtype(self):
        return np.dtype(self._order + self._name)


class _Array(object):
    """In the place of numpy.ndarray: empty first, as NumPy's pickles have it."""
    values = None

    def __setstate__(self, state):
        shape, dtype, by_columns, data = state[-4:]
        self.values = _filled(shape, dtype, bool(by_columns), data)


def _filled(shape, dtype, by_columns, data):
    dtype, count = dtype.dtype(), 1
    for length in shape:
        if not isinstance(length, _WHOLE) or length < 0:
            raise ValueError('a shape that no array has')
        count *= length
    if dtype.hasobject:
        if not isinstance(data, list) or len(data) != count:
            raise ValueError('an array of %d objects' % count)
        values = np.empty(count, object)
        values[:] = [data[place] if isinstance(data[place], (bytes, type(u''))) else None for place in range(count)]
    else:
        values = np.frombuffer(data, dtype)
        if len(values) != count:
            raise ValueError('an array of %d bytes' % len(data))
    return values.reshape(shape, order='F' if by_columns else 'C')


def _whole_array(data, dtype, shape, order='C'):
    """numpy.core.numeric._frombuffer, from protocol 5 on."""
    result = _Array()
    result.values = _filled(shape, dtype, _text(order) == 'F', data)
    return result


def _scalar(dtype, data):
    return _filled((1,), dtype, False, data).tolist()[0]


def _encode(text, coding):
    """How Python 3 writes bytes for Python 2."""
    if _text(coding) not in ('latin1', 'latin-1'):
        raise ValueError('bytes as %s' % _text(coding)[:20])
    return text.encode('latin-1')


def _text(value):
    if not isinstance(value, (bytes, type(u''))):       # as text, a short pickle's nested lists would be endless
        raise ValueError('%s in the place of a text' % type(value).__name__)
    return str(value.decode('ascii')) if isinstance(value, bytes) else str(value)


_KNOWN = {('numpy.core.multiarray', '_reconstruct'): lambda *_: _Array(), ('numpy.core.multiarray', 'scalar'): _scalar,
          ('numpy.core.numeric', '_frombuffer'): _whole_array, ('numpy', 'ndarray'): _Array, ('numpy', 'dtype'): _Type,
          ('_codecs', 'encode'): _encode, ('__builtin__', 'bytes'): lambda: b''}     # the last: none, before protocol 3


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        known = _KNOWN.get((module.replace('numpy._core', 'numpy.core'), name))
        if known is None:
            raise ValueError('it refers to %s.%s, but a data file should hold only arrays: fetch it again' % (module, name))
        return lambda *arguments: known(*arguments)     # a new one each time: a pickle may change what it gets


# --- protocols 3 and 4, which NumPy writes on Python 3, on Python 2 ---------------------------------------------------

def _short_text(unpickler):
    unpickler.append(unpickler.read(ord(unpickler.read(1))).decode('utf-8'))


def _remember(unpickler):
    unpickler.memo[repr(len(unpickler.memo))] = unpickler.stack[-1]


def _global(unpickler):
    name, module = _text(unpickler.stack.pop()), _text(unpickler.stack.pop())
    unpickler.append(unpickler.find_class(module, name))


if str is bytes:
    _OLD = pickle.Unpickler.dispatch
    _Unpickler.dispatch = dict(_OLD)
    for _code, _like, _run in (         # of an instruction, of one of Python 2's with an argument of the same form
            ('\x80', '\x80', lambda unpickler: unpickler.read(1)),      # PROTO
            ('C', 'U', _OLD['U']), ('B', 'T', _OLD['T']),               # SHORT_BINBYTES, BINBYTES
            ('\x8c', 'U', _short_text),                                 # SHORT_BINUNICODE
            ('\x93', ']', _global), ('\x94', ']', _remember),           # STACK_GLOBAL, MEMOIZE
            ('\x95', 'G', lambda unpickler: unpickler.read(8))):        # FRAME
        _INSTRUCTIONS[_code] = pickletools.code2op[_like]
        _Unpickler.dispatch[_code] = _run
