"""Small networks like LFC and CNV, with one layer of each kind and no round sizes. Wider ones fill whole words."""
from __future__ import absolute_import, division

import numpy as np

from common import overlays
from common.overlays import CNV, LFC
from tests.training import reference
from training import networks

CLASSES = 4
SMALL = {'lfc': LFC._replace(image_shape=(6, 6), units=((36, 13), (13, 11), (11, None))),
         'cnv': CNV._replace(image_shape=(10, 10, 3), units=((9, 11), (11, None)), convolutions=(
             (3, 5, 10, 8, False), (5, 7, 8, 6, True), (7, 9, 3, 1, False)))}
WIDE = {'lfc': LFC._replace(units=((784, 192), (192, 128), (128, None))),
        'cnv': CNV._replace(image_shape=(10, 10, 3), units=((128, 64), (64, None)), convolutions=(
            (3, 64, 10, 8, False), (64, 64, 8, 6, True), (64, 128, 3, 1, False)))}


def overlay(net, weight_bits, activation_bits, sizes=SMALL):
    """An overlay with other sizes than the board's; its name is only for test names."""
    layers = len(sizes[net].convolutions) + len(sizes[net].units)
    return overlays.overlay(sizes[net], weight_bits, activation_bits, [[1] * layers] * 2)


OVERLAYS = [overlay('lfc', 1, 1), overlay('lfc', 1, 2), overlay('cnv', 1, 1), overlay('cnv', 1, 2), overlay('cnv', 2, 2)]


def random_parameters(wanted, random, classes=CLASSES):
    """Float32 arrays in the archive's order, all different from a training's initial values."""
    network = networks.build(wanted, classes, np.random.RandomState(0))
    names = [name for layer in reference.layer_names(wanted) for name in layer]
    draw = {'W': lambda shape: random.uniform(-1, 1, shape), 'b': lambda shape: random.normal(0, 1, shape),
            'beta': lambda shape: random.normal(0, .3, shape), 'gamma': lambda shape: random.uniform(.5, 1.5, shape),
            'mean': lambda shape: random.normal(0, 1, shape), 'inv_std': lambda shape: random.uniform(.1, .5, shape)}
    return [np.asarray(draw[name](array.shape), np.float32)
            for name, array in zip(names, networks.parameter_values(network))]


def batch(wanted, random, images=40, classes=CLASSES):
    """Images as the network reads them, float32, and labels."""
    shape = (images,) + wanted.network.planes
    if wanted.net == 'lfc':
        pixels = random.choice([-1., 1.], shape)
    else:
        pixels = random.uniform(-1, 1, shape)
    return pixels.astype(np.float32), random.randint(0, classes, images)
