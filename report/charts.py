"""The geometry of charts; templates/macros.html draws them, templates/style.css has their colours and sizes.

    chart = lines('Loss', [('training', [0.9, 0.4]), ('validation', [1.1, 0.7])])

A series is drawn in the colour of its class, s1, s2, ...: CSS decides which that is, in light and in dark. The same
values give the same text on every Python.
"""
from __future__ import absolute_import, division, unicode_literals

import collections
import math

WIDTH, HEIGHT = 360, 220                        # of a line chart, in its own units: about pixels
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 36
_SUPERSCRIPTS = dict(zip('-0123456789', '\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'))


def number(value, digits=4):
    """A number to read: with commas, as many digits as are meaningful, and a true minus sign."""
    if isinstance(value, int) or abs(value) >= 10 ** (digits - 1) and finite(value):
        text = '{:,.0f}'.format(value)
    else:
        text = '%.*g' % (digits, value)
    return text.replace('-', '\u2212') if 'e' not in text else text


def finite(value):
    """Whether a value is a finite number."""
    return abs(value) < float('inf')


def power(exponent):
    """10 to the exponent, as text."""
    return '10' + ''.join(_SUPERSCRIPTS[character] for character in '%d' % exponent)


Chart = collections.namedtuple('Chart', [
    'title', 'names',           # of the series, in their order
    'label',                    # what it shows, in words
    'rows', 'columns',          # ticks: (y, text) and (x, text)
    'curves', 'dots'])          # (series, points of an SVG polyline), (series, x, y); series from 1 on


class Axis(object):
    """Where values lie between the ends of an axis, and its ticks.

    Parameters
    ----------
    values : list of float
        Finite, at least one; above 0 where `log`.
    log : bool
    whole : bool
        Ticks at whole numbers only, and no room beside the values.
    from_zero : bool
        Else the axis begins a little below the lowest value.
    """

    def __init__(self, values, log=False, whole=False, from_zero=True):
        low, high = min(values), max(values)
        self.log = log
        if log:
            low, high = math.floor(math.log10(low)), math.ceil(math.log10(high))
            high = max(high, low + 1)
            step = -(-(high - low) // 5)
            self.ticks = [(10. ** exponent, power(exponent)) for exponent in range(int(low), int(high) + 1, int(step))]
        elif whole:
            step = max(1, _step(high - low))
            first = low if high == low or step == 1 else math.ceil(low / step) * step
            self.ticks = [(tick, number(int(tick))) for tick in _range(first, high, step)]
        else:
            low, high = min(low, 0) if from_zero else low, high if high > 0 else 1
            step = _step(high - low)
            low = low if from_zero else math.floor(low / step + 1e-9) * step
            high = math.ceil(high / step - 1e-9) * step
            self.ticks = [(tick, number(tick)) for tick in _range(low, high, step)]
        self.low, self.high = low, high

    def __call__(self, value):
        """0 at the low end, 1 at the high end."""
        if self.log:
            value = math.log10(value)
        return (value - self.low) / (self.high - self.low) if self.high > self.low else .5


def _step(extent):
    """1, 2 or 5 times a power of ten: four to ten of them fill the extent."""
    if extent <= 0:
        return 1
    step = 10. ** math.floor(math.log10(extent / 4))
    return step * max(factor for factor in (1, 2, 5) if factor * step <= extent / 4 * (1 + 1e-9))


def _range(first, last, step):
    return [first + step * index for index in range(int((last - first) / step + 1e-9) + 1)]


def lines(title, series, log=False, marked=None, from_zero=True):
    """Curves over the epochs, 1, 2, ...

    Parameters
    ----------
    title : str
        Says the unit too.
    series : list of (name, values)
        Values are floats, the first of epoch 1; where one is not finite (or not above 0 on a logarithmic axis) the
        curve has a gap.
    log : bool
        A logarithmic axis.
    from_zero : bool
        As for :class:`Axis`.
    marked : int, optional
        The epoch at which the last series gets a dot.

    Returns
    -------
    Chart
        Without rows, columns, curves and dots where no value is finite.
    """
    series = [(name, [value if finite(value) and (value > 0 or not log) else None for value in values])
              for name, values in series]
    names = [name for name, _ in series]
    present = [value for _, values in series for value in values if value is not None]
    if not present:
        return Chart(title, names, '', [], [], [], [])
    across, up = Axis([1, max(len(values) for _, values in series)], whole=True), Axis(present, log, from_zero=from_zero)

    def x(epoch):
        return '%.1f' % (LEFT + (WIDTH - LEFT - RIGHT) * across(epoch))

    def y(value):
        return '%.1f' % (HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up(value))

    curves, dots = [], []
    for index, (_, values) in enumerate(series, 1):
        for piece in _pieces(values):
            if len(piece) > 1:
                curves.append((index, ' '.join('%s,%s' % (x(epoch), y(value)) for epoch, value in piece)))
            else:
                dots.append((index, x(piece[0][0]), y(piece[0][1])))
    if marked and series[-1][1][marked - 1] is not None:
        dots.append((len(series), x(marked), y(series[-1][1][marked - 1])))
    label = '%s by epoch: %s' % (title, '; '.join(
        '%s from %s to %s' % (name, number(known[0]), number(known[-1])) for name, known in (
            (name, [value for value in values if value is not None]) for name, values in series) if known))
    return Chart(title, names, label, [(y(value), text) for value, text in up.ticks],
                 [(x(value), text) for value, text in across.ticks], curves, dots)


def _pieces(values):
    """(epoch, value) without gaps, in pieces."""
    pieces = [[]]
    for epoch, value in enumerate(values, 1):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((epoch, value))
    return [piece for piece in pieces if piece]
