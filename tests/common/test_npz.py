"""Archives whose bytes depend on nothing but the arrays."""
from __future__ import absolute_import

import io
import time

import numpy as np
import pytest

from common import npz

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
