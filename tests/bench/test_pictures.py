"""bench/pictures.py: the photographs that it makes, and the figures that it prints."""
from __future__ import absolute_import, division

import json
import os

import pytest
from PIL import Image

from bench import pictures


def test_photographs_are_all_different(tmpdir):
    size = pictures.make(str(tmpdir), 6, (400, 300))
    found = [path for path in tmpdir.visit() if path.ext == '.jpg']
    assert len(found) == 6 == len({path.read_binary() for path in found}) and size == sum(path.size() for path in found)
    assert all(Image.open(str(path)).size == (400, 300) for path in found)


@pytest.mark.once
def test_figures(monkeypatch, capsys):
    monkeypatch.setattr(pictures, 'SIZE', (320, 240))
    make = pictures.make
    monkeypatch.setattr(pictures, 'make', lambda root, count: make(root, count, (320, 240)))
    before = os.environ.get('XDG_CACHE_HOME')
    assert pictures.main(['--count', '12', '--of', '120', '--json']) is None
    result = json.loads(capsys.readouterr()[0])
    assert (result['count'], result['of'], sorted(result['seconds'])) == (12, 120, ['cnv', 'lfc'])
    for times in result['seconds'].values():
        # Python 2.7's clock has a resolution of .01 s: reading the cache may take 0
        assert times['first'] > 0 <= times['again'] and abs(times['first, scaled'] - 10 * times['first']) < .1
    assert os.environ.get('XDG_CACHE_HOME') == before
    assert pictures.main(['--count', '12']) is None
    assert '12 JPEGs of 320x240' in capsys.readouterr()[0]
