"""The contents of a page, by Python's own parser."""
from __future__ import absolute_import, unicode_literals

try:
    from html.parser import HTMLParser
except ImportError:
    from HTMLParser import HTMLParser


class Parser(HTMLParser):
    """The tags and the text of a piece of HTML."""

    def __init__(self, html):
        HTMLParser.__init__(self)
        self.tags, self.text = [], ''
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text += data

    def handle_entityref(self, name):       # Python 2.7 reports these separately
        self.text += {'amp': '&', 'lt': '<', 'gt': '>', 'quot': '"'}[name]

    def handle_charref(self, name):
        self.text += {'34': '"', '39': "'"}[name]
