"""What Python's pickles hold of arrays, lists and texts, and nothing else: no code in a file is ever run.

    batch = load(handle)                            # one of CIFAR-10's batches: a dict of bytes
    array_of_texts('own.npz', 'class_names')        # also where it was saved with dtype=object
"""
from __future__ import absolute_import

import io
import pickle

import numpy as np

from common import npz

_LARGEST_TEXTS = 1 << 20        # bytes
_ALLOWED = {(package + '.' + module, name) for package in ('numpy.core', 'numpy._core') for module, name in (
    ('multiarray', '_reconstruct'), ('multiarray', 'scalar'), ('numeric', '_frombuffer'))}
_ALLOWED |= {('numpy', 'ndarray'), ('numpy', 'dtype'), ('_codecs', 'encode')}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) not in _ALLOWED:
            raise ValueError('%s.%s stands in a data file, which should hold arrays: fetch it again' % (module, name))
        if module.startswith('numpy._core') and not hasattr(np, '_core'):
            module = module.replace('numpy._core', 'numpy.core')
        return pickle.Unpickler.find_class(self, module, name)


def load(handle):
    """The object in a pickle; texts of Python 2 are bytes.

    Raises
    ------
    ValueError
        It is damaged, or holds something else than arrays, lists, dicts, numbers and texts.
    """
    options = {} if str is bytes else {'encoding': 'bytes'}
    try:
        return _Unpickler(handle, **options).load()
    except MemoryError:
        raise
    except Exception as error:      # a pickle is a program: whatever can go wrong in one
        if getattr(error, 'errno', None) is not None:
            raise
        raise ValueError(' '.join(str(error).split()) or type(error).__name__)


def array_of_texts(path, name):
    """An array of an .npz file, also one of Python's own texts.

    Raises
    ------
    ValueError
    """
    stream = io.BytesIO(npz.member(path, name, _LARGEST_TEXTS))
    try:
        version = np.lib.format.read_magic(stream)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        plain = not header(stream)[2].hasobject
    except Exception:               # numpy evaluates the header as a Python literal: whatever can go wrong there
        plain = True
    if plain:
        return npz.read(path, [name], _LARGEST_TEXTS)[name]
    try:
        return np.array(load(stream))
    except ValueError as error:
        raise ValueError('%s: %s; save them as text, np.array(%s.tolist())' % (name, error, name))
