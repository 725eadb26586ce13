"""Pickles of arrays, in every protocol; and pickles that would make Python take far more memory or time than their size."""
from __future__ import absolute_import

import io
import pickle
import struct

import numpy as np
import pytest

from datasets import plain_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
HEAD = b'\x80\x02'
CORE = np.core if np.__version__.startswith('1.') else np._core


def load(data):
    return plain_pickle.load(io.BytesIO(data))


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('array', [
    np.arange(12, dtype=np.uint8).reshape(3, 4), np.asfortranarray(np.arange(6.).reshape(2, 3)), np.array([[True]]),
    np.arange(3, dtype='>i2'), np.array([u'a', u'caf\xe9']), np.array([b'a', b'bc']), np.zeros((0, 5)), np.array(3.5),
    np.array([u'a', b'b', u'\xe9'], object)])
def test_arrays(array, protocol):
    found = plain_pickle.array(load(pickle.dumps({b'data': array}, protocol))[b'data'])
    assert found.dtype == array.dtype and found.shape == array.shape
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_plain_objects(protocol):
    value = {b'labels': [1, 2 ** 40, -3], b'names': [b'a', u'\xe9'], b'number': .5, b'nothing': None, b'yes': True}
    found = load(pickle.dumps(dict(value, one=np.int64(7)), protocol))
    assert [found[key] for key in sorted(value)] == [value[key] for key in sorted(value)]
    assert found.get('one', found.get(b'one')) == 7
    assert plain_pickle.array(found[b'labels']).tolist() == value[b'labels']


@pytest.mark.parametrize('value', [[[1], [2]], [1.5], [u'a'], [2 ** 70], {}, None, b'abc', ()])
def test_what_is_no_array(value):
    with pytest.raises(ValueError):
        plain_pickle.array(load(pickle.dumps(value, 2)))


def array_of(shape=(2,), name='u1', state=(3, '|', None, None, None, -1, -1, 0), data=b'ab'):
    """A pickle of an array with these properties."""
    class Type(object):
        def __reduce__(self):
            return np.dtype, (name, False, True), state

    class Array(object):
        def __reduce__(self):
            return CORE.multiarray._reconstruct, (np.ndarray, (0,), b'b'), (1, shape, Type(), False, data)
    return pickle.dumps(Array(), 2)


def test_an_array_by_hand():
    assert plain_pickle.array(load(array_of())).tolist() == [97, 98]


@pytest.mark.parametrize('changes', [
    dict(shape=(10 ** 12,)), dict(shape=(-2,)), dict(shape=(2.,)), dict(shape=(2 ** 40, 2 ** 40)), dict(name='V2'),
    dict(name='M8[s]'), dict(name='u1,u1'), dict(state=(3, '|', None, ('a',), {'a': 1}, 2 ** 30, 1, 63)),
    dict(state=(3, 'x', None, None, None, -1, -1, 0)), dict(name='O', data=b'12345678'), dict(name='O', data=[1]),
    dict(name='f8'), dict(data=u'ab'), dict(data=[97, 98])])
def test_arrays_that_lie(changes):
    with pytest.raises(ValueError):
        load(array_of(**changes))


@pytest.mark.parametrize('data', [
    b'', b'\x80', HEAD, b'N', HEAD + b'\xff.', HEAD + b'NN', b'I' + b'9' * 10 ** 6 + b'\n.', b'L' + b'9' * 10 ** 6 + b'L\n.',
    HEAD + b'Nr' + struct.pack('<I', 2 ** 31) + b'.',       # Python would make a memo of 16 GB for this
    HEAD + b'Nr\xff\xff\xff\xff.', b'Np-1\n.', b'Np99999999\n.', HEAD + b'T' + struct.pack('<i', 2 ** 31 - 1) + b'ab.',
    b'\x80\x04\x8e' + struct.pack('<Q', 2 ** 62) + b'ab.', b'cos\nsystem\n(S"true"\ntR.', HEAD + b'(]NN0e.',
    b'cnumpy\ndtype\n(Vu1\ntR(dVx\nVy\nstb.',               # a dtype's state that is a mapping
    b'c_codecs\nencode\n(Va\nVidna\ntR.', b'cnumpy\nndarray\n(I1000000000000\ntR.'])
def test_programs_that_are_refused(data):
    try:
        plain_pickle.array(load(data))
    except ValueError as error:
        assert str(error) and '\n' not in str(error)
    else:
        pytest.fail('it was read')


def test_short_pickles_of_endless_lists():
    """Forty lists, each of which contains the previous one twice."""
    data = HEAD + b'](K\x01K\x02e' + b''.join(b'q' + struct.pack('B', place) + b'0](h%sh%se' % (
        struct.pack('B', place), struct.pack('B', place)) for place in range(40)) + b'.'
    with pytest.raises(ValueError):
        plain_pickle.array(load(data))


def test_what_a_pickle_does_to_what_it_gets_does_not_last():
    """One instruction sets attributes of any object; the changes must not persist."""
    with pytest.raises(ValueError):
        plain_pickle.array(load(b'cnumpy\ndtype\n(dS"__call__"\nNsb.'))
    test_an_array_by_hand()
