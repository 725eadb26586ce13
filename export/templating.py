"""This folder's Jinja2 templates: C files as they are, pages with every name escaped."""
from __future__ import absolute_import

import os

import jinja2

_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')
_ENVIRONMENT = jinja2.Environment(loader=jinja2.FileSystemLoader(_FOLDER), undefined=jinja2.StrictUndefined,
                                  autoescape=lambda name: name.endswith('.html'), trim_blocks=True, lstrip_blocks=True,
                                  keep_trailing_newline=True)


def render(template, **values):
    """A template's text, unicode."""
    return _ENVIRONMENT.get_template(template).render(**values)
