"""One's own pictures as a data set, whatever they lie in.

    data = load('photos/pets', Fitting('cnv'))      # a folder of class folders: datasets.folder
    data = load('letters.npz', Fitting('lfc'))      # arrays: datasets.arrays
"""
from __future__ import absolute_import

import os

from datasets import arrays, folder


def is_arrays(path):
    """Whether a path is of a file of arrays, or a folder of such, and not of class folders."""
    return not os.path.isdir(path) or arrays.is_folder_of_arrays(path)


def load(path, fitting, broken='skip'):
    """The data set at a path: :func:`datasets.folder.load` or :func:`datasets.arrays.load`."""
    path = os.path.expanduser(path)
    return arrays.load(path, fitting) if is_arrays(path) else folder.load(path, fitting, broken)
