# -*- coding: utf-8 -*-
"""What the network saw, as characters: every pixel, in the terminal's colours."""
from __future__ import absolute_import, division

import re

import numpy as np
import pytest

from board import seen

LFC = (np.random.RandomState(0).rand(28, 28) > .5).astype(np.uint8) * np.uint8(255)
CNV = np.random.RandomState(1).randint(0, 256, (32, 32, 3)).astype(np.uint8)


class Terminal(object):
    def __init__(self, encoding='utf-8', terminal=True):
        self.encoding, self.terminal = encoding, terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize('environment, terminal, count', [
    ({'COLORTERM': 'truecolor', 'TERM': 'xterm'}, True, 2 ** 24), ({'COLORTERM': '24bit'}, True, 2 ** 24),
    ({'TERM': 'xterm-256color'}, True, 256), ({'TERM': 'xterm'}, True, 0), ({}, True, 0), ({'TERM': 'dumb'}, True, 0),
    ({'COLORTERM': 'truecolor', 'NO_COLOR': '1'}, True, 0), ({'COLORTERM': 'truecolor', 'NO_COLOR': ''}, True, 2 ** 24),
    ({'COLORTERM': 'truecolor', 'TERM': 'xterm-256color'}, False, 0)])
def test_colours(environment, terminal, count):
    assert seen.colours(Terminal(terminal=terminal), environment) == count


@pytest.mark.parametrize('encoding, characters', [
    ('utf-8', u' \u2580\u2584\u2588'), ('ascii', u' \'.:'), ('latin-1', u' \'.:'), (None, u' \u2580\u2584\u2588')])
def test_every_pixel_of_lfc(encoding, characters):
    lines = seen.lines(LFC, 'lfc', Terminal(encoding, False), {})
    assert len(lines) == 14 and {len(line) for line in lines} == {30}
    codes = np.array([[characters.index(letter) for letter in line[1:-1]] for line in lines])
    read = np.empty((28, 28), bool)
    read[::2], read[1::2] = codes % 2, codes // 2
    np.testing.assert_array_equal(read, LFC == 255)


def test_greys_are_what_lfc_makes_of_them():
    grey = np.full((28, 28), 127, np.uint8)
    grey[0, 5] = 128
    lines = seen.lines(grey, 'lfc', Terminal(), {})
    assert lines[0][1:].index(u'\u2580') == 5 and set(u''.join(lines)) == set(u' |\u2580')


def cells(line):
    return [tuple(map(int, found)) for found in re.findall(
        u'\x1b\\[38;2;(\\d+);(\\d+);(\\d+);48;2;(\\d+);(\\d+);(\\d+)m\u2580', line)]


def test_every_pixel_of_cnv_in_true_colour():
    lines = seen.lines(CNV, 'cnv', Terminal(), {'COLORTERM': 'truecolor'})
    assert len(lines) == 16 and all(line.endswith(u'\x1b[0m') for line in lines)
    read = np.array([cells(line) for line in lines])
    np.testing.assert_array_equal(read[..., :3], CNV[::2])
    np.testing.assert_array_equal(read[..., 3:], CNV[1::2])


def test_256_colours_are_the_nearest_of_the_cube():
    image = np.zeros((32, 32, 3), np.uint8)
    image[0, 0], image[1, 0], image[0, 1] = (255, 0, 0), (0, 255, 255), (60, 130, 200)
    line = seen.lines(image, 'cnv', Terminal(), {'TERM': 'screen-256color'})[0]
    assert line.startswith(u'\x1b[38;5;196;48;5;51m\u2580\x1b[38;5;%d;48;5;16m' % (16 + 36 + 6 * 3 + 4))


def test_shades_without_colours():
    ramp = np.repeat(np.linspace(0, 255, 32).astype(np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)
    for encoding, count in (('utf-8', 5), ('ascii', 10)):
        lines = seen.lines(ramp, 'cnv', Terminal(encoding), {'NO_COLOR': '1', 'COLORTERM': 'truecolor'})
        assert len(set(lines)) == 1 and len(lines[0]) == 34 and len(lines) == 16
        shades = list(lines[0][1:-1])
        assert len(set(shades)) == count and shades == sorted(shades, key=seen._SHADES[encoding == 'ascii'].index)


def test_grey_for_cnv_stands_in_its_frame():
    lines = seen.lines(np.full((28, 28), 255, np.uint8), 'cnv', Terminal(), {})
    assert lines[0] == u'|' + u' ' * 32 + u'|' and lines[1] == u'|  ' + u'\u2588' * 28 + u'  |'
