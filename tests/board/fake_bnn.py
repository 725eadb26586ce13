"""A mock of the package bnn: its API follows the specifications of overlay and board, its answers come from the simulator.

A test copies this file to where the board has bnn/__init__.py, beside the folder params.
"""
from __future__ import absolute_import

import os

import numpy as np

from board.simulator import Simulator, answers
from common.overlays import OVERLAYS
from datasets import inputs

RUNTIME_HW, RUNTIME_SW = 'python_hw', 'python_sw'
NETWORK_CNVW1A1, NETWORK_CNVW1A2, NETWORK_CNVW2A2 = 'cnvW1A1', 'cnvW1A2', 'cnvW2A2'
NETWORK_LFCW1A1, NETWORK_LFCW1A2 = 'lfcW1A1', 'lfcW1A2'
PARAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'params')

# What a notebook may call in the real package, and its arguments.
CONSTANTS = {'RUNTIME_HW', 'RUNTIME_SW', 'NETWORK_CNVW1A1', 'NETWORK_CNVW1A2', 'NETWORK_CNVW2A2', 'NETWORK_LFCW1A1',
             'NETWORK_LFCW1A2', '__file__'}
SIGNATURES = {
    'available_params': {1}, 'CnvClassifier': {2, 3}, 'LfcClassifier': {2, 3}, 'PynqBNN': {2, 3},
    'classify_image': {1}, 'classify_images': {1}, 'classify_image_details': {1}, 'classify_images_details': {1},
    'classify_path': {1}, 'classify_paths': {1}, 'classify_cifar': {1}, 'classify_cifars': {1},
    'classify_mnist': {1}, 'classify_mnists': {1}}

WRONG = []      # runtimes whose first answer is to be wrong


def available_params(network):
    return sorted(name for name in os.listdir(PARAMS) if os.path.isdir(os.path.join(PARAMS, name, network)))


class _Classifier(object):
    def __init__(self, network, params, runtime=RUNTIME_HW):
        self._runtime = runtime
        self._simulator = Simulator(os.path.join(PARAMS, params, network), OVERLAYS[network])

    def _scores(self, path):
        overlay = self._simulator.overlay
        return self._simulator.scores(inputs.read(path, overlay.image_shape))

    def _answers(self, path):
        found = answers(self._simulator.overlay, self._scores(path)).astype(np.uint32)
        if self._runtime in WRONG:
            found[0] = (found[0] + 1) % len(self._simulator.classes)
        return found


class CnvClassifier(_Classifier):
    def classify_cifars(self, path):
        return self._answers(path)

    def classify_image(self, img):
        return int(self._of_picture(img).argmax())

    def classify_image_details(self, img):
        return self._of_picture(img).astype(np.uint32)      # as the board's library returns negative scores

    def _of_picture(self, img):
        path = os.path.join(PARAMS, 'picture.png')
        img.save(path)
        return self._scores(path)[0]


class LfcClassifier(_Classifier):
    def classify_mnists(self, path):
        return self._answers(path)
