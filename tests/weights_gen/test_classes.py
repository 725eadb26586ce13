# -*- coding: utf-8 -*-
"""The names of the classes: defaults, files, and what is rejected."""
from __future__ import absolute_import, unicode_literals

import pytest

from common.overlays import OVERLAYS
from weights_gen import classes

CNV, LFC = OVERLAYS['cnvW1A1'], OVERLAYS['lfcW1A1']


def write(tmpdir, data):
    path = tmpdir.join('names.txt')
    path.write_binary(data)
    return str(path)


def test_defaults():
    assert classes.names(CNV, 10)[0] == 'Airplane' and classes.names(CNV, 10)[9] == 'Truck'
    assert classes.names(LFC, 10) == ['%d' % digit for digit in range(10)]


@pytest.mark.parametrize('text', ['cat\ndog\nnaïve', 'cat\r\ndog\r\nnaïve\r\n', '\ufeffcat\n dog \nnaïve\n'])
def test_a_file(tmpdir, text):
    assert classes.names(LFC, 3, write(tmpdir, text.encode('utf-8'))) == ['cat', 'dog', 'naïve']


@pytest.mark.parametrize('count', [1, 9, 11, 64])
def test_another_number_of_outputs_needs_a_file(count):
    with pytest.raises(classes.BadClasses) as caught:
        classes.names(CNV, count)
    assert 'the network has %d outputs' % count in str(caught.value) and '--classes' in str(caught.value)


@pytest.mark.parametrize('data, message', [
    (b'a\nb', '2 names where the network has 3 outputs'),
    (b'a\nb\nc\nd\n', '4 names where the network has 3 outputs'),
    (b'a\n\nc', 'line 2 is empty'),
    (b'a\nb\nc\n \n', 'line 4 is empty'),
    (b'', 'line 1 is empty'),
    (b'a\nb\na', 'lines 1 and 3 have the same name'),
    (b'a\nb\x1b[31m\nc', 'line 2 has control characters'),
    (u'a\nb\x85c\nd'.encode('utf-8'), 'line 2 has control characters'),       # ends a line for splitlines
    (u'a\nb\nc\u2028d'.encode('utf-8'), 'line 3 has control characters'),
    (b'a\xff\nb\nc', 'not UTF-8'),
    ('\n'.join('n%d' % number for number in range(65)).encode('ascii'), 'more than 64 names'),
    (b'a' * 70000, 'more than 64 names')])
def test_bad_files(tmpdir, data, message):
    path = write(tmpdir, data)
    with pytest.raises(classes.BadClasses) as caught:
        classes.names(LFC, 3, path)
    assert message in str(caught.value) and path in str(caught.value)
