"""The user's own pictures as a data set, in any form.

    data = load('photos/pets', Fitting('cnv'))      # a folder of class folders: datasets.folder
    data = load('letters.npz', Fitting('lfc'))      # arrays: datasets.arrays
    data = load('pets.zip', Fitting('cnv'))         # either, packed: datasets.zipped
"""
from __future__ import absolute_import

import os

from datasets import arrays, folder, gtsrb, names, zipped


def resolved(path):
    """The folder, or file of arrays, that a path stands for: a zip file is unpacked.

    Raises
    ------
    datasets.images.DatasetError
    """
    path = os.path.expanduser(path)
    if zipped.is_packed(path):
        path = zipped.unpacked(path)
    if os.path.isdir(path):
        alone = [name for name in sorted(os.listdir(path)) if not name.startswith('.')]
        packed = [name for name in alone if name.lower().endswith('.npz')]
        if len(packed) == 1 and not any(os.path.isdir(os.path.join(path, name)) for name in alone):
            return os.path.join(path, packed[0])
        inner = os.path.join(path, alone[0]) if len(alone) == 1 else ''
        if os.path.isdir(inner) and arrays.is_folder_of_arrays(inner):
            return inner            # data/cifar-10-batches-py
        gtsrb.refuse_as_own(path)
    return path


def is_arrays(path):
    """Whether a path is a file of arrays or a folder of such files, not a folder of classes."""
    return not os.path.isdir(path) or arrays.is_folder_of_arrays(path)


def load(path, fitting, broken='skip'):
    """The data set at a path: :func:`datasets.folder.load` or :func:`datasets.arrays.load`."""
    where = resolved(path)
    data = arrays.load(where, fitting) if is_arrays(where) else folder.load(where, fitting, broken)
    return data._replace(name=names.file_name(path))
