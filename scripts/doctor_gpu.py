"""Whether Theano can compute on a GPU here: NVIDIA's driver, CUDA's libraries and headers, pygpu."""
from __future__ import absolute_import, division

import ctypes
import os
import re
import subprocess
import sys

from scripts.doctor_report import failure, in_the_image, ok, output
from training import cuda as libraries

NEWEST_GPU = (7, 5)             # Turing: the newest that CUDA 10.x compiles for
OLDEST_GPU = (3, 0)             # Kepler: the oldest that cuDNN 7.6 has code for
CUDA = (10, 2)
GIGABYTE = 1e9


def driver():
    """The driver and its GPUs, according to the driver's library, loaded by the same name as pygpu does."""
    try:
        cuda = libraries.load('cuda')
    except OSError:
        if _loads('libcuda.so.1'):
            yield failure('there is a driver, libcuda.so.1, but no libcuda.so, which pygpu loads',
                          'ln -s libcuda.so.1 libcuda.so in its folder (ldconfig -p shows it), then ldconfig')
            return
        hint = 'docker run --gpus all' if in_the_image() else 'install NVIDIA\'s driver, 440.33 or later'
        yield failure('no NVIDIA driver: a GPU cannot be used', hint)
        return
    status = cuda.cuInit(0)
    if status:
        yield failure('the NVIDIA driver does not start (cuInit: %d)' % status,
                      'docker run --gpus all' if in_the_image() else 'nvidia-smi says why')
        return
    number = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(number))
    version = (number.value // 1000, number.value % 1000 // 10)
    name = _first(r'Kernel Module\s+(?:for \S+\s+)?([\d.]+)', '/proc/driver/nvidia/version') or 'of unknown version'
    if version < CUDA:
        yield failure('the driver %s supports CUDA only up to %d.%d' % ((name,) + version),
                      'install NVIDIA\'s driver 440.33 or later, for CUDA 10.2')
    else:
        yield ok('NVIDIA driver %s, for CUDA up to %d.%d' % ((name,) + version))
    cuda.cuDeviceGetCount(ctypes.byref(number))
    if not number.value:
        yield failure('the driver sees no GPU', 'check CUDA_VISIBLE_DEVICES, or docker run --gpus all')
    for device in range(number.value):
        yield _gpu(cuda, device)


def _loads(name):
    try:
        return bool(ctypes.CDLL(name))
    except OSError:
        return False


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
        return failure(text + ': newer than Turing (7.5), the newest that CUDA 10.2 compiles for',
                       'use a T4, RTX 20, GTX 16, V100 or P100; or DEVICE=cpu')
    if tuple(capability) < OLDEST_GPU:
        return failure(text + ': too old for cuDNN 7.6', 'use a GPU of compute capability 3.0 to 7.5; or DEVICE=cpu')
    return ok(text)


def _first(pattern, path):
    try:
        with open(path) as handle:
            match = re.search(pattern, handle.read())
    except (IOError, OSError):
        return None
    return match and match.group(1)


def cuda_libraries():
    """The libraries that pygpu and Theano load, by the same names, and the headers that Theano compiles against."""
    fix = 'the gpu image (make image TARGET=gpu) has it; or install CUDA 10.2 with its -dev packages'
    for library in libraries.LIBRARIES[1:]:
        try:
            found = libraries.versions(library)
        except (OSError, AttributeError) as error:
            yield failure('lib%s.so cannot be loaded: %s' % (library, error), fix)
            continue
        text = 'lib%s.so %s' % (library, found[library])
        if library == 'cudnn':
            text += ' for CUDA %s' % found['cudnn-runtime']
        too_new = library == 'cudnn' and not found[library].startswith('7.')
        yield (failure if too_new else ok)('%s: %s' % (text, libraries.path(library)))
    root = os.environ.get('CUDA_ROOT') or os.environ.get('CUDA_PATH') or '/usr/local/cuda'    # as Theano finds it
    if output('g++', '-x', 'c++', '-', '-fsyntax-only', '-I', os.path.join(root, 'include'),
              stdin='#include <cudnn.h>') is None:
        yield failure('cudnn.h does not compile: Theano "cannot compile with cuDNN"',
                      'install libcudnn7-dev and cuda-cudart-dev-10-2, and set CUDA_ROOT to CUDA\'s folder')
    else:
        yield ok('cudnn.h compiles')


# One of each thing that Theano's GPU backend does: a product by cuBLAS, and a kernel that NVRTC compiles for this GPU.
TRY = '''
import numpy, pygpu, pygpu.blas, pygpu.elemwise
context = pygpu.init("cuda")
print("%s %s" % (pygpu.__version__, context.devname))
host = numpy.arange(64, dtype="float32").reshape(8, 8)
there = pygpu.array(host, context=context)
product = numpy.asarray(pygpu.blas.gemm(1., there, there, 0.))
total = numpy.asarray(pygpu.elemwise.elemwise2(there, "+", there, there))
print("%s %s" % (numpy.array_equal(product, host.dot(host)), numpy.array_equal(total, host + host)))
maps = [line.split()[-1] for line in open("/proc/self/maps")]
print(" ".join(sorted(set(name for name in maps if "libnvrtc.so" in name or "libcublas.so" in name))))
'''


def pygpu():
    """One product and one kernel, in a separate process: a context that does not start may kill it."""
    if output(sys.executable, '-c', 'import pygpu') is None:
        yield failure('no pygpu: Theano\'s GPU backend needs it; setup has it only with conda', 'make setup RUNTIME=conda')
        return
    process = subprocess.Popen([sys.executable, '-c', TRY], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, errors = [text.decode('utf-8', 'replace') for text in process.communicate()]
    said = said.split('\n') + ['']
    if not said[0]:
        yield failure('pygpu cannot start on the GPU: %s' % _complaint(process.returncode, errors),
                      'python -c \'import pygpu; pygpu.init("cuda")\' says more')
    elif process.returncode:
        yield failure('pygpu %s: no kernel can be compiled and run: %s' % (said[0], _complaint(process.returncode, errors)),
                      'use a GPU that this CUDA supports (CUDA 10.2: compute capability 3.0 to 7.5); or DEVICE=cpu')
    elif said[1] != 'True True':
        yield failure('pygpu %s: a product or a kernel computes wrongly' % said[0],
                      'nvidia-smi -q counts memory errors; try another GPU, or DEVICE=cpu')
    else:
        yield ok('pygpu %s multiplies, compiles and computes, with %s' % (said[0], said[2]))


def _complaint(status, errors):
    """The line of a traceback or a compiler's log that says what is wrong."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    for line in lines:
        if line.startswith('nvrtc: error'):
            return line
    return lines[-1] if lines else 'it ended with status %d' % status
