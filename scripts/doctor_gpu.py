"""Whether Theano can compute on a GPU here: NVIDIA's driver, CUDA's libraries and headers, pygpu."""
from __future__ import absolute_import, division

import ctypes
import os
import re
import sys

from scripts.doctor_report import failure, in_the_image, ok, output

NEWEST_GPU = (7, 5)             # Turing: the newest that CUDA 10.x compiles for
OLDEST_GPU = (3, 0)             # Kepler: the oldest that cuDNN 7.6 has code for
CUDA = (10, 2)
GIGABYTE = 1e9


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
    fix = 'the gpu image (make image TARGET=gpu) has it; or install CUDA 10.2 with its -dev packages'
    for library in ('nvrtc', 'cublas', 'cudnn'):
        try:
            loaded = ctypes.CDLL('lib%s.so' % library)
        except OSError as error:
            yield failure('lib%s.so cannot be loaded: %s' % (library, error), fix)
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
