"""Runs in this process, of a network so small that a test can stop it at every place."""
from __future__ import absolute_import, division

import csv
import os

import numpy as np

from common.overlays import LFC
from datasets.images import Dataset, Images
from tests.training import small
from training import trainer
from training.settings import Settings

TRAIN, VALID, TEST, BATCH, CLASSES = 23, 20, 30, 10, 4
TINY = {'lfc': LFC._replace(units=((784, 16), (16, None)))}
WRITTEN = ('made-1w-1a.npz', 'history.csv', 'test-outputs.npz', 'test-set.npz', 'classes.txt', 'settings.json')


def settings(out, epochs=2, net='lfc', **options):
    """Settings of a small network with batches of ten."""
    result = Settings(net, 1, 1, dataset='made', epochs=epochs, out=str(out), **options)
    return result._replace(overlay=small.overlay(net, 1, 1, TINY), network=result.network._replace(batch_size=BATCH))


def dataset(train=TRAIN):
    random = np.random.RandomState(5)
    parts = []
    for count in (train, VALID, TEST):
        images = random.randint(0, 256, (count, 28, 28)).astype(np.uint8)
        for bit in range(8):        # the first eight pixels number the image
            images[:, 0, bit] = 255 * (np.arange(count) >> bit & 1)
        parts.append(Images(images, (np.arange(count) * 7 % CLASSES).astype(np.uint8)))
    return Dataset('made', parts[0], parts[1], parts[2], [u'a', u'b', u'c', u'd'])


def history(run):
    with open(run.files.history) as handle:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(handle)]


def contents(folder):
    """The bytes of the files of a run, and its log without times and paths."""
    result = {}
    for name in WRITTEN:
        with open(os.path.join(folder, name), 'rb') as handle:
            result[name] = handle.read()
    with open(os.path.join(folder, 'train.log')) as handle:
        result['train.log'] = [line for line in handle if not line.startswith(('Epoch', 'save_path'))]
    return result


def start(run_settings, resume=False, data=None):
    """Run, or resume; returns whether it came to the end."""
    if not os.path.isdir(run_settings.run_folder):
        os.makedirs(run_settings.run_folder)
    try:
        trainer.Run(run_settings, data or dataset())(resume)
    except trainer.Stopped:
        return False
    return True
