"""Run folders as training and the generator leave them, but with random networks, and outputs from a float64 reference.

    path = make(tmpdir, 'digits-cnvW1A2', count=20)
"""
from __future__ import absolute_import, division

import io
import json
import os

import numpy as np

from common import npz
from common.files import sha256
from common.overlays import OVERLAYS
from tests.board import networks
from tests.training import reference
from tests.weights_gen.archives import random_layers
from weights_gen import generate, parameters

CLASSES = [u'zero', u'one', u'two', u'three', u'four', u'five']


def layers_of(overlay, negative=False, edges=False, seed=3, classes=None):
    """Random parameters, with which activations vary.

    Parameters
    ----------
    negative : bool
        Leave a fifth of the gammas negative.
    edges : bool
        Put some weights halfway between two values.
    """
    random = np.random.RandomState(seed)
    result = []
    for values in random_layers(overlay, classes or len(CLASSES), seed):
        if not negative:
            values = values._replace(gamma=abs(values.gamma))
        if edges:
            chosen = random.uniform(size=values.weights.shape) < 1e-3
            values = values._replace(weights=np.where(chosen, np.float32([0, -.5][overlay.weight_bits - 1]),
                                                      values.weights))
        result.append(values)
    return result


def trained_outputs(overlay, layers, images):
    """The trained network's outputs, float32 (N, classes)."""
    if overlay.net == 'lfc':
        encoded = np.where(images >= 128, 1., -1.)[:, np.newaxis]
    else:
        encoded = (images * (2 / 255) - 1).transpose(0, 3, 1, 2)
    return reference.Network(overlay, parameters.arrays(layers)).evaluate(encoded).astype(np.float32)


def make(parent, name, layers=None, count=20, classes=CLASSES):
    """Write a complete run folder: trained, evaluated, packed; returns the path, as str."""
    path = os.path.join(str(parent), name)
    os.mkdir(path)
    dataset, _, network = name.rpartition('-')
    overlay = OVERLAYS[network]
    layers = layers or layers_of(overlay, classes=len(classes))
    archive = os.path.join(path, '%s-%dw-%da.npz' % (dataset, overlay.weight_bits, overlay.activation_bits))
    images = networks.images(overlay, count, seed=1)
    outputs = trained_outputs(overlay, layers, images)
    numbers = np.arange(count)
    labels = np.where(numbers % 3, outputs.argmax(axis=1), numbers // 3 % len(classes)).astype(np.uint8)
    write_npz(archive, parameters.arrays(layers))
    write_npz(os.path.join(path, 'test-set.npz'), {'x_test': images, 'y_test': labels})
    write_npz(os.path.join(path, 'test-outputs.npz'),
              {'outputs': outputs, 'parameters_sha256': np.array(sha256(archive))})
    with io.open(os.path.join(path, 'classes.txt'), 'w', encoding='utf-8') as handle:
        handle.write(u'\n'.join(classes))
    with io.open(os.path.join(path, 'settings.json'), 'wb') as handle:
        handle.write(json.dumps({'net': overlay.net, 'epochs': 2, 'seed': 1, 'train_size': None, 'train_images': 500,
                                 'classes': classes, 'versions': {'python': '2.7.18', 'theano': '1.0.5'}},
                                ).encode('ascii'))
    with io.open(os.path.join(path, 'history.csv'), 'wb') as handle:
        handle.write(b'epoch,LR,training_loss,validation_loss,validation_error_rate,best_epoch,'
                     b'best_validation_error_rate,test_loss,test_error_rate\n'
                     b'1,0.003,0.2888209025412798,0.051154106699609236,7.06,1,7.06,0.053458709345302606,7.55\n'
                     b'2,3e-05,0.08758701546490193,0.04439369108732274,6.51,2,6.51,0.04647664217925137,6.94\n')
    generate.generate(overlay, archive, os.path.join(path, network), os.path.join(path, 'classes.txt'))
    return path


def write_npz(path, arrays):
    with open(path, 'wb') as handle:
        npz.write(handle, arrays)
