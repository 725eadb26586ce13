"""Test images that travel with a package, and what the simulator answers them: the proof that a board agrees.

    files = files_of(run)       # 'samples/images.bin' or 'samples/images-idx3-ubyte', and 'samples/answers.json'

The images are the first of the run's test set, in the form that the board's software reads.
"""
from __future__ import absolute_import

import json
import os
import struct

import numpy as np

from board.simulator import Simulator, answers
from common.run_folder import BadRun
from datasets import inputs

COUNT = 100


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
    images = inputs.read(run.test_set, run.overlay.image_shape)[:COUNT]
    with np.load(run.test_set, allow_pickle=False) as archive:
        if 'y_test' not in archive:
            raise BadRun('%s has no labels, y_test: train again' % run.test_set)
        labels = archive['y_test'][:COUNT].ravel()
    scores = Simulator(run.folder, run.overlay).scores(images)
    record = {'labels': labels.tolist(), 'answers': answers(run.overlay, scores).tolist(), 'scores': scores.tolist()}
    name, write = ('images-idx3-ubyte', _idx) if len(run.overlay.image_shape) == 2 else ('images.bin', _cifar)
    return {'samples/' + name: write(images, labels),
            'samples/answers.json': (json.dumps(record, sort_keys=True) + '\n').encode('ascii')}


def _idx(images, labels):
    return struct.pack('>4I', 0x803, *images.shape) + images.tobytes()


def _cifar(images, labels):
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.hstack([labels.reshape(-1, 1), planes]).astype(np.uint8).tobytes()
