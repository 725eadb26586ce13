"""The report's charts, as SVG and HTML whose colours and sizes are the style sheet's (report.css).

A series is drawn in the colour of its class, s1, s2, ...: CSS decides which that is, in light and in dark.
"""
from __future__ import absolute_import, division, unicode_literals

import math

from board.markup import element

WIDTH, HEIGHT = 360, 220                        # of a line chart, in its own units: about pixels
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 10, 36
_SUPERSCRIPTS = dict(zip('-0123456789', '\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079'))


def number(value, digits=4):
    """A number for a reader: thousands set apart, as many digits as say something, a true minus sign."""
    if isinstance(value, int) or abs(value) >= 10 ** (digits - 1) and finite(value):
        text = '{:,.0f}'.format(value)
    else:
        text = '%.*g' % (digits, value)
    return text.replace('-', '\u2212') if 'e' not in text else text


def finite(value):
    """Neither infinite nor not a number."""
    return abs(value) < float('inf')


def power(exponent):
    """10 to the exponent, as text."""
    return '10' + ''.join(_SUPERSCRIPTS[character] for character in '%d' % exponent)


class Axis(object):
    """Where values lie between the ends of an axis, and its ticks.

    Parameters
    ----------
    values : list of float
        Finite, at least one; above 0 where `log`.
    log : bool
    whole : bool
        Ticks at whole numbers only, and no room beside the values.
    """

    def __init__(self, values, log=False, whole=False):
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
            low, high = min(low, 0), high if high > 0 else 1
            step = _step(high - low)
            high = math.ceil(high / step - 1e-9) * step
            self.ticks = [(tick, number(tick)) for tick in _range(low, high, step)]
        self.low, self.high = low, high

    def __call__(self, value):
        """0 at the low end, 1 at the high end."""
        if self.log:
            value = math.log10(value)
        return (value - self.low) / (self.high - self.low) if self.high > self.low else .5


def _step(extent):
    """1, 2 or 5 times a power of ten, such that four to ten of them fill the extent."""
    if extent <= 0:
        return 1
    step = 10. ** math.floor(math.log10(extent / 4))
    return step * max(factor for factor in (1, 2, 5) if factor * step <= extent / 4 * (1 + 1e-9))


def _range(first, last, step):
    return [first + step * index for index in range(int((last - first) / step + 1e-9) + 1)]


def lines(title, series, log=False, marked=None):
    """Curves over the epochs, 1, 2, ..., with their names as the legend above them.

    Parameters
    ----------
    title : str
        Says the unit too.
    series : list of (name, values)
        Values are floats, the first of epoch 1; where one is not finite (or not above 0 on a logarithmic axis) the
        curve has a gap.
    log : bool
        A logarithmic axis.
    marked : int, optional
        The epoch at which the last series gets a dot.

    Returns
    -------
    board.markup.Markup
    """
    series = [(name, [value if finite(value) and (value > 0 or not log) else None for value in values])
              for name, values in series]
    present = [value for _, values in series for value in values if value is not None]
    caption = element('figcaption', element('strong', title), [
        element('span', name, class_='key s%d' % index) for index, (name, _) in enumerate(series, 1)]
        if len(series) > 1 else None)
    if not present:
        return element('figure', caption, element('p', 'No epoch has a finite value.', class_='note'))
    across, up = Axis([1, max(len(values) for _, values in series)], whole=True), Axis(present, log)

    def place(epoch, value):
        return (LEFT + (WIDTH - LEFT - RIGHT) * across(epoch), HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * up(value))

    parts = [_grid(across, up)]
    for index, (name, values) in enumerate(series, 1):
        for run in _runs(values):
            points = [place(*point) for point in run]
            parts.append(element('polyline', points=' '.join('%.1f,%.1f' % point for point in points),
                                 class_='line s%d' % index) if len(points) > 1 else _dot(points[0], index))
    if marked and series[-1][1][marked - 1] is not None:
        parts.append(_dot(place(marked, series[-1][1][marked - 1]), len(series)))
    label = '%s by epoch: %s' % (title, '; '.join(
        '%s from %s to %s' % (name, number(finite[0]), number(finite[-1])) for name, finite in (
            (name, [value for value in values if value is not None]) for name, values in series) if finite))
    return element('figure', caption, element('svg', parts, viewBox='0 0 %d %d' % (WIDTH, HEIGHT), role='img',
                                              aria_label=label))


def _runs(values):
    """(epoch, value) without gaps, in pieces."""
    runs = [[]]
    for epoch, value in enumerate(values, 1):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((epoch, value))
    return [run for run in runs if run]


def _dot(point, index):
    return element('circle', cx='%.1f' % point[0], cy='%.1f' % point[1], r=3.5, class_='dot s%d' % index)


def _grid(across, up):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, text in up.ticks:
        y = bottom - (bottom - TOP) * up(value)
        parts += [element('line', x1=LEFT, x2=right, y1='%.1f' % y, y2='%.1f' % y, class_='grid'),
                  element('text', text, x=LEFT - 8, y='%.1f' % (y + 4), text_anchor='end')]
    for value, text in across.ticks:
        x = LEFT + (right - LEFT) * across(value)
        parts.append(element('text', text, x='%.1f' % x, y=bottom + 16, text_anchor='middle'))
    return parts + [element('text', 'epoch', x=right, y=HEIGHT - 4, text_anchor='end', class_='axis')]


def bar(share, kind='', start=None):
    """A bar as HTML: from `start` to `share` of the width that there is, 0 to 1.

    Parameters
    ----------
    share : float
    kind : str
        A class for its colour.
    start : float, optional
        Where given, a line marks it.
    """
    left, right = sorted((start or 0., share))
    filled = element('i', class_=kind or None, style='left:%.2f%%;width:%.2f%%' % (100 * left, 100 * (right - left)))
    mark = None if start is None else element('b', style='left:%.2f%%' % (100 * start))
    return element('span', filled, mark, class_='bar')
