"""Damaged and hostile checkpoints are never used, whatever they contain."""
from __future__ import absolute_import, division

import os

import numpy as np

from tests.fuzzing import explore, searches
from tests.fuzzing_formats import hostile_npz
from training import checkpoint


def put(path, data):
    with open(str(path), 'wb') as handle:
        handle.write(data)


@searches(400, 10000)
def test_checkpoints(tmpdir, cases):
    """A damaged one is never used, whatever it contains; the previous one is."""
    path = str(tmpdir.join('checkpoint.npz'))
    content = {'variable_0': np.arange(12, dtype=np.float32).reshape(3, 4), 'position': np.array([1, 2, 3]),
               'identity': np.array('{"seed": "1"}'), 'history': np.zeros((0, 9))}
    for _ in range(2):
        checkpoint.save(path, content)
    with np.load(path) as archive:
        written = dict(archive)

    def attempt(data):
        put(path, data)
        found, _ = checkpoint.load(path)
        assert sorted(found) == sorted(content)
        assert all(found[name].dtype == array.dtype and np.array_equal(found[name], array)
                   for name, array in content.items())
    explore(attempt, hostile_npz(written), cases, both=False)
    os.remove(checkpoint.previous(path))
    explore(attempt, hostile_npz(written), cases)
