"""Templates into pages: Jinja2 with autoescape, so that no name of a class or file ever becomes markup.

    html = page('run.html', {'title': 'CNV W1A1 on pets', ...})

Pages need no other file: style and script are in them, and the Content-Security-Policy allows nothing else.
"""
from __future__ import absolute_import, division, unicode_literals

import base64
import hashlib
import io
import os

import jinja2
from markupsafe import Markup
from PIL import Image

from report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, number

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')


def percent(value, decimals=2):
    """'98.40 %'"""
    return '%.*f\u202f%%' % (decimals, value)


def duration(microseconds):
    """'2.8 us', '1.62 ms', '4.58 s', with the micro sign."""
    for unit, size in (('s', 1e6), ('ms', 1e3)):
        if microseconds >= size:
            return '%s\u202f%s' % (number(microseconds / size, 3), unit)
    return '%s\u202f\u00b5s' % number(microseconds, 3)


def data_uri(image):
    """A uint8 image, grey or colour, as the URI of a PNG."""
    data = io.BytesIO()
    Image.fromarray(image).save(data, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(data.getvalue()).decode('ascii')


def first_upper(text):
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def _text(value):
    """What goes into a page; bytes, which names are on Python 2, as UTF-8."""
    return value.decode('utf-8', 'replace') if isinstance(value, bytes) else value


def _source_hash(script):
    return 'sha256-' + base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')


def _environment():
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, finalize=_text,
                              undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(number=number, percent=percent, duration=duration, data_uri=data_uri, first_upper=first_upper,
                        source_hash=_source_hash)
    made.globals['chart'] = {'width': WIDTH, 'height': HEIGHT, 'left': LEFT, 'right': WIDTH - RIGHT, 'top': TOP,
                             'bottom': HEIGHT - BOTTOM}
    return made


_ENVIRONMENT = _environment()


def page(template, values, script=None):
    """A page.

    Parameters
    ----------
    template : str
        Its file in templates/.
    values : dict
    script : str, optional
        The file in templates/ of the page's script; its hash is in the Content-Security-Policy.

    Returns
    -------
    str
        HTML.
    """
    source = Markup(_ENVIRONMENT.get_template(script).render()) if script else None
    return _ENVIRONMENT.get_template(template).render(script=source, **values) + '\n'
