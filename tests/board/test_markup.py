# -*- coding: utf-8 -*-
"""Whatever goes into markup comes out of a parser as it was."""
from __future__ import absolute_import, unicode_literals

try:
    from html.parser import HTMLParser
except ImportError:
    from HTMLParser import HTMLParser

from hypothesis import given, strategies

from board.markup import Markup, element, join

TEXT = strategies.text(strategies.characters(blacklist_categories=('Cs', 'Cc')), max_size=30)


class Parser(HTMLParser):
    """What a piece of HTML holds."""

    def __init__(self, html):
        HTMLParser.__init__(self)
        self.tags, self.text = [], ''
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def handle_entityref(self, name):       # Python 2.7 hands these over apart
        self.text += {'amp': '&', 'lt': '<', 'gt': '>', 'quot': '"'}[name]


@given(TEXT, TEXT)
def test_no_text_becomes_markup(text, value):
    parsed = Parser(element('p', text, title=value))
    assert (parsed.tags, parsed.text) == ([('p', {'title': value})], text)


def test_elements():
    assert element('p', 'a & b', [element('b', 7), None], class_='x y', aria_label='1 < 2', id=None) == (
        '<p aria-label="1 &lt; 2" class="x y">a &amp; b<b>7</b></p>')
    assert element('img', alt='', src='data:,') == '<img alt="" src="data:,">'
    assert element('p', 'caf\u00e9'.encode('utf-8'), b'\xff') == '<p>caf\u00e9\ufffd</p>'
    assert join(['<', Markup('<br>')]) == '&lt;<br>'
