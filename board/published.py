"""What others published of these networks, to hold one's own figures against (the overlay's and training's
specifications)."""
from __future__ import absolute_import

import collections

Published = collections.namedtuple('Published', [
    'original_error', 'brevitas_error',     # test error, percent: of the original training, of Brevitas's
    'board_accuracy',                       # percent of the 10,000 test images, of the original's parameters
    'fpga', 'fpga_single', 'arm'])          # microseconds an image: in batches, one by one, on the ARM core

DATASETS = {'lfc': 'mnist', 'cnv': 'cifar10'}       # what all of it is about

PUBLISHED = {
    'lfcW1A1': Published(1.65, 1.12, 98.40, 2.8, None, 17e3),
    'lfcW1A2': Published(1.45, 1.01, 98.49, None, None, None),
    'cnvW1A1': Published(20.46, 15.78, 79.22, 109.3, 527, .42e6),
    'cnvW1A2': Published(16.37, 12.20, 82.66, None, None, 2.65e6),
    'cnvW2A2': Published(15.20, 10.97, 84.29, 387.6, 1622, 4.58e6)}
