"""Test images that go with a package, and the simulator's answers to them, to check a board by.

    files = files_of(run)       # 'samples/images.bin' or 'samples/images-idx3-ubyte', and 'samples/answers.json'

The images are the first of the run's test set, in the form that the board's software reads.
"""
from __future__ import absolute_import

import json
import os
import struct

import numpy as np

from board.simulator import Simulator, answers
from common import npz
from common.files import open_regular
from common.overlays import MAX_CLASSES
from common.run_folder import BadRun
from datasets import inputs

COUNT = 100
_LARGEST = 2 ** 26      # bytes of all labels, or names


def files_of(run):
    """The sample files of a run.

    Parameters
    ----------
    run : common.run_folder.RunFolder

    Returns
    -------
    dict of str to bytes
        By the path within the parameter folder; none where the run has no test set.
    """
    if not os.path.exists(run.test_set):
        return {}
    images = inputs.read(run.test_set, run.overlay.image_shape)
    labels = read_labels(run, len(images), MAX_CLASSES)[:COUNT]
    images = images[:COUNT]
    scores = Simulator(run.folder, run.overlay).scores(images)
    record = {'labels': labels.tolist(), 'answers': answers(run.overlay, scores).tolist(), 'scores': scores.tolist()}
    name, write = ('images-idx3-ubyte', _idx) if len(run.overlay.image_shape) == 2 else ('images.bin', _cifar)
    return {'samples/' + name: write(images, labels),
            'samples/answers.json': (json.dumps(record, sort_keys=True) + '\n').encode('ascii')}


def read_labels(run, count, classes):
    """The labels of a run's test set, int (count,), from 0 to classes - 1.

    Raises
    ------
    BadRun
        The test set is damaged, or its labels do not fit.
    """
    try:
        labels = npz.read(run.test_set, ['y_test'], _LARGEST)['y_test']
    except ValueError as error:
        raise BadRun('%s is damaged (%s): train again' % (run.test_set, ' '.join(str(error).split())[:100]))
    if labels.shape != (count,) or labels.dtype.kind not in 'iu' or labels.min() < 0 or labels.max() >= classes:
        raise BadRun('%s: y_test is not one class, 0 to %d, for each image: train again' % (run.test_set, classes - 1))
    return labels.astype(int)


def read_names(run, count):
    """A name for each test image of a run: its file for a folder of pictures, else 'test image 7'; list of unicode.

    Raises
    ------
    BadRun
        There are names, but not one for each image.
    """
    if not os.path.exists(run.test_files):
        return [u'test image %d' % index for index in range(count)]
    with open_regular(run.test_files) as handle:
        names = handle.read(_LARGEST).decode('utf-8', 'replace').split(u'\n')
    if len(names) != count:
        raise BadRun('%s has %d names for %d test images: train again' % (run.test_files, len(names), count))
    return names


def _idx(images, labels):
    return struct.pack('>4I', 0x803, *images.shape) + images.tobytes()


def _cifar(images, labels):
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.hstack([labels.reshape(-1, 1), planes]).astype(np.uint8).tobytes()
