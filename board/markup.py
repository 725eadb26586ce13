"""HTML and SVG as nested calls; whatever is not markup already is escaped.

    element('p', 'a < b, ', element('b', name), class_='note')      # <p class="note">a &lt; b, <b>...</b></p>
"""
from __future__ import absolute_import, unicode_literals

_VOID = ('br', 'img', 'link', 'meta')


class Markup(type('')):
    """Text that is markup already."""


def escape(value):
    """A text (bytes: UTF-8), or a number, as markup.

    Returns
    -------
    Markup
    """
    if isinstance(value, Markup):
        return value
    text = value.decode('utf-8', 'replace') if isinstance(value, bytes) else '%s' % (value,)
    for character, entity in (('&', '&amp;'), ('<', '&lt;'), ('>', '&gt;'), ('"', '&quot;')):
        text = text.replace(character, entity)
    return Markup(text)


def join(children):
    """Markup of several children, one after the other; None is left out, a list's items are children too."""
    parts = []
    for child in children:
        if isinstance(child, (list, tuple)):
            parts.append(join(child))
        elif child is not None:
            parts.append(escape(child))
    return Markup(''.join(parts))


def element(tag, *children, **attributes):
    """An element.

    Parameters
    ----------
    tag : str
    children : str, number, Markup, list or None
    attributes
        Underscores stand for hyphens, one at the end is dropped (``class_``); None leaves the attribute out. They are
        written in alphabetical order.

    Returns
    -------
    Markup
    """
    text = ''.join(' %s="%s"' % (key.rstrip('_').replace('_', '-'), escape(value))
                   for key, value in sorted(attributes.items()) if value is not None)
    end = '' if tag in _VOID else '%s</%s>' % (join(children), tag)
    return Markup('<%s%s>%s' % (tag, text, end))
