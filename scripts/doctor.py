"""Check this machine and environment for training, and say how to fix problems.

    make doctor
    python scripts/doctor.py --device cuda

Each line begins with ok, warning or failure; after an arrow comes the command or setting that fixes it. The exit status is 1
if there is a failure. GPU problems are failures only if a GPU is requested: by --device, DEVICE=cuda in the environment, or
device = cuda in .theanorc or THEANO_FLAGS.
"""
from __future__ import absolute_import, division, print_function

import glob
import os
import platform
import re
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common import options
from common.errors import UserError, run
from common.files import temporary_folder
from scripts import doctor_gpu, doctor_machine
from scripts.doctor_report import failure, in_the_image, install, ok, output, show, warning

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SLOW_GEMM = 8                   # GFLOP/s per core; a BLAS below this is not optimised


def python():
    if os.path.isdir(os.path.join(sys.prefix, 'conda-meta')):
        where = 'conda'
    else:
        where = 'a virtual environment' if os.environ.get('VIRTUAL_ENV') else 'outside any environment'
    if any(os.path.exists(path) for path in ('/.dockerenv', '/run/.containerenv')) or in_the_image():
        where += ', in a container'
    yield ok('%s %s, %s; %s' % (platform.python_implementation(), platform.python_version(), where, sys.executable))


def packages():
    for name, without in (('numpy', failure('no numpy', 'make setup')),
                          ('scipy', warning('no scipy: nothing can be trained here', 'make setup')),
                          ('theano', failure('no theano: nothing can be trained here; weights, verify and package work',
                                             'make setup PYTHON=/path/to/python (2.7, or 3.8 to 3.14)')),
                          ('lasagne', failure('no lasagne: nothing can be trained here', 'make setup')),
                          ('keras', ok('no keras: data sets are downloaded without it'))):
        version = _distribution(name)
        yield ok('%s %s' % (name, version)) if version else without
    if _distribution('theano'):
        # Import it as a training does: by default it searches for a BLAS, and on Python 3 fails if there is none.
        flags = dict(os.environ, THEANO_FLAGS='blas.ldflags=,%s,device=cpu' % os.environ.get('THEANO_FLAGS', ''))
        as_training_does = 'from training import backend; backend.configure("cpu"); import theano'
        if output(sys.executable, '-c', as_training_does, env=flags, cwd=ROOT) is None:
            yield failure('theano cannot be imported', "in %s: THEANO_FLAGS=blas.ldflags= %s -c '%s' says why" % (
                ROOT, sys.executable, as_training_does))


def _distribution(name):
    """The version of an installed distribution, from the name of its -info folder, or None."""
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
    """The BLAS that Theano links here, and how fast it multiplies 1024 x 1024 float32 matrices."""
    from training import backend
    flags, warnings = backend.blas_flags()
    for text in warnings:
        yield warning(text)
    if not flags:
        return
    cores = backend.threads()['OMP_NUM_THREADS']
    with temporary_folder() as folder:
        program = os.path.join(folder, 'gemm')
        library = [os.path.dirname(backend.bundled_openblas())] if '-l:' in flags else []
        # With old dtags, the rpath also serves the library's dependencies.
        built = output('g++', '-O2', '-x', 'c++', '-', '-o', program, *(
            flags.split() + ['-Wl,--disable-new-dtags,-rpath,' + path for path in library]), stdin=GEMM)
        speed = built is not None and output(program)
    flags = ' '.join(flag for flag in flags.split() if not flag.startswith('-D'))       # -D: renamed functions
    if not speed:
        yield failure('BLAS %s does not link or run' % flags, install('libopenblas-dev', 'openblas-devel'))
    elif float(speed) < SLOW_GEMM * cores:
        yield warning('BLAS %s: %s GFLOP/s on %d cores, which is slow' % (flags, speed.strip(), cores),
                      'stop other programs, or ' + install('libopenblas-dev', 'openblas-devel'))
    else:
        yield ok('BLAS %s: %s GFLOP/s on %d cores (float32)' % (flags, speed.strip(), cores))


def threads():
    from training import backend
    planned = backend.threads()
    yield ok('threads: %s' % ', '.join(
        '%s=%s' % (name, os.environ.get(name, count)) for name, count in sorted(planned.items())))
    given = ['%s=%s' % (name, os.environ[name]) for name, count in sorted(planned.items())
             if os.environ.get(name, str(count)) != str(count)]
    if given:
        yield warning('set by you, not to the recommended value: %s' % ', '.join(given),
                      'unset ' + ' '.join(setting.split('=')[0] for setting in given))
    quota = _cpu_quota()
    cores = planned['OMP_NUM_THREADS']
    if quota and quota < cores - 0.5:
        yield warning('%d threads, but this container may use only %.1f cores' % (cores, quota),
                      'OMP_NUM_THREADS=%d, or docker run --cpuset-cpus instead of --cpus' % max(1, round(quota)))


def _cpu_quota():
    """The cores that the control group allows, or None if it sets no limit."""
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


def settings():
    """The user's own Theano settings: those that training cannot use, and those that affect speed or results."""
    from training import backend, theano_settings
    try:
        own = theano_settings.read()
    except UserError as error:
        yield failure(str(error))
        return
    problems = backend.problems(own)
    for problem in problems:
        yield failure(problem)
    for line in theano_settings.told(own, backend.usual()):
        if not any(problem.startswith(line + ':') for problem in problems):
            yield ok('your own Theano setting: ' + line)


ENVIRONMENT = (python, packages, compiler, settings, blas, threads)
MACHINE = (doctor_machine.folders, doctor_machine.data, doctor_machine.clock)
GPU = (doctor_gpu.driver, doctor_gpu.cuda_libraries, doctor_gpu.pygpu)


def lines(check, *arguments):
    """The lines of a check; an error in it becomes a line too."""
    try:
        for line in check(*arguments):
            yield line
    except ImportError as error:
        yield warning('%s cannot be checked without the packages for training: %s' % (check.__name__, error))
    except Exception as error:      # one check that fails must not hide the others
        yield failure('%s could not be checked: %s' % (check.__name__, ' '.join(str(error).split()) or repr(error)))


def gpu_is_asked_for(device):
    """Whether the option, DEVICE in the environment, or the user's own Theano settings ask for a GPU."""
    device = device or os.environ.get('DEVICE', '').lower()
    try:
        from training import theano_settings
        own = theano_settings.read().get('device')
    except (ImportError, UserError):
        own = None
    return (device or (own.value if own else '')).startswith('cuda')


def main(arguments):
    given = options.parser('doctor', __doc__.split('\n')[0]).parse_args(arguments)
    failed = False
    for check in ENVIRONMENT:
        for line in lines(check):
            failed |= show(line)
    for check in MACHINE:
        for line in lines(check, given):
            failed |= show(line)
    asked = gpu_is_asked_for(given.device)
    for check in GPU:
        for line in lines(check):
            if not asked and line.state == 'failure':
                if check is doctor_gpu.driver:
                    show(ok('no GPU is requested; %s' % line.text))
                    return int(failed)
                line = line._replace(state='warning')
            failed |= show(line)
    return int(failed)


if __name__ == '__main__':
    sys.exit(run(main))
