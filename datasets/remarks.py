"""What to report about a picture although it can be read.

    transparent(picture)    # whether any part is, which the board's software ignores
    blank(picture)          # whether it is of one colour
    dark(picture)           # whether it is nearly black, as one of 12 bits in a file of 16 is
"""
from __future__ import absolute_import

_NEARLY, _DARK = 2, 16      # grey levels


def transparent(picture):
    """Whether a decoded picture (PIL.Image.Image) has pixels that are not opaque."""
    if picture.mode not in ('LA', 'PA', 'RGBA') and 'transparency' not in picture.info:
        return False
    return picture.convert('RGBA').split()[3].getextrema()[0] < 255


def blank(picture):
    """Whether all pixels of a decoded picture (PIL.Image.Image) have nearly one colour."""
    return all(high - low <= _NEARLY for low, high in _extrema(picture))


def dark(picture):
    """Whether a decoded picture (PIL.Image.Image) has no value above 15, of 255."""
    return all(high < _DARK for _, high in _extrema(picture))


def _extrema(picture):
    extrema = (picture if picture.mode in ('L', 'RGB') else picture.convert('RGB')).getextrema()
    return [extrema] if picture.mode == 'L' else extrema
