"""Theano's configuration, which must be decided before Theano is imported.

    backend.configure('lfc', device='cpu')
    import theano

What the user's own .theanorc or THEANO_FLAGS say goes first; what they leave open is chosen here.
"""
from __future__ import absolute_import, division, print_function

import ctypes
import glob
import os
import subprocess

from six.moves import configparser

from common import machine
from common.errors import UserError
from common.files import temporary_folder

DEVICES = ('cpu', 'cuda')


def configure(net, device='cpu'):
    """Set THEANO_FLAGS and the thread counts of this process.

    Parameters
    ----------
    net : 'lfc' or 'cnv'
        Who computes: see :func:`threads`.
    device : 'cpu' or 'cuda'

    Raises
    ------
    UserError
        There is no C++ compiler (Theano would compute in Python, some hundred times slower), or no place for what it
        compiles.
    """
    if not machine.program('g++'):
        raise UserError('no C++ compiler (g++): Theano cannot compile; install it (Debian, Ubuntu: apt-get install g++)')
    for variable, count in threads(net).items():
        os.environ.setdefault(variable, str(count))
    flags = [('floatX', 'float32'), ('device', device), ('openmp', 'True'), ('openmp_elemwise_minsize', '200000'),
             ('warn.round', 'False'), ('allow_gc', 'False')]     # what a step needs, the next needs again
    chosen = user_flags()
    if 'base_compiledir' not in chosen and 'compiledir' not in chosen:
        _check_writable(os.path.expanduser('~/.theano'))
    if 'blas.ldflags' not in chosen:
        flags += [('blas.ldflags', blas_flags()[0])]    # '' too: Theano would search, and complain
    ours = ['%s=%s' % (name, value) for name, value in flags
            if name.lower() not in chosen or name == 'floatX' or (name == 'device' and device != 'cpu')]
    os.environ['THEANO_FLAGS'] = ','.join(filter(None, [os.environ.get('THEANO_FLAGS')] + ours))


def check(device):
    """After Theano's import: it goes on with the CPU where it finds no GPU, for 140 hours instead of four.

    Raises
    ------
    UserError
    """
    if device == 'cuda':
        from theano import gpuarray
        if not gpuarray.pygpu_activated:
            raise UserError('Theano cannot use a GPU here (it says why above): make doctor explains what is amiss; '
                            'DEVICE=cpu trains without')


def _check_writable(folder):
    """Whether Theano can keep there what it compiles."""
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder)
        writable = os.access(folder, os.W_OK)
    except EnvironmentError:
        writable = False
    if not writable:
        raise UserError('%s cannot be written, and Theano keeps there what it compiles: name another folder '
                        '(THEANO_FLAGS=base_compiledir=FOLDER)' % folder)


def threads(net):
    """Thread counts and waiting by environment variable.

    The operations of training.ops thread themselves, with OpenMP. BLAS is left what is small: its threads would only
    wait for the same cores. A thread that waits for the others spins for some microseconds and then sleeps: longer
    costs several times the work where another program uses the machine too.
    """
    counts = {'OMP_NUM_THREADS': machine.processors(), 'OPENBLAS_NUM_THREADS': 1}
    if 'OMP_WAIT_POLICY' not in os.environ:
        counts['GOMP_SPINCOUNT'] = 2000
    return counts


def user_flags():
    """What the user's THEANO_FLAGS and .theanorc decide, in lower case ('blas.ldflags', 'device', 'floatx', ...)."""
    names = {flag.split('=')[0].strip().lower() for flag in os.environ.get('THEANO_FLAGS', '').split(',')}
    parser = configparser.ConfigParser()
    files = os.environ.get('THEANORC', '~/.theanorc').split(os.pathsep)
    try:
        parser.read([os.path.expanduser(path) for path in files])
        for section in parser.sections():
            names.update((option if section == 'global' else '%s.%s' % (section, option))
                         for option in parser.options(section))
    except configparser.Error as error:
        raise UserError('%s cannot be read: mend or remove it (%s)' % (', '.join(files), error))
    return names


def blas_flags():
    """How to link a fast BLAS: (ldflags, warnings). The operations of training.ops need none, their twins do.

    The system's OpenBLAS where it can be linked; else the one that scipy's wheel carries.
    """
    if _links('-lopenblas'):
        return '-lopenblas', []
    advice = 'install it (Debian, Ubuntu: apt-get install libopenblas-dev)'
    library = bundled_openblas()
    if library:
        ctypes.CDLL(library, ctypes.RTLD_GLOBAL)    # loaded under this name, it is found again by what links to it
        folder, name = os.path.split(library)
        return '-L%s -l:%s' % (folder, name), ['the system has no OpenBLAS to link, using the one of scipy\'s wheel; '
                                               'for what Theano computes by itself ' + advice]
    return '', ['no OpenBLAS: what Theano computes by itself is several times slower; ' + advice]


def bundled_openblas():
    """The path of the OpenBLAS in scipy's wheel, or None."""
    import scipy
    package = os.path.dirname(scipy.__file__)
    for folder in (os.path.join(package, '.libs'), package + '.libs'):
        for library in glob.glob(os.path.join(folder, 'libopenblasp*.so')):
            return library


def _links(flag):
    # A linker that fails removes its output file, so that it must be nobody's to remove afterwards.
    with open(os.devnull, 'r+b') as nothing, temporary_folder() as folder:
        return subprocess.call(['g++', '-shared', '-x', 'c', os.devnull, flag, '-o', os.path.join(folder, 'linked.so')],
                               stdin=nothing, stdout=nothing, stderr=nothing) == 0
