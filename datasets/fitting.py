"""Fit pictures and arrays of any size to what a network reads, by the user's choices.

    fitting = Fitting('lfc', threshold=100, invert='yes')
    fitting.images(uint8 array (N, 64, 64))     # uint8 (N, 28, 28), 0 and 255
"""
from __future__ import absolute_import, division

import collections

import numpy as np

from common.overlays import NETWORKS
from datasets import pictures
from datasets.images import DatasetError

INVERT = ('auto', 'yes', 'no')
THRESHOLD = 128     # where pixels become +1: MNIST's (datasets.images.encode), and in the board's own software


class Fitting(collections.namedtuple('Fitting', ['net', 'threshold', 'invert'])):
    """How pictures are fitted to a network.

    Parameters
    ----------
    net : 'lfc' or 'cnv'
    threshold : int, optional
        LFC: the grey, 0 to 255, from which on a pixel is white (ink), after inversion. Default: Otsu's for
        pictures, 128 for images of 28x28 pixels.
    invert : 'auto', 'yes' or 'no'
        LFC: whether dark is ink. MNIST's ink is white on black; 'auto' inverts what has a bright border, ink on paper.

    Raises
    ------
    DatasetError
        For values out of range, and for either option with CNV, in colours.
    """

    __slots__ = ()

    def __new__(cls, net, threshold=None, invert=None):
        if not NETWORKS[net].black_and_white and (threshold is not None or invert is not None):
            raise DatasetError('THRESHOLD and INVERT (--threshold, --invert) are for LFC only: leave them out for CNV')
        if threshold is not None and not 0 <= threshold <= 255:
            raise DatasetError('threshold is %d: give a grey from 0 to 255' % threshold)
        if invert not in (None,) + INVERT:
            raise DatasetError('invert is %s: choose one of %s' % (invert, ', '.join(INVERT)))
        return super(Fitting, cls).__new__(cls, net, threshold, invert or 'auto')

    @property
    def shape(self):
        """Of an image: (28, 28) or (32, 32, 3)."""
        return NETWORKS[self.net].image_shape

    @property
    def reads_ink(self):
        """Whether the network reads black and white."""
        return NETWORKS[self.net].black_and_white

    def picture(self, picture, size):
        """A decoded picture fitted, uint8; for LFC maybe still grey: :meth:`black_and_white` comes last."""
        if self.reads_ink:
            return pictures.fit_photograph(picture, self.invert, self.threshold)
        return pictures.fit_colour(picture, size)

    def black_and_white(self, images):
        """LFC: 0 below the threshold, 255 from it on; CNV: the images as they are."""
        level = THRESHOLD if self.threshold is None else self.threshold
        return np.where(images >= level, *np.uint8([255, 0])) if self.reads_ink else images

    def decided(self, images):
        """This with 'auto' decided: whether grey images (N, rows, columns) for LFC, all alike, are ink on paper."""
        if not self.reads_ink or self.invert != 'auto' or images.ndim != 3:
            return self
        return self._replace(invert='yes' if pictures.bright_border(images) else 'no')

    def images(self, images, progress=iter):
        """Arrays of images, uint8 (N, rows, columns) or (N, rows, columns, 3), fitted.

        What has the network's size stays as it is, except LFC's inversion and threshold; grey images of 28x28 stay so
        for CNV. Whether grey ones are ink on paper is decided for all of them at once (:meth:`decided`).
        """
        if self.reads_ink and images.ndim == 3:
            images = 255 - images if self.decided(images).invert == 'yes' else images
            self = self._replace(invert='no')
        if images.shape[1:] not in (self.shape, (28, 28)):
            fitted = np.empty((len(images),) + self.shape, np.uint8)
            for index, image in enumerate(progress(images)):
                fitted[index] = self._array(image)
            images = fitted
        return self.black_and_white(images)

    def _array(self, image):
        from PIL import Image
        picture = Image.fromarray(np.ascontiguousarray(image))
        return self.picture(picture, picture.size)
