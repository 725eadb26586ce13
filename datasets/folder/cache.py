"""A cache of what the network sees of a folder's pictures: decoded only once, even if their names or dates change.

One file for each folder, network and choice, in ``~/.cache/bnn-pynq-training/pictures``; a damaged one is just made
again.
"""
from __future__ import absolute_import

import glob
import hashlib
import json
import os

import numpy as np

from common import machine, npz
from common.errors import file_error
from common.files import whole_file
from datasets import names
from datasets.messages import say

_VERSION = 5
_CACHED, _LARGEST = ('images', 'states', 'pixels', 'files'), 2 ** 33    # arrays, bytes of all of them
_STATE, _FILE_HASH = 1, 3    # in a row of a datasets.folder.decode.Read


def folder():
    """Where decoded pictures are kept."""
    return machine.cache_folder('pictures')


def path_of(root, fitting):
    """``<hash of what is read and the folder's name>-<hash of its place>.npz``: a moved folder's is found."""
    import PIL
    place = os.path.realpath(root)
    deciding = [_VERSION, os.path.basename(place).decode('latin-1'), fitting.net, fitting.invert, fitting.threshold,
                PIL.__version__, np.__version__]
    parts = json.dumps(deciding).encode('ascii'), place
    return os.path.join(folder(), '-'.join(hashlib.sha256(part).hexdigest()[:16] for part in parts) + '.npz')


def copy(path, fitting):
    """The newest cache of another folder of the same name: perhaps of this one, before it was moved."""
    others = sorted(glob.glob(path.rsplit('-', 1)[0] + '-*.npz'), key=os.path.getmtime)
    return load(others[-1], fitting) if others else {}


def by_content(known, state):
    """A cache's rows of one state by the hashes of their files."""
    return {row[_FILE_HASH].tobytes(): row for row in known.values() if row[_STATE] == state}


def load(path, fitting):
    """Keys to rows; nothing where there is no such file, or not a whole one."""
    if not os.path.exists(path):
        return {}
    try:
        content = npz.read(path, _CACHED + ('texts',), _LARGEST)
        arrays = [content[name] for name in _CACHED]
        keys, reasons = json.loads(content['texts'].tobytes().decode('utf-8'))
        keys, count = [tuple(key) for key in keys], len(keys)
        shapes = [(count,) + tail for tail in (fitting.shape, (), (32,), (32,))]
        if ([array.shape for array in arrays] != shapes or any(array.dtype != np.uint8 for array in arrays) or
                len(reasons) != count or not all(hasattr(reason, 'lower') for reason in reasons)):
            raise ValueError('other arrays than expected')
        return dict(zip(keys, zip(*(arrays + [reasons]))))
    except MemoryError:
        raise
    except Exception as error:      # any, of a damaged file: it is only a cache
        say('%s cannot be used and is made again (%s)' % (path, ' '.join(str(error).split())))
        return {}


def save(path, keys, read):
    texts = json.dumps([keys, [names.shown(reason) for reason in read.reasons]]).encode('utf-8')
    try:
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path), 0o700)
        with whole_file(path) as handle:
            npz.write(handle, {'images': read.images, 'states': read.states, 'pixels': read.pixels, 'files': read.files,
                               'texts': np.frombuffer(texts, np.uint8)})
    except EnvironmentError as error:
        say('the decoded pictures are not kept for the next time (%s)' % file_error(error))
