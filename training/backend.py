"""Theano's configuration, which must be decided before Theano is imported.

    backend.configure(device='cpu')
    import theano

The user's own .theanorc or THEANO_FLAGS (training.theano_settings) decide first; what they leave open is chosen here. For
the device alone the option, or DEVICE of the environment, goes before them: with make, with scripts that are called
directly, and in the gpu image.
"""
from __future__ import absolute_import, division, print_function

import atexit
import collections
import ctypes
import glob
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile

from common import caches, machine
from common.errors import UserError
from common.files import temporary_folder
from training import removed, theano_settings
from training.log import note

DEVICES = ('cpu', 'cuda')


def configure(device=None):
    """Set THEANO_FLAGS and the thread counts of this process.

    Parameters
    ----------
    device : 'cpu' or 'cuda', optional
        Default: DEVICE of the environment; else the user's own settings; else the CPU.

    Returns
    -------
    list of str
        The user's own settings that decide speed or results, a line each.

    Raises
    ------
    UserError
        There is no C++ compiler (Theano would compute in Python, some hundred times slower), or no place for what it
        compiles; or the user's own settings cannot be used.
    """
    if not machine.program('g++'):
        raise UserError('no C++ compiler (g++): Theano cannot compile; install it (Debian, Ubuntu: apt-get install g++)')
    for variable, count in threads().items():
        os.environ.setdefault(variable, str(count))
    own = theano_settings.read()
    device = device or asked_for()
    if device:
        own.pop('device', None)
    for problem in problems(own):
        raise UserError(problem)
    if 'device' in own and own['device'].value != 'cpu':
        _check_pygpu(theano_settings.shown(own['device']))
    elif device == 'cuda':
        _check_pygpu('DEVICE=cuda')
    place = 'compiledir' if 'compiledir' in own else 'base_compiledir'
    folder = os.path.expanduser(os.path.expandvars(own[place].value if place in own else '~/.theano'))
    trusted = _trusted(folder)
    flags = usual(device, blas_flags()[0])
    decided = [(name, value) for name, value in flags.items() if name == 'floatX' or name not in own]
    removed.restore()
    needed = flags['gcc.cxxflags'] = removed.compiler_flags()
    given = own['gcc.cxxflags'].value if 'gcc.cxxflags' in own else ''
    if needed not in given:         # whatever else the user tells the compiler
        decided.append(('gcc.cxxflags', (needed + ' ' + given).strip()))
    if trusted != folder:
        decided.append((place, trusted))
    # On a new line, since in the user's own flags a # begins a comment.
    os.environ['THEANO_FLAGS'] = '\n,'.join(filter(None, [os.environ.get('THEANO_FLAGS')] + [
        '%s="%s"' % (name, re.sub(r'(["\\])', r'\\\1', value)) for name, value in decided]))
    logging.getLogger('theano.gof.compilelock').addFilter(_OWN_WORDS)
    return theano_settings.told(own, flags)


def asked_for():
    """The device that DEVICE of the environment names, or None.

    Raises
    ------
    UserError
        There is no such device.
    """
    named = os.environ.get('DEVICE', '').lower()
    if named and named not in DEVICES:
        raise UserError('DEVICE=%s: give %s' % (os.environ['DEVICE'], ' or '.join(DEVICES)))
    return named or None


def opencl():
    """Whether the user's own Theano settings name an OpenCL device, and DEVICE none: it is used as the GPU."""
    device = theano_settings.read().get('device')
    return bool(device and device.value.startswith('opencl') and not asked_for())


def usual(device=None, ldflags=''):
    """Theano's settings that training makes where the user does not, name to value; floatX in any case."""
    return collections.OrderedDict([
        ('device', device or 'cpu'), ('openmp', 'True'), ('openmp_elemwise_minsize', '200000'), ('warn.round', 'False'),
        ('allow_gc', 'False'),                  # what one step needs, the next needs again
        ('blas.ldflags', ldflags),              # even '': else Theano searches, and complains
        ('floatX', 'float32')])


def problems(own):
    """The user's own settings (:func:`training.theano_settings.read`) that no training can use, a line each."""
    lines = theano_settings.problems(own)
    if 'blas.ldflags' in own and own['blas.ldflags'].value and not _links(*own['blas.ldflags'].value.split()):
        lines.append('%s: g++ cannot link this: write ldflags = -lopenblas, or leave it out' % theano_settings.shown(
            own['blas.ldflags']))
    return lines


class _OwnWords(logging.Filter):
    """In place of Theano's advice to delete a lock by hand, which would break another training's compiling."""

    said = False

    def filter(self, record):
        message = record.getMessage()
        if message.startswith('Waiting for existing lock') and not self.said:
            self.said = True
            note('Another training is compiling: this one waits for it')
        return not message.startswith(('Waiting for existing lock', 'To manually release the lock'))


_OWN_WORDS = _OwnWords()


def check():
    """After Theano's import, check its GPU: where that does not start it uses the CPU, for 140 hours instead of four.

    Raises
    ------
    UserError
    """
    import theano
    if theano.config.device != 'cpu' or theano.config.init_gpu_device:
        from theano import gpuarray
        if not gpuarray.pygpu_activated:
            raise UserError(_NO_GPU % ('device = %s' % theano.config.device, ' (the reason is above)'))


def device():
    """What Theano computes on, in words; after its import."""
    import theano
    if theano.config.device == 'cpu':
        count = os.environ.get('OMP_NUM_THREADS') or '%d' % machine.processors()       # '4', and may be '4,2'
        return 'the CPU (%s thread%s)' % (count, 's' * (count != '1'))
    return 'the GPU %s' % theano.config.device


_NO_GPU = ('%s: Theano cannot use a GPU here%s: run make doctor DEVICE=cuda to see what is missing, '
           'or give DEVICE=cpu')


def _check_pygpu(said):
    """Check for pygpu: without it Theano prints a traceback, and continues on the CPU."""
    try:
        import pygpu        # noqa: F401
    except ImportError as error:
        raise UserError(_NO_GPU % (said, ' (%s)' % error))


def _check_writable(folder):
    """Check that Theano can keep what it compiles there."""
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder)
        writable = os.access(folder, os.W_OK)
    except EnvironmentError:
        writable = False
    if not writable:
        raise UserError('%s cannot be written, and Theano keeps what it compiles there: name another folder '
                        '(THEANO_FLAGS=base_compiledir=FOLDER)' % folder)


def _trusted(folder):
    """A folder for what Theano compiles, and later unpickles and runs: this one if it is safe, or a temporary one."""
    _check_writable(folder)
    problem = caches.problem(folder)
    if problem is None:
        return folder
    temporary = tempfile.mkdtemp(prefix='bnn-theano-')
    atexit.register(shutil.rmtree, temporary, True)
    print('warning: not using what Theano compiled in %s (%s): compiling again, for this run alone' % (folder, problem),
          file=sys.stderr)
    return temporary


def threads():
    """Thread counts and waiting by environment variable.

    The operations of training.ops thread themselves, with OpenMP. BLAS has only small products left: its threads would
    only wait for the same cores. A thread that waits for the others spins for some microseconds and then sleeps: to spin
    longer costs several times as much where another program uses the machine too.
    """
    counts = {'OMP_NUM_THREADS': machine.processors(), 'OPENBLAS_NUM_THREADS': 1}
    if 'OMP_WAIT_POLICY' not in os.environ:
        counts['GOMP_SPINCOUNT'] = 2000
    return counts


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
        where = ['-L' + folder]
        if re.search('[ ,#\'"\\\\]', folder):      # what would end there in Theano's flags, or in its -Wl,-rpath
            known = os.environ.get('LIBRARY_PATH', '').split(os.pathsep)
            os.environ['LIBRARY_PATH'] = os.pathsep.join([folder] + [other for other in known if other not in ('', folder)])
            where = []
        return ' '.join(where + ['-l:' + name] + renamed(name)), [
            'the system has no OpenBLAS to link, using the one in scipy\'s wheel; for what Theano computes by itself ' +
            advice]
    return '', ['no OpenBLAS: what Theano computes by itself is several times slower; ' + advice]


def bundled_openblas():
    """The path of the OpenBLAS in scipy's wheel, or None."""
    import scipy
    package = os.path.dirname(scipy.__file__)
    for folder in (os.path.join(package, '.libs'), package + '.libs'):
        for pattern in ('libopenblasp*.so', 'libscipy_openblas-*.so'):
            for library in glob.glob(os.path.join(folder, pattern)):
                return library


def renamed(library):
    """Options of g++ for a library's function names: from scipy 1.13 on they begin with scipy_."""
    if not library.startswith('libscipy_'):
        return []
    return ['-D%s=scipy_%s' % (name, name) for name in [
        precision + function for precision in 'sd' for function in ('gemm_', 'gemv_', 'ger_', 'dot_')] + [
            'openblas_get_num_threads', 'openblas_set_num_threads']]


def _links(*flags):
    # A linker that fails removes its output file, so that gets a folder of its own.
    with open(os.devnull, 'r+b') as nothing, temporary_folder() as folder:
        command = ['g++', '-shared', '-x', 'c', os.devnull] + list(flags) + ['-o', os.path.join(folder, 'linked.so')]
        return subprocess.call(command, stdin=nothing, stdout=nothing, stderr=nothing) == 0
