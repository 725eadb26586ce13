"""What this machine and environment can do for a training, and what mends what is amiss.

    make doctor
    python scripts/doctor.py --device cuda

Each line begins with ok, warning or failure; what follows an arrow is the command or setting that mends it. Status 1
where there is a failure. Lines on the GPU are failures only where it is asked for: DEVICE=cuda, or device = cuda in
.theanorc or THEANO_FLAGS.
"""
from __future__ import absolute_import, division, print_function

import collections
import ctypes
import glob
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common import options
from common.errors import run
from common.files import temporary_folder

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEWEST_GPU = (7, 5)             # Turing: the newest that CUDA 10.x compiles for
OLDEST_GPU = (3, 0)             # Kepler: the oldest that cuDNN 7.6 has code for
CUDA = (10, 2)
GIGABYTE = 1e9
ROOM = 2 * GIGABYTE             # a data set, a compile cache, and a run with its checkpoints
SLOW_GEMM = 8                   # GFLOP/s of a core below which the linked BLAS is no optimised one

Line = collections.namedtuple('Line', 'state text mend')


def ok(text):
    return Line('ok', text, None)


def warning(text, mend=None):
    return Line('warning', text, mend)


def failure(text, mend=None):
    return Line('failure', text, mend)


def output(*command, **options):
    """Standard output of a command, or None where it fails or is not there; ``stdin`` is its input."""
    text = options.get('stdin', '').encode()
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=options.get('env'))
        answer = process.communicate(text)[0].decode('utf-8', 'replace')
    except OSError:
        return None
    return None if process.returncode else answer


def install(debian, fedora):
    """The command that installs a package of the distribution."""
    for manager, package in (('apt-get', debian), ('dnf', fedora), ('yum', fedora)):
        if output('sh', '-c', 'command -v ' + manager):
            return '%s install %s' % (manager, package)
    return 'install %s with the system\'s package manager' % fedora


# --- the environment ----------------------------------------------------------------------------------------------------

def python():
    if os.path.isdir(os.path.join(sys.prefix, 'conda-meta')):
        where = 'conda'
    else:
        where = 'a virtual environment' if os.environ.get('VIRTUAL_ENV') else 'outside of an environment'
    if any(os.path.exists(path) for path in ('/.dockerenv', '/run/.containerenv')) or in_the_image():
        where += ', in a container'
    yield ok('%s %s, %s; %s' % (platform.python_implementation(), platform.python_version(), where, sys.executable))


def in_the_image():
    return bool(os.environ.get('BNN_HOME'))


def packages():
    for name, without in (('numpy', failure('no numpy', 'make setup')),
                          ('scipy', warning('no scipy: nothing can be trained here')),
                          ('theano', failure('no theano: nothing can be trained here; weights and board work',
                                             'make setup PYTHON=, with a Python 2.7 or 3.8 to 3.11')),
                          ('lasagne', failure('no lasagne: nothing can be trained here', 'make setup')),
                          ('keras', warning('no keras: data sets are not downloaded',
                                            'DATA_DIR=, a folder with mnist.npz and cifar10.npz'))):
        version = _distribution(name)
        yield ok('%s %s' % (name, version)) if version else without
    if _distribution('theano'):
        # As a training imports it: left to itself, it looks for a BLAS, and fails on Python 3 where there is none.
        flags = dict(os.environ, THEANO_FLAGS='blas.ldflags=,%s,device=cpu' % os.environ.get('THEANO_FLAGS', ''))
        if output(sys.executable, '-c', 'import theano', env=flags) is None:
            yield failure('theano cannot be imported',
                          'THEANO_FLAGS=blas.ldflags= %s -c "import theano", which says why' % sys.executable)


def _distribution(name):
    """The version of an installed distribution, by the name of the folder that describes it."""
    for folder in sys.path:
        for path in glob.glob(os.path.join(folder, '*-info')):
            match = re.match(r'%s-([^-]+?)(-py[\d.]+)?\.(dist|egg)-info$' % name, os.path.basename(path), re.I)
            if match:
                return match.group(1)


def compiler():
    version = output('g++', '-dumpfullversion', '-dumpversion')
    if not version:
        yield failure('no g++: Theano cannot compile', install('g++', 'gcc-c++'))
    elif output('g++', '-x', 'c++', '-', '-o', os.devnull, stdin='#include <cmath>\nint main() {}') is None:
        yield failure('g++ %s does not compile' % version.strip(), install('g++ libc6-dev', 'gcc-c++ glibc-devel'))
    else:
        yield ok('g++ ' + version.strip())


GEMM = r'''
#include <cstdio>
#include <ctime>
#include <vector>
extern "C" void sgemm_(const char *, const char *, const int *, const int *, const int *, const float *, const float *,
                       const int *, const float *, const int *, const float *, float *, const int *);
static double now() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
int main() {
    const int n = 1024;
    const float one = 1, zero = 0;
    std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f), c(n * n);
    double best = 1e9, start = now();
    for (int run = 0; run < 20 && (run < 2 || now() - start < 1); run++) {
        double begin = now();
        sgemm_("N", "N", &n, &n, &n, &one, a.data(), &n, b.data(), &n, &zero, c.data(), &n);
        if (now() - begin < best) best = now() - begin;
    }
    printf("%.1f\n", 2e-9 * n * n * n / best);
}
'''


def blas():
    """The BLAS that Theano links here, and how fast it multiplies matrices of 1024 x 1024 float32 numbers."""
    from training import backend
    flags, warnings = backend.blas_flags()
    for text in warnings:
        yield warning(text)
    if not flags:
        return
    cores = backend.threads('lfc')['OMP_NUM_THREADS']
    with temporary_folder() as folder:
        program = os.path.join(folder, 'gemm')
        library = [flag[2:] for flag in flags.split() if flag.startswith('-L')]
        # With the old tags the path also serves the libraries that the library itself needs.
        built = output('g++', '-O2', '-x', 'c++', '-', '-o', program, *(
            flags.split() + ['-Wl,--disable-new-dtags,-rpath,' + path for path in library]), stdin=GEMM)
        speed = built is not None and output(program)
    if not speed:
        yield failure('BLAS %s does not link or run' % flags, install('libopenblas-dev', 'openblas-devel'))
    elif float(speed) < SLOW_GEMM * cores:
        yield warning('BLAS %s: %s GFLOP/s on %d cores, which is slow' % (flags, speed.strip(), cores),
                      'let nothing else run, or ' + install('libopenblas-dev', 'openblas-devel'))
    else:
        yield ok('BLAS %s: %s GFLOP/s on %d cores (float32)' % (flags, speed.strip(), cores))


def threads():
    from training import backend
    for net in ('lfc', 'cnv'):
        planned = backend.threads(net)
        yield ok('threads of %s: %s' % (net.upper(), ', '.join(
            '%s=%s' % (name, os.environ.get(name, count)) for name, count in sorted(planned.items()))))
        given = ['%s=%s' % (name, os.environ[name]) for name, count in sorted(planned.items())
                 if os.environ.get(name, str(count)) != str(count)]
        if given:
            yield warning('%s is set: other than what suits %s' % (', '.join(given), net.upper()),
                          'unset ' + ' '.join(setting.split('=')[0] for setting in given))
    quota = _cpu_quota()
    cores = backend.threads('lfc')['OMP_NUM_THREADS']
    if quota and quota < cores - 0.5:
        yield warning('%d threads, but this container may use only %.1f cores' % (cores, quota),
                      'OMP_NUM_THREADS=%d, or docker run --cpuset-cpus instead of --cpus' % max(1, round(quota)))


def _cpu_quota():
    """The cores that the control group grants, or None where it does not limit them."""
    for path in ('/sys/fs/cgroup/cpu.max', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us'):
        try:
            with open(path) as handle:
                words = handle.read().split()
            if path.endswith('_us'):
                with open('/sys/fs/cgroup/cpu/cpu.cfs_period_us') as handle:
                    words += handle.read().split()
            return float(words[0]) / float(words[1]) if float(words[0]) > 0 else None
        except (IOError, OSError, ValueError, IndexError):
            pass


# --- the GPU ------------------------------------------------------------------------------------------------------------

def gpu_is_asked_for():
    from six.moves import configparser
    device = os.environ.get('DEVICE', '')
    for flag in os.environ.get('THEANO_FLAGS', '').split(','):
        device = device or flag.partition('device=')[2]
    parser = configparser.ConfigParser()
    try:
        parser.read(os.path.expanduser(path) for path in os.environ.get('THEANORC', '~/.theanorc').split(os.pathsep))
        device = device or (parser.get('global', 'device') if parser.has_option('global', 'device') else '')
    except configparser.Error:
        pass
    return device.startswith('cuda')


def driver():
    """The driver and its GPUs, asked through the driver's own library."""
    try:
        cuda = ctypes.CDLL('libcuda.so.1')
    except OSError:
        hint = 'docker run --gpus all' if in_the_image() else 'install NVIDIA\'s driver, 440.33 or later'
        yield failure('no NVIDIA driver: a GPU cannot be used', hint)
        return
    status = cuda.cuInit(0)
    if status:
        yield failure('the NVIDIA driver does not start (cuInit: %d)' % status,
                      'docker run --gpus all' if in_the_image() else 'nvidia-smi, which says why')
        return
    number = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(number))
    version = (number.value // 1000, number.value % 1000 // 10)
    name = _first(r'Kernel Module\s+(?:for \S+\s+)?([\d.]+)', '/proc/driver/nvidia/version') or 'of unknown version'
    if version < CUDA:
        yield failure('the driver %s is for CUDA %d.%d at most' % ((name,) + version),
                      'install NVIDIA\'s driver 440.33 or later, for CUDA 10.2')
    else:
        yield ok('NVIDIA driver %s, for CUDA up to %d.%d' % ((name,) + version))
    cuda.cuDeviceGetCount(ctypes.byref(number))
    if not number.value:
        yield failure('the driver sees no GPU', 'CUDA_VISIBLE_DEVICES=, docker run --gpus all')
    for device in range(number.value):
        yield _gpu(cuda, device)


def _gpu(cuda, device):
    handle, name, memory = ctypes.c_int(), ctypes.create_string_buffer(100), ctypes.c_size_t()
    cuda.cuDeviceGet(ctypes.byref(handle), device)
    cuda.cuDeviceGetName(name, len(name), handle)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    capability = []
    for attribute in (75, 76):                  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
        number = ctypes.c_int()
        cuda.cuDeviceGetAttribute(ctypes.byref(number), attribute, handle)
        capability.append(number.value)
    text = 'GPU %d: %s, %.0f GB, compute capability %d.%d' % (
        (device, name.value.decode(), memory.value / GIGABYTE) + tuple(capability))
    if tuple(capability) > NEWEST_GPU:
        return failure(text + ': newer than Turing (7.5), which is the newest that CUDA 10.2 compiles for',
                       'a T4, RTX 20 or GTX 16, V100, P100; or DEVICE=cpu')
    if tuple(capability) < OLDEST_GPU:
        return failure(text + ': too old for cuDNN 7.6', 'a GPU of compute capability 3.0 to 7.5; or DEVICE=cpu')
    return ok(text)


def _first(pattern, path):
    try:
        with open(path) as handle:
            match = re.search(pattern, handle.read())
    except (IOError, OSError):
        return None
    return match and match.group(1)


def cuda_libraries():
    """What pygpu and Theano load by these names, and the headers that Theano compiles against."""
    mend = 'the gpu image (make image TARGET=gpu) has it; or install CUDA 10.2 with its -dev packages'
    for library in ('nvrtc', 'cublas', 'cudnn'):
        try:
            loaded = ctypes.CDLL('lib%s.so' % library)
        except OSError as error:
            yield failure('lib%s.so cannot be loaded: %s' % (library, error), mend)
            continue
        if library == 'nvrtc':
            version = [ctypes.c_int(), ctypes.c_int()]
            loaded.nvrtcVersion(*[ctypes.byref(part) for part in version])
            yield ok('libnvrtc.so of CUDA %d.%d' % tuple(part.value for part in version))
        elif library == 'cudnn':
            version = loaded.cudnnGetVersion()
            yield (ok if version // 1000 == 7 else failure)('libcudnn.so %d.%d.%d' % (
                version // 1000, version % 1000 // 100, version % 100))
        else:
            yield ok('libcublas.so')
    root = os.environ.get('CUDA_ROOT') or os.environ.get('CUDA_PATH') or '/usr/local/cuda'    # as Theano looks
    if output('g++', '-x', 'c++', '-', '-fsyntax-only', '-I', os.path.join(root, 'include'),
              stdin='#include <cudnn.h>') is None:
        yield failure('cudnn.h does not compile: Theano "cannot compile with cuDNN"',
                      'install libcudnn7-dev and cuda-cudart-dev-10-2, and set CUDA_ROOT to CUDA\'s folder')
    else:
        yield ok('cudnn.h compiles')


def pygpu():
    """Imported and started in a process of its own: a context that does not start may take the process with it."""
    if output(sys.executable, '-c', 'import pygpu') is None:
        yield failure('no pygpu: Theano\'s GPU backend needs it, and only conda has it', 'make setup RUNTIME=conda')
        return
    answer = output(sys.executable, '-c', 'import pygpu; print(pygpu.__version__); '
                    'c = pygpu.init("cuda"); print(c.devname); '
                    'print(" ".join(sorted({line.split()[-1] for line in open("/proc/self/maps") '
                    'if "nvrtc" in line or "cublas" in line})))')
    if answer is None:
        yield failure('pygpu cannot start on the GPU', 'python -c \'import pygpu; pygpu.init("cuda")\', which says why')
    else:
        version, name, libraries = (answer.split('\n') + ['', ''])[:3]
        yield ok('pygpu %s computes on %s, with %s' % (version, name, libraries or 'libraries loaded later'))


# --- the machine --------------------------------------------------------------------------------------------------------

def folders():
    """Room and write access where a run, compiled code and downloads go."""
    runs = os.path.abspath(os.environ.get('OUT') or 'runs')
    compiled = re.search(r'base_compiledir=([^,]+)', os.environ.get('THEANO_FLAGS', ''))
    places = [('runs', runs), ('compiled code', os.path.expanduser(compiled.group(1) if compiled else '~/.theano')),
              ('downloads', os.path.expanduser(os.environ.get('KERAS_HOME') or '~/.keras'))]
    for what, folder in places:
        there = folder
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except (IOError, OSError) as error:
            variable = {'runs': 'OUT=', 'compiled code': 'THEANO_FLAGS=base_compiledir=', 'downloads': 'KERAS_HOME='}
            yield failure('%s: %s cannot be written (%s)' % (what, folder, error.strerror),
                          '%sanother folder, or chown %d %s' % (variable[what], os.getuid(), there))
            continue
        state = os.statvfs(there)
        free = state.f_bavail * state.f_frsize
        text = '%s: %s can be written, %.1f GB free' % (what, folder, free / GIGABYTE)
        yield ok(text) if free > ROOM else warning(text, 'free some space, or another folder')


def data():
    folder = os.environ.get('DATA_DIR')
    keras = os.path.join(os.path.expanduser(os.environ.get('KERAS_HOME') or '~/.keras'), 'datasets')
    for name, cached in (('mnist', 'mnist.npz'), ('cifar10', 'cifar-10-batches-py')):
        if folder:
            path = os.path.join(folder, name + '.npz')
            yield ok('%s: %s' % (name, path)) if os.path.isfile(path) else warning(
                '%s: no %s' % (name, path), 'DATA_DIR= of another folder, or none: then it is downloaded')
        elif os.path.exists(os.path.join(keras, cached)):
            yield ok('%s: downloaded, in %s' % (name, keras))
        else:
            yield ok('%s: will be downloaded to %s; digits needs no download' % (name, keras))


def clock():
    """A clock that is wrong breaks downloads (certificates) and what make and Theano hold for new."""
    newest = max(os.path.getmtime(os.path.join(ROOT, name)) for name in ('Makefile', 'requirements', 'training'))
    now = time.time()
    with tempfile.NamedTemporaryFile() as handle:
        skew = os.path.getmtime(handle.name) - now
    if now < newest - 60:
        yield failure('the clock says %s, which is before this project\'s files' % time.strftime('%Y-%m-%d %H:%M'),
                      'timedatectl set-ntp true')
    elif abs(skew) > 60:
        yield warning('the clock and the file system differ by %.0f s' % skew, 'timedatectl set-ntp true, on both')
    else:
        yield ok('clock: ' + time.strftime('%Y-%m-%d %H:%M:%S %Z'))


CHECKS = (python, packages, compiler, blas, threads, folders, data, clock)
GPU_CHECKS = (driver, cuda_libraries, pygpu)


def lines(check):
    """The lines of a check; whatever goes wrong in it is a line too."""
    try:
        for line in check():
            yield line
    except ImportError as error:
        yield warning('%s cannot be looked at without what training needs: %s' % (check.__name__, error))
    except Exception as error:      # a doctor who faints helps nobody
        yield failure('%s could not be looked at: %s' % (check.__name__, ' '.join(str(error).split()) or repr(error)))


def main(arguments):
    given = options.parser('doctor', __doc__.split('\n')[0]).parse_args(arguments)
    os.environ.update({name: value for name, value in (
        ('DEVICE', given.device), ('DATA_DIR', given.data_dir), ('OUT', given.runs)) if value})
    failed = False
    for line in (line for check in CHECKS for line in lines(check)):
        failed |= show(line)
    try:
        asked = gpu_is_asked_for()
    except ImportError:
        asked = os.environ.get('DEVICE') == 'cuda'
    for check in GPU_CHECKS:
        for line in lines(check):
            if not asked and line.state == 'failure':
                if check is driver:
                    show(ok('no GPU is asked for, and %s' % line.text))
                    return int(failed)
                line = line._replace(state='warning')
            failed |= show(line)
    return int(failed)


def show(line):
    print('%-8s %s%s' % (line.state, line.text, '  -> ' + line.mend if line.mend else ''))
    sys.stdout.flush()
    return line.state == 'failure'


if __name__ == '__main__':
    sys.exit(run(main))
