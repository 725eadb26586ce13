"""Restore what Theano 1.0.5 needs and newer Pythons and numpys no longer have, for this process only.

    restore()           # before Theano is imported: training.backend.configure does so
    import theano
    restore_in_theano() # after it: training.compatibility does so

Python 3.12 and later, numpy 1.24 and later. Each is restored only where it is missing.
"""
from __future__ import absolute_import

import os
import sys
import types

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'include')


def restore():
    """What Theano's modules use when they are imported and later."""
    import numpy as np

    def missing(name):
        return name not in vars(np)

    if missing('bool'):             # numpy 1.24; the constructor of what is cast to bool
        np.bool = bool
    if missing('complex'):          # numpy 1.24; without it, no constant is folded, and nothing says so
        np.complex = complex
    if missing('product'):          # numpy 2.0, like all that follow
        np.product = np.prod
    if missing('cast'):
        np.cast = _Cast()
    if missing('sctype2char'):
        np.sctype2char = lambda dtype: np.dtype(dtype).char
    if missing('ComplexWarning'):
        np.ComplexWarning = np.exceptions.ComplexWarning
    if sys.version_info >= (3, 12) and 'numpy.distutils' not in sys.modules:
        # numpy no longer has it on these Pythons. Theano asks it where the headers are, and for the BLAS of numpy's build.
        _module('numpy.distutils', __path__=[])
        _module('numpy.distutils.misc_util', get_numpy_include_dirs=lambda: [np.get_include()])
        _module('numpy.distutils.__config__', blas_opt_info={})


def compiler_flags():
    """The options of g++ for Theano's C++: '', or to include a header, whose folder the environment then has."""
    import numpy as np
    if np.__version__.startswith('1.'):
        return ''
    # By the environment, since Theano cuts its flags at spaces.
    known = os.environ.get('CPLUS_INCLUDE_PATH', '').split(os.pathsep)
    if INCLUDE not in known:
        os.environ['CPLUS_INCLUDE_PATH'] = os.pathsep.join([INCLUDE] + [folder for folder in known if folder])
    return '-include numpy1.h'


def restore_in_theano():
    """Adapt to what numpy has changed rather than removed."""
    import numpy as np
    from theano.scalar import basic

    if not np.__version__.startswith('1.') and not isinstance(basic.autocast_int, _Autocast):
        basic.autocast_int = _Autocast(basic.autocast_int)


class _Cast(object):
    """``numpy.cast['float32'](1)``"""

    def __getitem__(self, dtype):
        import numpy as np
        return lambda value: np.asarray(value, dtype)


class _Autocast(object):
    """The smallest type that holds a Python integer.

    Theano tries int8 first, and checks whether the number changed. numpy 2 raises OverflowError instead, which Theano
    takes for a number too large for int64: 300 would become a uint64, and with it whole graphs float64.
    """

    def __init__(self, autocast):
        self.autocast = autocast

    def __call__(self, number):
        import numpy as np
        from theano import config
        if config.cast_policy == 'custom':
            for dtype in self.autocast.dtypes:
                if np.iinfo(dtype).min <= number <= np.iinfo(dtype).max:
                    return np.asarray(number, dtype)
        return self.autocast(number)


def _module(name, **content):
    module = sys.modules[name] = types.ModuleType(name)
    vars(module).update(content)
    parent, _, child = name.rpartition('.')
    setattr(sys.modules[parent], child, module)
