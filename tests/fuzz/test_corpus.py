"""Finds of fuzzing are read, or rejected in one line; and every file that fuzzing starts from is read."""
from __future__ import absolute_import

import os
import time
import warnings

import pytest

from tests.fuzz.readers import EXPECTED, READERS, SECONDS

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'corpus')


def files(name):
    """The paths of a reader's corpus files."""
    folder = os.path.join(CORPUS, name)
    return sorted(os.path.join(folder, one) for one in os.listdir(folder)) if os.path.isdir(folder) else []


@pytest.fixture
def read(tmpdir, name):
    if name == 'mat':
        pytest.importorskip('scipy.io')
    return READERS[name].make(str(tmpdir))


@pytest.mark.parametrize('name', list(READERS))
def test_what_was_found(read, name):
    for path in files(name):
        with open(path, 'rb') as handle:
            data = handle.read()
        begun = time.time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                read(data)
        except EXPECTED as error:
            message = str(error)
            assert message.strip() and '\n' not in message and '\r' not in message, path
        except BaseException:
            print(path)
            raise
        assert time.time() - begun < SECONDS, path


@pytest.mark.parametrize('name', list(READERS))
def test_a_search_begins_with_files_that_are_read_and_a_reader_refuses(read, name):
    read(READERS[name].seeds()[0])
    with pytest.raises(EXPECTED):
        read(b'\xff no file\nof any kind \xff')


def test_every_folder_is_of_a_reader():
    assert set(os.listdir(CORPUS)) <= set(READERS)
