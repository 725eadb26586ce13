"""Checkpoints: if the last is damaged, the previous one is used."""
from __future__ import absolute_import, division

import os
import zipfile

import numpy as np
import pytest

from common import npz
from training import checkpoint


def arrays(number=0):
    """One array of each kind that a run saves."""
    return {'weights': np.random.RandomState(number).uniform(-1, 1, (20, 30)).astype(np.float32),
            'count': np.array(number, np.float32), 'keys': np.arange(624, dtype=np.uint32),
            'text': np.array('{"a": 1}'), 'order': np.arange(50, dtype=np.int32)[::-1], 'empty': np.zeros((0, 9)),
            'transposed': np.eye(3, 5).T}


def assert_same(loaded, expected):
    assert sorted(loaded) == sorted(expected)
    for name, array in expected.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


@pytest.fixture
def path(tmpdir):
    return str(tmpdir.join('checkpoint.npz'))


def test_what_was_saved(path):
    given = arrays()
    checkpoint.save(path, given)
    assert sorted(given) == sorted(arrays())
    loaded, warning = checkpoint.load(path)
    assert warning is None
    assert_same(loaded, arrays())


def test_the_last_two_are_kept(path):
    for number in range(3):
        checkpoint.save(path, arrays(number))
    assert sorted(os.listdir(os.path.dirname(path))) == ['checkpoint-previous.npz', 'checkpoint.npz']
    assert_same(checkpoint.load(path)[0], arrays(2))
    assert_same(checkpoint.load(checkpoint.previous(path))[0], arrays(1))


def test_between_two_renames(path):
    """Killed when the last had become the previous one, but the new one did not have its name yet."""
    checkpoint.save(path, arrays(1))
    os.rename(path, checkpoint.previous(path))
    loaded, warning = checkpoint.load(path)
    assert warning is None
    assert_same(loaded, arrays(1))


def test_any_damaged_byte(path):
    """If any bit flips, the other checkpoint is used, unless the bit has no meaning."""
    checkpoint.save(path, arrays(1))
    checkpoint.save(path, arrays(2))
    with open(path, 'rb') as handle:
        whole = handle.read()
    random = np.random.RandomState(0)
    places = np.concatenate([random.randint(0, len(whole), 150), np.arange(0, 60), len(whole) - np.arange(1, 100)])
    used = {1: 0, 2: 0}
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << random.randint(8)
        with open(path, 'wb') as handle:
            handle.write(damaged)
        loaded, warning = checkpoint.load(path)
        number = int(loaded['count'])
        used[number] += 1
        assert_same(loaded, arrays(number))
        assert (warning is None) == (number == 2)
        assert number == 2 or (warning.startswith(path + ' is damaged') and '\n' not in warning)
    assert used[1] > 150        # a zip file repeats much, and dates and attributes do not matter


@pytest.mark.parametrize('keep', [0, 1, 100, .3, .9, -1])
def test_cut_short(path, keep):
    checkpoint.save(path, arrays(1))
    checkpoint.save(path, arrays(2))
    size = os.path.getsize(path)
    with open(path, 'r+b') as handle:
        handle.truncate(int(size * keep) if isinstance(keep, float) else keep % size)
    loaded, warning = checkpoint.load(path)
    assert_same(loaded, arrays(1))
    assert 'is damaged' in warning


def changed_after(path, change):
    """Write a checkpoint whose arrays were changed after computing their digest."""
    checkpoint.save(path, arrays(1))
    with np.load(path) as archive:
        contents = {name: archive[name] for name in archive.files}
    change(contents)
    with open(path, 'wb') as handle:
        npz.write(handle, contents)


@pytest.mark.parametrize('change', [
    lambda contents: contents.pop('weights'), lambda contents: contents.pop('sha256'),
    lambda contents: contents.update(more=np.zeros(3)),
    lambda contents: contents.update(order=contents['order'].astype(np.int64)),
    lambda contents: contents.update(weights=contents['weights'].reshape(30, 20)),
    lambda contents: contents.update(count=contents['keys'], keys=contents['count'])])
def test_names_types_and_shapes_are_part_of_the_digest(path, change):
    changed_after(path, change)
    with pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.load(path)
    assert str(refused.value).startswith(path + ' is damaged')


def test_the_digest_of_any_python(path):
    """Python 2 saves text as bytes; Python 3 saved it as Unicode."""
    for kind in ('S64', 'U64'):
        changed_after(path, lambda contents: contents.update(sha256=contents['sha256'].astype(kind)))
        assert_same(checkpoint.load(path)[0], arrays(1))


def rewritten(path, **changes):
    """A checkpoint with some arrays replaced (None: left out) before computing its digest."""
    checkpoint.save(path, arrays(1))
    with np.load(path) as archive:
        contents = dict({name: archive[name] for name in archive.files if name != 'sha256'}, **changes)
    contents = {name: array for name, array in contents.items() if array is not None}
    contents['sha256'] = np.array(checkpoint._digest(contents))
    with open(path, 'wb') as handle:
        npz.write(handle, contents)


@pytest.mark.parametrize('number, written', [(None, 1), (np.array(99), 99)])
def test_other_formats_are_not_damaged(path, number, written):
    rewritten(path, format=number)
    with pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.load(path)
    assert 'has format %d, and this version of the program resumes from format 2' % written in str(refused.value)
    assert 'damaged' not in str(refused.value)


def test_what_wrote_it_is_told_where_it_differs(path):
    rewritten(path, versions=checkpoint.from_json(dict(checkpoint.versions(), python='2.6.0')))
    loaded, warning = checkpoint.load(path)
    assert_same(loaded, arrays(1))
    assert warning.startswith('%s was written by python 2.6.0, here ' % path) and 'numpy' not in warning
    rewritten(path, versions=None)
    assert 'theano None' in checkpoint.load(path)[1]


def test_nothing_is_unpickled(path, tmpdir):
    trace = str(tmpdir.join('trace'))

    class Evil(object):
        def __reduce__(self):
            return open, (trace, 'w')
    np.savez(path, sha256=np.array([Evil()], dtype=object))
    with pytest.raises(checkpoint.CheckpointError):
        checkpoint.load(path)
    assert not os.path.exists(trace)


@pytest.mark.parametrize('spoil', [
    lambda path: os.mkdir(path), lambda path: zipfile.ZipFile(path, 'w').close(),
    lambda path: np.save(open(path, 'wb'), np.zeros(3)), lambda path: open(path, 'w').write('hello')])
def test_other_files_of_this_name(path, spoil):
    spoil(path)
    with pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.load(path)
    message = str(refused.value)
    assert 'is damaged' in message and message.endswith('start over with RESUME=0 (--resume 0)') and '\n' not in message


def test_none(path):
    with pytest.raises(checkpoint.CheckpointError) as refused:
        checkpoint.load(path)
    assert str(refused.value) == '%s is missing: start with RESUME=0 (--resume 0)' % path


def test_a_failed_write_leaves_the_last_alone(path):
    checkpoint.save(path, arrays(1))
    with pytest.raises(ValueError):
        checkpoint.save(path, {'object': np.array([None])})
    assert_same(checkpoint.load(path)[0], arrays(1))
    assert os.listdir(os.path.dirname(path)) == ['checkpoint.npz']
