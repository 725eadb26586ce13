"""What a network sees of an image, drawn with characters: blocks, and colours where the terminal has them.

    lines(image, 'lfc', sys.stdout)     # 14 lines of 28 characters: one for two pixels, one above the other

Colours are used where the stream is a terminal that announces them (COLORTERM, or a TERM with 256) and NO_COLOR is not
set; elsewhere shades, in ASCII where the stream's encoding has no blocks.
"""
from __future__ import absolute_import, division

import os

import numpy as np

from common.overlays import NETWORKS
from datasets.preview import seen

_UPPER = u'\u2580'
_HALVES, _SHADES = (u' \u2580\u2584\u2588', u' \'.:'), (u' \u2591\u2592\u2593\u2588', u' .:-=+*#%@')   # blocks, ASCII


def colours(stream, environment=None):
    """How many colours a stream shows: 0, 256 or 2**24."""
    environment = os.environ if environment is None else environment
    if not (hasattr(stream, 'isatty') and stream.isatty()) or environment.get('NO_COLOR'):
        return 0
    if environment.get('COLORTERM', '').lower() in ('truecolor', '24bit'):
        return 2 ** 24
    return 256 if '256' in environment.get('TERM', '') else 0


def lines(image, net, stream, environment=None):
    """An image as lines of text.

    Parameters
    ----------
    image : uint8 array, (28, 28) or (32, 32, 3)
    net : 'lfc' or 'cnv'
    stream : file
        Where they will be printed.
    environment : dict, optional
        Default: the process's own.

    Returns
    -------
    list of unicode
    """
    pixels = seen(image, net)
    count = colours(stream, environment)
    blocks = _can_show(stream, _HALVES[0] + _SHADES[0])
    if count and blocks:
        return [_coloured(*pair, count=count) for pair in zip(pixels[::2], pixels[1::2])]
    if NETWORKS[net].black_and_white:
        halves = (pixels[::2, :, 0] > 127) + 2 * (pixels[1::2, :, 0] > 127)
        rows = [u''.join(_HALVES[not blocks][index] for index in row) for row in halves]
    else:
        shades = _SHADES[not blocks]
        grey = pixels.dot([.299, .587, .114]).reshape(len(pixels) // 2, 2, -1).mean(axis=1)
        rows = [u''.join(shades[int(value * len(shades) // 256)] for value in row) for row in grey]
    return [u'|%s|' % row for row in rows]


def _can_show(stream, text):
    try:
        text.encode(getattr(stream, 'encoding', None) or 'utf-8')
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _coloured(upper, lower, count):
    """Half blocks: the upper pixel is the character's colour, the lower one the ground's."""
    cells = [u'\x1b[38;%s;48;%sm%s' % (_code(above, count), _code(below, count), _UPPER)
             for above, below in zip(upper.tolist(), lower.tolist())]
    return u''.join(cells) + u'\x1b[0m'


def _code(colour, count):
    if count == 256:        # a cube of 6x6x6, from 16 on
        return u'5;%d' % (16 + int(np.dot([36, 6, 1], [(value * 5 + 127) // 255 for value in colour])))
    return u'2;%d;%d;%d' % tuple(colour)
