"""hw/config.h as a C preprocessor would read it."""
from __future__ import absolute_import

import re

import pytest

from common.overlays import OVERLAYS
from weights_gen import header


def constants(name):
    return {key: int(value) for key, value in re.findall(r'(?m)^#define (\w+) (-?\d+)$', header.text(OVERLAYS[name]))}


def test_a_convolution():
    values = constants('cnvW1A2')
    assert {key[3:]: value for key, value in values.items() if key.startswith('L0_')} == dict(
        K=3, IFM_CH=3, IFM_DIM=32, OFM_CH=64, OFM_DIM=30, SIMD=3, PE=16, WMEM=36, TMEM=4, WPI=1, API=2, WPF=0, APF=0)


def test_a_dense_layer():
    values = constants('lfcW1A1')
    assert {key[3:]: value for key, value in values.items() if key.startswith('L0_')} == dict(
        SIMD=64, PE=32, WMEM=416, TMEM=32, MW=832, MH=1024, WPI=1, API=1, WPF=0, APF=0)


@pytest.mark.parametrize('name, layers', [('lfcW1A2', 4), ('cnvW1A1', 9), ('cnvW2A2', 9)])
def test_every_layer_within_one_include_guard(name, layers):
    text = header.text(OVERLAYS[name])
    assert {key.split('_')[0] for key in constants(name)} == {'L%d' % number for number in range(layers)}
    guard = re.search(r'#ifndef (\w+)\n#define \1\n', text)
    assert guard and text.endswith('#endif\n') and text.index('#define L0') > guard.end()
