"""Archives of arrays (.npz) with the same bytes for the same arrays, on every Python."""
from __future__ import absolute_import

import io
import zipfile

import numpy as np

_DATE = (1980, 1, 1, 0, 0, 0)   # the earliest that a zip file can hold: numpy's own archives carry the time of writing


def write(handle, arrays, compress=False):
    """Write arrays as ``numpy.load`` reads them.

    Parameters
    ----------
    handle : binary file
    arrays : list or mapping of arrays
        A list's arrays are named arr_0, arr_1, ..., as ``numpy.savez`` names positional ones.
    compress : bool
    """
    if not hasattr(arrays, 'items'):
        arrays = {'arr_%d' % number: array for number, array in enumerate(arrays)}
    with zipfile.ZipFile(handle, 'w', allowZip64=True) as archive:
        for name in sorted(arrays, key=lambda name: (len(name), name)):
            member = zipfile.ZipInfo(name + '.npy', _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            member.external_attr = 0o644 << 16
            data = io.BytesIO()
            np.lib.format.write_array(data, np.asanyarray(arrays[name]), allow_pickle=False)
            archive.writestr(member, data.getvalue())
