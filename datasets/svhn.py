"""SVHN, cropped digits: 73,257 + 26,032 images of 32x32 (Y. Netzer et al., 2011), from MATLAB's files.

    data = load('cnv', 'data')      # data/train_32x32.mat, data/test_32x32.mat, or in data/svhn

The file's label 10 is the digit 0; here classes are the digits in order, where the parameters that BNN-PYNQ published
("streetview") have 0 behind 9. Nothing is unpickled: MATLAB's files hold plain arrays.
"""
from __future__ import absolute_import, division

import collections
import os

import numpy as np

from common.files import open_regular, sha256
from datasets import arrays, mat_files, names, readers
from datasets.fitting import Fitting
from datasets.images import DatasetError, bases
from datasets.messages import say

Published = collections.namedtuple('Published', ['size', 'sha256'])

# TorchVision knows the same files by their MD5, e26dedcc434d2e4c54c9b2d4a06d8373 and eb5a983be6a315427106f1b164d9cef3.
FILES = {'train_32x32.mat': Published(182040794, '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8'),
         'test_32x32.mat': Published(64275384, 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b')}

_LARGEST_MAT = 2 ** 30      # bytes of pixels
_WHERE = 'http://ufldl.stanford.edu/housenumbers'


def load(net, data_dir=None):
    """SVHN from its files in a folder, or in a folder ``svhn`` or ``SVHN`` there."""
    files = ' and '.join(sorted(FILES, reverse=True))
    for base in bases(data_dir, 'svhn', files, _WHERE):
        if all(os.path.isfile(os.path.join(base, name)) for name in FILES):
            parts = {name.split('_')[0]: _read_mat(os.path.join(base, name)) for name in FILES}
            return arrays.dataset(base, Fitting('cnv'), parts, [u'%d' % digit for digit in range(10)], name='svhn')
    raise DatasetError('%s does not hold %s: get it from %s' % (data_dir, files, _WHERE))


def _read_mat(path):
    """Images (N, 32, 32, 3) and digits of one of SVHN's files."""
    published = FILES[os.path.basename(path)]
    if os.path.getsize(path) != published.size:
        say('%s is not the published file: it has %d bytes, not %d' % (
            path, os.path.getsize(path), published.size))
    elif sha256(path) != published.sha256:
        raise DatasetError('%s is damaged: its SHA-256 is not the published %s; fetch it again'
                           % (path, published.sha256))
    try:
        with open_regular(path) as handle:
            shapes = mat_files.describe(handle)
            images, labels = shapes.get('X', ()), shapes.get('y', ())
            if len(images) != 4 or images[:3] != (32, 32, 3) or labels != (images[3], 1):
                raise DatasetError('%s holds %s: expected X of shape (32, 32, 3, N) and y of shape (N, 1)' % (
                    path, ', '.join('%s %s' % (names.shown(name), shapes[name]) for name in sorted(shapes)) or 'nothing'))
            if 3072 * images[3] > _LARGEST_MAT:
                raise DatasetError('%s announces %d images: at most %d are read' % (
                    path, images[3], _LARGEST_MAT // 3072))
            content = mat_files.read(handle, ['X', 'y'], _LARGEST_MAT)
    except readers.DAMAGE as error:
        raise DatasetError('%s cannot be read as a MATLAB file, version 5: fetch it again (%s)' % (
            path, ' '.join(str(error).split())))
    with np.errstate(invalid='ignore'):
        whole = np.array_equal(content['y'], content['y'].astype(np.int64))
    if content['X'].dtype != np.uint8 or not whole:
        raise DatasetError('%s holds X of %s and y of %s: expected bytes, and whole numbers' % (
            path, content['X'].dtype, content['y'].dtype))
    labels = content['y'].reshape(-1)
    if labels.min() < 1 or labels.max() > 10:
        raise DatasetError('%s has labels from %s to %s: expected 1 to 10' % (path, labels.min(), labels.max()))
    return np.ascontiguousarray(content['X'].transpose(3, 0, 1, 2)), labels.astype(np.int64) % 10
