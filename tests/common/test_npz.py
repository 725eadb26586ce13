"""Archives whose bytes depend only on the arrays."""
from __future__ import absolute_import

import io
import zipfile
import resource
import time

import numpy as np
import pytest

from common import npz
from tests.fuzzing import explore, searches
from tests.fuzzing_formats import hostile_npy, hostile_npz, npy, npy_of_header, zipped

ARRAYS = [np.arange(6, dtype=np.float32).reshape(2, 3), np.float32(7), np.asfortranarray(np.ones((3, 4)))]


def written(arrays, **options):
    stream = io.BytesIO()
    npz.write(stream, arrays, **options)
    return stream.getvalue()


@pytest.mark.parametrize('compress', [False, True])
def test_numpy_reads_it(compress):
    arrays = ARRAYS + [np.zeros(0)] * 8
    with np.load(io.BytesIO(written(arrays, compress=compress))) as archive:
        assert archive.files == ['arr_%d' % number for number in range(11)]
        for number, array in enumerate(arrays):
            found = archive['arr_%d' % number]
            assert found.dtype == array.dtype and found.shape == array.shape and np.array_equal(found, array)


def test_names():
    with np.load(io.BytesIO(written({'weights': ARRAYS[0], 'epoch': np.int64(3)}))) as archive:
        assert sorted(archive.files) == ['epoch', 'weights'] and archive['epoch'] == 3


def test_the_same_bytes_at_any_time(monkeypatch):
    before = written(ARRAYS)
    later = time.time() + 1e6
    monkeypatch.setattr(time, 'time', lambda: later)
    assert written(ARRAYS) == before


def test_objects_are_refused():
    with pytest.raises(ValueError):
        written([np.array([{}])])


# --- reading ---------------------------------------------------------------------------------------------------------

LARGEST = 10 ** 4


@pytest.mark.parametrize('compress', [False, True])
def test_reading(compress):
    arrays = dict(enumerate(ARRAYS + [np.zeros((0, 3)), np.array('text'), np.array([1, 2], '>i4'), np.array(True)]))
    archive = io.BytesIO(written({'a%d' % number: array for number, array in arrays.items()}, compress=compress))
    assert sorted(npz.names(archive)) == ['a%d' % number for number in sorted(arrays)]
    found = npz.read(archive, ['a%d' % number for number in arrays], LARGEST)
    for number, array in arrays.items():
        assert found['a%d' % number].dtype == array.dtype and found['a%d' % number].shape == array.shape
        assert np.array_equal(found['a%d' % number], array) and found['a%d' % number].flags.writeable


def test_sizes_are_bounded_together():
    archive = io.BytesIO(written({'a': np.zeros(1000), 'b': np.zeros(1000)}, compress=True))
    assert len(npz.read(archive, ['a', 'b'], 16000)) == 2
    with pytest.raises(npz.TooLarge):
        npz.read(archive, ['a', 'b'], 15999)


def test_announced_sizes_are_not_believed():
    for shape in ('(%d,)' % 2 ** 40, '(%d, %d)' % (2 ** 63, 2 ** 63), '(99999,)'):
        file = npy_of_header("{'descr': '<f4', 'fortran_order': False, 'shape': %s}" % shape)
        with pytest.raises(npz.TooLarge):
            npz.read_array(io.BytesIO(file), LARGEST)


def test_what_unpacks_to_much_takes_no_memory():
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (100,)}"
    bomb = zipped([('a.npy', npy_of_header(header, b'\0' * 10 ** 8))])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError):
        npz.read(io.BytesIO(bomb), ['a'], LARGEST)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2 ** 14      # KB


@pytest.mark.parametrize('order', ['<', '>'])
def test_texts_that_no_python_can_make(order):
    codes = np.array([97, 0x10ffff, 0x110000], order + 'u4')
    npz.read_array(io.BytesIO(npy(codes[:2].view(order + 'U2'))), LARGEST).tolist()
    with pytest.raises(ValueError, match='not Unicode'):
        npz.read_array(io.BytesIO(npy(codes.view(order + 'U1'))), LARGEST)


@pytest.mark.parametrize('dtype', ['f4,u1', '(2,2)f4'])
def test_records_are_refused(dtype):
    header = "{'descr': %r, 'fortran_order': False, 'shape': (0,)}" % (np.dtype(dtype).descr if ',u' in dtype else dtype)
    with pytest.raises(ValueError):
        npz.read_array(io.BytesIO(npy_of_header(header)), LARGEST)


def test_a_missing_array():
    with pytest.raises(ValueError) as refused:
        npz.read(io.BytesIO(written({'a': np.zeros(3)})), ['b'], LARGEST)
    assert 'b.npy' in str(refused.value)


@searches(500, 10000)
def test_damaged_archives(cases):
    arrays = {'a': np.arange(6, dtype=np.float32).reshape(2, 3), 'b': np.array('text'), 'c': np.zeros((0, 9))}

    def attempt(data):
        for array in npz.read(io.BytesIO(data), ['a', 'b', 'c'], LARGEST).values():
            assert not array.dtype.hasobject and array.nbytes <= LARGEST
    explore(attempt, hostile_npz(arrays), cases, refusals=(ValueError,))


@searches(300, 10000)
def test_damaged_arrays(cases):
    explore(lambda data: npz.read_array(io.BytesIO(data), LARGEST), hostile_npy(npy(np.arange(20))), cases,
            refusals=(ValueError,))


def test_what_an_array_is_without_reading_it():
    """For a file that claims to hold more than any memory."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {'descr': '<f4', 'fortran_order': False, 'shape': (2 ** 40, 3)})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, 'w') as handle:
        handle.writestr('big.npy', header.getvalue())
        handle.writestr('readme', b'')
    assert npz.describe(archive, 'big') == ((2 ** 40, 3), np.float32)
    assert npz.members(archive) == ['big.npy', 'readme'] and npz.names(archive) == ['big']
    with pytest.raises(npz.TooLarge):
        npz.read(archive, ['big'], 2 ** 30)


@pytest.mark.skipif(not hasattr(zipfile, 'ZIP_LZMA'), reason='Python 2 reads no such archive')
def test_other_compressions_are_not_unpacked():
    for kind in ('ZIP_BZIP2', 'ZIP_LZMA'):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, 'w', getattr(zipfile, kind)) as handle:
            handle.writestr('a.npy', b'anything')
        with pytest.raises(ValueError, match='a compression that numpy never uses'):
            npz.read(archive, ['a'], 2 ** 20)
