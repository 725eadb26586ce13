"""What to report about a picture although it can be read.

    transparent(picture)    # whether any part is, which the board's software ignores
    blank(picture)          # whether it is of one colour
"""
from __future__ import absolute_import

_NEARLY = 2     # grey levels


def transparent(picture):
    """Whether a decoded picture (PIL.Image.Image) has pixels that are not opaque."""
    if picture.mode not in ('LA', 'PA', 'RGBA') and 'transparency' not in picture.info:
        return False
    return picture.convert('RGBA').split()[3].getextrema()[0] < 255


def blank(picture):
    """Whether all pixels of a decoded picture (PIL.Image.Image) have nearly one colour."""
    extrema = (picture if picture.mode in ('L', 'RGB') else picture.convert('RGB')).getextrema()
    return all(high - low <= _NEARLY for low, high in ([extrema] if picture.mode == 'L' else extrema))
