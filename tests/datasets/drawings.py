"""Folders of pictures for the tests: shapes in all sizes, and in the modes and formats that Pillow writes."""
from __future__ import absolute_import, division

import os

import numpy as np
import pytest
from PIL import Image, ImageDraw

SHAPES = (u'circle', u'square', u'star')
KINDS = (('RGB', 'jpg'), ('RGB', 'png'), ('P', 'gif'), ('L', 'bmp'), ('RGBA', 'png'), ('L', 'jpg'), ('CMYK', 'jpg'),
         ('1', 'png'), ('P', 'png'), ('LA', 'png'), ('I;16', 'png'), ('RGB', 'bmp'))


def shape(name, random, size=None, dark_on_light=True):
    """An RGB picture of a shape at a random place, in a random size and colour."""
    width, height = size or random.randint(40, 160, 2)
    ink, paper = random.randint(0, 100, 3), random.randint(180, 256, 3)
    if not dark_on_light:
        ink, paper = paper, ink
    picture = Image.new('RGB', (width, height), tuple(int(value) for value in paper))
    radius = min(width, height) * random.uniform(.3, .42)
    x, y = width / 2 + random.uniform(-3, 3), height / 2 + random.uniform(-3, 3)
    colour = tuple(int(value) for value in ink)
    draw = ImageDraw.Draw(picture)
    if name == 'circle':
        flat = radius * random.uniform(.8, 1)
        draw.ellipse([x - radius, y - flat, x + radius, y + flat], fill=colour)
    elif name == 'square':
        angles = random.uniform(-.3, .3) + np.array([-1, 1, 3, 5]) * np.pi / 4
        draw.polygon([(x + radius * np.cos(angle), y + radius * np.sin(angle)) for angle in angles], fill=colour)
    else:
        angles = random.uniform(0, .4) + np.arange(10) * np.pi / 5
        lengths = radius * np.where(np.arange(10) % 2, .4, 1.1)
        draw.polygon([(x + length * np.sin(angle), y - length * np.cos(angle))
                      for angle, length in zip(angles, lengths)], fill=colour)
    return picture


def save(picture, path, mode='RGB'):
    """Write a picture in a mode and the format of its name."""
    if mode == 'I;16':
        picture = Image.fromarray(np.array(picture.convert('L')).astype(np.uint16) * 257)
    elif mode == 'P':
        picture = picture.quantize(16)
    elif mode == '1':
        picture = picture.convert('L').point(lambda grey: 255 * (grey > 128)).convert('1')
    elif mode == 'LA':
        picture = picture.convert('L').convert('LA')
    else:
        picture = picture.convert(mode)
    picture.save(path)


def folder(root, count, classes=SHAPES, seed=0, kinds=KINDS):
    """Class folders below `root` with `count` pictures each, of all kinds in turn."""
    random = np.random.RandomState(seed)
    for number, title in enumerate(classes):
        where = os.path.join(root, title)
        os.makedirs(where)
        for index in range(count):
            mode, ending = kinds[index % len(kinds)]
            picture = shape(SHAPES[number % len(SHAPES)], random, dark_on_light=index % 5 != 4)
            save(picture, os.path.join(where, '%d.%s' % (index + 1, ending)), mode)
    return root


@pytest.fixture(autouse=True)
def own_cache(tmpdir, monkeypatch):
    """A cache of decoded pictures for one test."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmpdir.join('cache')))
