"""Ask the libraries that Theano's GPU backend loads for their versions; compiles nothing, and needs no GPU.

    versions('nvrtc')                   # {'nvrtc': '10.2'}
    path('nvrtc')                       # '/usr/local/cuda-10.2/targets/x86_64-linux/lib/libnvrtc.so.10.2.89'

    python -m training.cuda nvrtc=10.2 cublas=10.2.2 cudnn=7.6.5 cudnn-runtime=10.2     # the gpu image's build does

libgpuarray loads libcuda.so, libnvrtc.so and libcublas.so by these names, Theano the cuDNN that it links. The loader's
paths decide which files these are, so only what is loaded can be asked.
"""
from __future__ import absolute_import, print_function

import collections
import ctypes
import os
import sys

from common.errors import UserError, run

LIBRARIES = ('cuda', 'nvrtc', 'cublas', 'cudnn')


def load(library):
    """The library, under the name by which pygpu and Theano find it.

    Parameters
    ----------
    library : str
        One of :data:`LIBRARIES`; cuda is the driver's.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    OSError
        There is none, or it lacks another; the text is the loader's.
    """
    return ctypes.CDLL('lib%s.so' % library)


def path(library):
    """The file that was loaded as this library, or None."""
    try:
        with open('/proc/self/maps') as handle:
            files = [line.split(None, 5)[5].strip() for line in handle if line.count('/')]
    except EnvironmentError:
        return None
    for name in files:
        if os.path.basename(name).startswith('lib%s.so' % library):
            return name
    return None


def versions(library):
    """What the library says of itself, once it is loaded.

    Returns
    -------
    OrderedDict of str to str
        The library to its version; of cuDNN also 'cudnn-runtime', the CUDA that it was built with.

    Raises
    ------
    OSError
        It cannot be loaded.
    AttributeError
        It tells no version.
    """
    loaded, found = load(library), collections.OrderedDict()
    if library == 'cuda':           # 12020: the newest CUDA that the driver knows
        number = ctypes.c_int()
        loaded.cuDriverGetVersion(ctypes.byref(number))
        found['cuda'] = _thousands(number.value)
    elif library == 'nvrtc':
        major, minor = ctypes.c_int(), ctypes.c_int()
        loaded.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        found['nvrtc'] = '%d.%d' % (major.value, minor.value)
    elif library == 'cublas':       # cublasGetVersion wants a handle, and that a GPU
        parts = [ctypes.c_int() for _ in range(3)]
        for which, part in enumerate(parts):
            loaded.cublasGetProperty(which, ctypes.byref(part))
        found['cublas'] = '.'.join(str(part.value) for part in parts)
    else:
        loaded.cudnnGetVersion.restype = loaded.cudnnGetCudartVersion.restype = ctypes.c_size_t
        number = loaded.cudnnGetVersion()
        found['cudnn'] = '%d.%d.%d' % (number // 1000, number % 1000 // 100, number % 100)
        found['cudnn-runtime'] = _thousands(loaded.cudnnGetCudartVersion())
    return found


def _thousands(number):
    """CUDA's way to write 10.2 as 10020."""
    return '%d.%d' % (number // 1000, number % 1000 // 10)


def main(arguments):
    """Compare with what is expected, ``library=version``; later parts may be left out: 10.2 stands for any 10.2.x."""
    for argument in arguments:
        name, _, expected = argument.partition('=')
        library = name.partition('-')[0]
        if library not in LIBRARIES or not expected:
            raise UserError('%s: give LIBRARY=VERSION (%s)' % (argument, ', '.join(LIBRARIES)))
        try:
            version = versions(library).get(name)
        except (OSError, AttributeError) as error:
            raise UserError('%s: the loader must find it, in version %s' % (error, expected))
        if ('%s.' % version).startswith(expected + '.'):
            print('%s %s: %s' % (name, version, path(library)))
        else:
            raise UserError('%s is %s, not %s: %s' % (name, version, expected, path(library)))


if __name__ == '__main__':
    sys.exit(run(main))
