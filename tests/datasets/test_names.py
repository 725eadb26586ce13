# -*- coding: utf-8 -*-
"""Names of data sets and classes in all alphabets."""
from __future__ import absolute_import

import re
import sys

import pytest

from common.errors import UserError
from datasets import names, registry

PACKAGE_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z')     # what the board's packages allow


@pytest.mark.parametrize('path, name', [
    ('photos/pets', 'pets'), ('photos/pets/', 'pets'), ('./My  Pets!', 'My-Pets'), ('a/.hidden', 'hidden'),
    ('a/-rf', 'rf'), ('a/letters.npz', 'letters'), ('a/v1.2', 'v1.2'), ('a/' + 'x' * 300, 'x' * 48), ('mnist', 'mnist'),
    ('nowhere', 'nowhere')])
def test_run_name(path, name):
    assert registry.run_name(path) == name


@pytest.mark.parametrize('path, name', [(u'a/\xdcbung', 'Ubung'), (u'a/\u732b', 'pictures-'), (u'a/;$(x)', 'x')])
def test_run_name_of_another_alphabet_fits_the_board(path, name):
    path = path.encode('utf-8') if sys.version_info[0] == 2 else path
    result = registry.run_name(path)
    assert result.startswith(name) and PACKAGE_NAME.match(result) and isinstance(result, str)


def test_other_names_in_another_alphabet_differ():
    assert registry.run_name(u'a/\u732b') != registry.run_name(u'a/\u72ac')


@pytest.mark.parametrize('path', ['data/mnist', './CIFAR10', 'x/svhn.npz'])
def test_a_built_in_name_is_refused(path):
    with pytest.raises(UserError) as caught:
        registry.run_name(path)
    assert 'rename' in str(caught.value)


def test_a_folder_of_a_built_in_name_does_not_hide_the_data_set(tmpdir, monkeypatch):
    monkeypatch.chdir(tmpdir)
    tmpdir.mkdir('mnist')
    tmpdir.mkdir('pets')
    assert registry.is_path('pets') and registry.is_path('./mnist')
    assert not registry.is_path('mnist') and not registry.is_path('cats')


def test_natural_order():
    shuffled = [u'b', u'10', u'9', u'a10', u'A2', u'a', u'01', u'1', u'\xe4', u'x1y10', u'x1y9', u'']
    assert sorted(shuffled, key=names.natural) == [
        u'', u'01', u'1', u'9', u'10', u'a', u'A2', u'a10', u'b', u'x1y9', u'x1y10', u'\xe4']


def test_shown_is_one_line_of_native_text():
    assert names.shown(u'a\nb\x1b[31m\u2028') == 'a?b?[31m?'
    assert isinstance(names.shown(u'\u732b'), str) and isinstance(names.shown(b'\xff'), str)
    assert names.text(u'u\u0308'.encode('utf-8')) == u'\xfc'
