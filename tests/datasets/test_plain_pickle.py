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


BY_PYTHON_3 = {     # np.array([u'r', u'caf\xe9'], object)
    3: b'\x80\x03cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02C\x01bq\x03\x87q\x04Rq'
       b'\x05(K\x01K\x02\x85q\x06cnumpy\ndtype\nq\x07X\x02\x00\x00\x00O8q\x08\x89\x88\x87q\tRq\n(K\x03X\x01\x00\x00'
       b'\x00|q\x0bNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0cb\x89]q\r(X\x01\x00\x00\x00rq\x0eX\x05\x00\x00\x00caf'
       b'\xc3\xa9q\x0fetq\x10b.',
    4: b'\x80\x04\x95\x96\x00\x00\x00\x00\x00\x00\x00\x8c\x16numpy._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93'
       b'\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01K\x02\x85\x94h\x03'
       b'\x8c\x05dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff'
       b'\xff\xffK?t\x94b\x89]\x94(\x8c\x01r\x94\x8c\x05caf\xc3\xa9\x94et\x94b.'}


@pytest.mark.parametrize('protocol', sorted(BY_PYTHON_3))
def test_what_python_3_writes_is_read_on_both(protocol):
    assert plain_pickle.array(load(BY_PYTHON_3[protocol])).tolist() == [u'r', u'caf\xe9']
    assert load(b'\x80\x03B' + struct.pack('<I', 300) + b'x' * 300 + b'.') == b'x' * 300
    for end in range(len(BY_PYTHON_3[protocol])):
        with pytest.raises(ValueError):
            load(BY_PYTHON_3[protocol][:end])


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
    b'\x80\x04\x93.', b'\x80\x04\x94.', b'\x80\x04\x8c\x02a.', b'\x80\x04\x8c\x02os\x8c\x06system\x93.',
    b'\x80\x04\x8c\x01\xff\x8c\x02\xc3\xa9\x93.', b'\x80\x04NN\x93.',
    b'c_codecs\nencode\n(Va\nVidna\ntR.', b'cnumpy\nndarray\n(I1000000000000\ntR.'])
def test_programs_that_are_refused(data):
    try:
        plain_pickle.array(load(data))
    except ValueError as error:
        assert str(error) and '\n' not in str(error)
    else:
        pytest.fail('it was read')


@pytest.mark.parametrize('before, after', [(b'', b'.'), (b'', b'2\x93.'), (b'cnumpy\ndtype\n', b'\x85R.')])
def test_short_pickles_of_endless_lists(before, after):
    """Forty lists, each of which contains the previous one twice; also in the place of a name."""
    data = HEAD + before + b'](K\x01K\x02e' + b''.join(b'q' + struct.pack('B', place) + b'0](h%sh%se' % (
        struct.pack('B', place), struct.pack('B', place)) for place in range(40)) + after
    with pytest.raises(ValueError):
        plain_pickle.array(load(data))


def test_what_a_pickle_does_to_what_it_gets_does_not_last():
    """One instruction sets attributes of any object; the changes must not persist."""
    with pytest.raises(ValueError):
        plain_pickle.array(load(b'cnumpy\ndtype\n(dS"__call__"\nNsb.'))
    test_an_array_by_hand()
