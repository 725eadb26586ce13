"""The scales of charts, and curves with gaps."""
from __future__ import absolute_import, division, unicode_literals

import re

import pytest
from hypothesis import given, strategies

from report import charts

VALUES = strategies.lists(strategies.floats(1e-12, 1e12), min_size=1, max_size=5)


@given(VALUES, strategies.booleans())
def test_every_value_lies_within_its_axis(values, log):
    axis = charts.Axis(values, log=log)
    for value in values:
        assert -1e-6 <= axis(value) <= 1 + 1e-6
    assert 2 <= len(axis.ticks) <= 11
    places = [axis(tick) for tick, _ in axis.ticks]
    assert places == sorted(places) and -1e-6 <= places[0] and places[-1] <= 1 + 1e-6
    assert len({text for _, text in axis.ticks}) == len(axis.ticks)


@pytest.mark.parametrize('values, ticks', [
    ([0.02, 0.29], '0 0.05 0.1 0.15 0.2 0.25 0.3'), ([6, 57.2], '0 10 20 30 40 50 60'), ([0], '0 0.2 0.4 0.6 0.8 1'),
    ([80.28], '0 20 40 60 80 100')])
def test_ticks(values, ticks):
    assert ' '.join(text for _, text in charts.Axis(values).ticks) == ticks


def test_ticks_of_epochs_are_whole():
    assert [text for _, text in charts.Axis([1, 2], whole=True).ticks] == ['1', '2']
    assert [text for _, text in charts.Axis([1, 500], whole=True).ticks] == ['100', '200', '300', '400', '500']
    assert [text for _, text in charts.Axis([1, 1], whole=True).ticks] == ['1']


def test_powers():
    assert [text for _, text in charts.Axis([3e-7, 3e-3], log=True).ticks] == [
        '10\u207b\u2077', '10\u207b\u2076', '10\u207b\u2075', '10\u207b\u2074', '10\u207b\u00b3', '10\u207b\u00b2']


@pytest.mark.parametrize('value, text', [
    (0, '0'), (-6, '\u22126'), (32768, '32,768'), (0.5, '0.5'), (1.23456, '1.235'), (9155.27, '9,155'),
    (-0.25, '\u22120.25'), (3e-7, '3e-07'), (float('nan'), 'nan'), (float('inf'), 'inf')])
def test_numbers(value, text):
    assert charts.number(value) == text


def test_curves_have_gaps_where_there_is_no_number():
    chart = charts.lines('Loss', [('training', [.5, .4, float('nan'), .3, .2, float('inf'), .1])])
    assert [len(points.split()) for _, points in chart.curves] == [2, 2] and len(chart.dots) == 1
    assert not re.search('nan|inf', '%s' % (chart,))
    assert charts.lines('Loss', [('training', [float('nan')])])[3:] == ([], [], [], [])
    rate, = [points for _, points in charts.lines('LR', [('rate', [0, -1, 1e-3, 1e-4])], log=True).curves]
    assert len(rate.split()) == 2


def test_curves_run_from_the_left_to_the_right_and_values_up():
    (series, points), = charts.lines('Error, %', [('validation', [10., 20., 5.])]).curves
    across, down = zip(*[tuple(map(float, point.split(','))) for point in points.split()])
    assert series == 1
    assert across[0] == charts.LEFT and across[2] == charts.WIDTH - charts.RIGHT and across[1] == sum(across) / 3
    assert down[1] < down[0] < down[2]


def test_an_axis_that_does_not_begin_at_zero():
    axis = charts.Axis([71., 83.], from_zero=False)
    assert [text for _, text in axis.ticks] == ['70', '72', '74', '76', '78', '80', '82', '84']
    assert [text for _, text in charts.Axis([50.], from_zero=False).ticks]
