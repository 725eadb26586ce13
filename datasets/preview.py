"""A sheet that shows what a network sees of your own pictures, how many of each class are in each part, and what a
training would refuse.

    python -m datasets.preview photos/pets --net lfc --threshold 100
"""
from __future__ import absolute_import, division, print_function

import collections
import io
import os
import sys

import numpy as np

from common import options
from common.errors import UserError, run
from common.files import whole_file
from common.overlays import NETWORKS
from datasets import arrays, folder, names, registry, splits
from datasets.fitting import Fitting
from datasets.folder.decode import thumbnail
from datasets.images import encode
from datasets.messages import say
from datasets.own import is_arrays, resolved

_EXAMPLES, _PAIRS = 10, 128         # most pictures of a class, of all classes (but at least two of each)
_SIDE, _GAP, _LETTER = 64, 6, 14    # pixels of an example, between two, of a line of text
_INVERSIONS = {'auto': 'inverted where ink is dark', 'yes': 'inverted', 'no': 'not inverted'}
_PAPER, _INK = (246, 246, 244), (40, 40, 40)


def preview(path, fitting, out, broken='skip', tell=None):
    """Write a sheet (PNG) of examples of each class, as they are and as the network sees them.

    Parameters
    ----------
    path : str
        What :func:`datasets.own.load` reads.
    fitting : datasets.fitting.Fitting
    out : str
    broken : 'skip' or 'stop'
    tell : callable, optional
        Takes a line about the pictures; default: print it to stderr.

    Returns
    -------
    list of str
        What a training would refuse.

    Raises
    ------
    datasets.images.DatasetError
        There is nothing to show.
    """
    name, path, refused = names.file_name(path), resolved(path), []
    if is_arrays(path):
        data = arrays.load(path, fitting)
        titles, train = data.class_names, data.train
        examples = [[(None, train.images[index]) for index in np.flatnonzero(train.labels == label)[:_count(titles)]]
                    for label in range(len(titles))]
        counts = [np.bincount(part.labels, minlength=len(titles)) for part in (train, data.valid, data.test)]
    else:
        found, chosen = folder.collect(path, fitting, broken, tell, refused.append)
        titles = found.classes
        examples = [[(os.path.join(names.encoded(path), picture.path), picture.image) for picture in sorted(
            (picture for picture in chosen if picture.label == label), key=lambda picture: splits.order(picture.file))]
            [:_count(titles)] for label in range(len(titles))]
        number = collections.Counter((picture.part, picture.label) for picture in chosen)
        counts = [[number[part, label] for label in range(len(titles))] for part in ('train', 'valid', 'test')]
    lines = [u'%s: %d to train on, %d to validate, %d to test' % ((title,) + tuple(some))
             for title, some in zip(titles, zip(*counts))]
    for line in lines:
        (tell or say)('  ' + names.shown(line))
    batch = NETWORKS[fitting.net].training.batch_size
    if sum(counts[0]) < batch:
        (tell or say)('%s: %d pictures to train on do not fill one batch of %d: a training needs %d more' % (
            path, sum(counts[0]), batch, batch - sum(counts[0])))
    stream = io.BytesIO()
    sheet(_heading(name, fitting, is_arrays(path)), lines, examples, fitting.net).save(stream, 'PNG')
    with whole_file(out) as handle:
        handle.write(stream.getvalue())
    return refused


def _count(titles):
    return max(2, min(_EXAMPLES, _PAIRS // len(titles)))


def _heading(name, fitting, views_only):
    kind = 'CNV: 32x32, colours'
    if fitting.reads_ink:
        threshold = "by Otsu's threshold" if fitting.threshold is None else 'from grey %d on' % fitting.threshold
        kind = 'LFC: 28x28, white %s, %s' % (threshold, _INVERSIONS[fitting.invert])
    return [kind, '%s: %swhat the network sees' % (name, '' if views_only else 'the pictures, and below each ')]


def sheet(heading, titles, examples, net):
    """A picture with a row for each class.

    Parameters
    ----------
    heading, titles : lists of unicode
    examples : list of lists of (path or None, uint8 image)
        For each title; of a file with a path the picture itself is shown too.
    net : 'lfc' or 'cnv'

    Returns
    -------
    PIL.Image.Image
    """
    from PIL import Image, ImageDraw
    font = _font()
    shown_above = any(original for row in examples for original, _ in row)
    rows = 2 if shown_above else 1
    step = _LETTER + _GAP + rows * (_SIDE + 2) + 2 * _GAP
    width = max(420, _GAP + max(map(len, examples)) * (_SIDE + _GAP))
    top = _GAP + len(heading) * (_LETTER + 4) + _GAP
    canvas = Image.new('RGB', (width, top + step * len(titles)), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, line in enumerate(heading):
        draw.text((_GAP, _GAP + number * (_LETTER + 4)), line, _INK, font=font)
    for title, row in zip(titles, examples):
        draw.text((_GAP, top), _drawable(title, font), _INK, font=font)
        for column, (original, image) in enumerate(row):
            place = (_GAP + column * (_SIDE + _GAP), top + _LETTER + _GAP)
            if original:
                canvas.paste(thumbnail(original, _SIDE), place)
            canvas.paste(_view(image, net), (place[0], place[1] + (_SIDE + 2 if shown_above else 0)))
        top += step
    return canvas


def seen(image, net):
    """What the network reads of an image, uint8 (rows, columns, 3)."""
    planes = (encode(image[None], net)[0].transpose(1, 2, 0) + 1) * 127.5
    return np.repeat(np.rint(planes).astype(np.uint8), 3 // planes.shape[2], axis=2)


def _view(image, net):
    from PIL import Image
    return Image.fromarray(seen(image, net)).resize((_SIDE, _SIDE), Image.NEAREST)


def _font():
    """matplotlib's font, which has more letters; Pillow's where there is no matplotlib."""
    from PIL import ImageFont
    try:
        from matplotlib import font_manager
        return ImageFont.truetype(font_manager.findfont('DejaVu Sans'), _LETTER - 2)
    except (ImportError, EnvironmentError):
        return ImageFont.load_default()


def _drawable(title, font):
    if hasattr(font, 'path'):
        return title
    return title.encode('latin-1', 'replace').decode('latin-1')


def main(arguments):
    """Write a preview."""
    parser = options.parser('preview', 'What a network sees of your own pictures.')
    parser.add_argument('--out', metavar='FILE.png', help='default: <data set>-<net>-preview.png in OUT')
    parser.add_argument('path', nargs='?', metavar='PATH', help='the same as --dataset')
    given = parser.parse_args(arguments)
    given.dataset = given.path or given.dataset
    if not given.dataset or not registry.is_path(given.dataset):
        what = '%s is a known data set, not a path: ' if given.dataset in registry.KNOWN else 'there is no path %s: '
        raise UserError('%sgive DATASET= a folder of class folders, a .zip of one, or an .npz'
                        % (what % given.dataset if given.dataset else ''))
    out = given.out or os.path.join(given.runs, '%s-%s-preview.png' % (registry.run_name(given.dataset), given.net))
    if os.path.isdir(out):
        raise UserError('%s is a folder: name a file, --out FILE.png' % out)
    where = os.path.dirname(out)
    if where and not os.path.isdir(where):
        os.makedirs(where)
    refused = preview(given.dataset, Fitting(given.net, given.threshold, given.invert), out, given.broken)
    print(out)
    for line in refused[:-1]:
        say('make train would refuse this: %s' % line)
    if refused:
        raise UserError('make train would refuse this: %s' % refused[-1])


if __name__ == '__main__':
    sys.exit(run(main))
