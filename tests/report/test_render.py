# -*- coding: utf-8 -*-
"""Text that goes into a template comes out of a parser unchanged."""
from __future__ import absolute_import, unicode_literals

import base64
import hashlib
import re

from hypothesis import given, strategies

from report import render
from tests.report.html import Parser

TEXT = strategies.text(strategies.characters(blacklist_categories=('Cs', 'Cc')), max_size=30)


def made(source, **values):
    return render._ENVIRONMENT.from_string(source).render(**values)


@given(TEXT, TEXT)
def test_no_text_becomes_markup(text, value):
    parsed = Parser(made('<p title="{{ value }}">{{ text }}</p>', text=text, value=value))
    assert (parsed.tags, parsed.text) == ([('p', {'title': value})], text)


def test_names_as_bytes_are_utf_8():
    assert made('{{ name }}', name='caf\u00e9'.encode('utf-8')) == 'caf\u00e9'
    assert made('{{ name }}', name=b'\xff') == '\ufffd'


def test_a_bar_reaches_from_its_start():
    def bar(text):
        return made('{% from "macros.html" import bar with context %}{{ bar(' + text + ') }}')
    assert 'left:25.00%;width:50.00%' in bar('0.75, "s1", 0.25, zero=0.25') and '<b' in bar('0.75, "s1", 0.25, zero=0.25')
    assert 'left:0.00%;width:40.00%' in bar('0.4, "s1"') and '<b' not in bar('0.4, "s1"') and '<u' not in bar('0.4, "s1"')
    assert '<u style="left:30.00%;width:20.00%"' in bar('0.4, "s1", low=30, high=50')


def test_a_script_is_allowed_by_its_hash_alone():
    html = render.page('compare.html', {'title': 'x', 'groups': [], 'colours': [], 'legend': True}, script='sort.js')
    script, = re.findall('<script>(.*?)</script>', html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')
    policy = dict(Parser(html).tags[5][1])['content']
    assert policy == ("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-%s'" % digest)
