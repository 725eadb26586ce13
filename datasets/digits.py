"""The embedded digits: the data set that needs no network.

1,797 handwritten digits of 8x8 pixels (E. Alpaydin and C. Kaynak, UCI, 1998), from scikit-learn, drawn large enough.
"""
from __future__ import absolute_import, division

import numpy as np

from common.overlays import NETWORKS
from datasets.images import Dataset, Images

_SEED = 1797
_SPLIT = (1297, 200, 300)    # training, validation, test
_VARIANTS = 4                # drawings of each training digit; each validation and test digit once
_SHIFT = 2                   # pixels, at most


def load(net, data_dir=None):
    """scikit-learn's digits, drawn large enough for a network.

    LFC: 20x20 in a 28x28 frame, black or white (0 or 255). CNV: 24x24 in 32x32, in a random light colour on a random
    dark one. The place varies by up to 2 pixels; everything is drawn with a fixed seed, so that the images are always
    the same.
    """
    from scipy import ndimage
    from sklearn.datasets import load_digits

    source = load_digits()
    random = np.random.RandomState(_SEED)
    order = random.permutation(len(source.images))
    side = NETWORKS[net].image_shape[0]
    size = side - 8
    drawn = np.array([ndimage.zoom(image / 16., size / 8., order=1) for image in source.images])
    parts, start = [], 0
    for count, variants in zip(_SPLIT, (_VARIANTS, 1, 1)):
        chosen = np.tile(order[start:start + count], variants)
        parts.append(Images(_placed(drawn[chosen], side, net, random), source.target[chosen].astype(np.uint8)))
        start += count
    return Dataset('digits', parts[0], parts[1], parts[2], list(NETWORKS['lfc'].classes))


def _placed(ink, side, net, random):
    """Ink (N, size, size) in [0, 1] on pictures of the network's kind."""
    size = ink.shape[1]
    middle = (side - size) // 2
    canvas = np.zeros((len(ink), side, side))
    corners = middle + random.randint(-_SHIFT, _SHIFT + 1, (len(ink), 2))
    for picture, digit, (row, column) in zip(canvas, ink, corners):
        picture[row:row + size, column:column + size] = digit
    if NETWORKS[net].black_and_white:
        return np.where(canvas >= .5, 255, 0).astype(np.uint8)
    paper = random.uniform(0, .4, (len(ink), 1, 1, 3))
    colour = random.uniform(.6, 1, paper.shape)
    shade = canvas[..., None]
    return np.round(255 * (paper * (1 - shade) + colour * shade)).astype(np.uint8)
