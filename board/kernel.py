"""The overlay's arithmetic in C (kernel.c), compiled on this machine at first use.

    network = Kernel(overlay, parameters)       # raises NoKernel where there is no compiler
    outputs = network.run(images)               # what reference.run gives, many times faster

The library is kept in the user's cache folder (common.machine.cache_folder), named after the source, the compiler and
the processor, so that none of them can change unnoticed; it appears there whole, even if two processes make it at once,
with its SHA-256 to check: loading half a library would end the process. C gets plain buffers, all of them made
here, of the sizes that it is told.
"""
from __future__ import absolute_import, division

import ctypes
import hashlib
import io
import os
import platform
import shlex
import subprocess

import numpy as np

from board import reference
from common import caches, machine
from common.files import sha256, temporary_folder, whole_file
from common.threads import LONG, pool

BLOCK = 32                                      # rows whose weights lie side by side, as in kernel.c
IMAGES_AT_ONCE = {'lfc': 64, 'cnv': 2}          # that go through a layer together: their bits stay in the cache
IMAGES_A_CALL = {'lfc': 1024, 'cnv': 32}        # of C: between calls Ctrl-C is heard and threads share what is left
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'kernel.c')
FLAGS = ['-std=gnu99', '-shared', '-fPIC', '-O3', '-fno-strict-aliasing']     # bits are written by halves of words
_DIGEST = '.sha256'                             # of the file beside a library
_BEYOND = 20000                                 # no dot product that C computes reaches this
_library = []                                   # the loaded library or why there is none, once that is known


class NoKernel(Exception):
    """Why the C kernel cannot be used: the numpy reference is used instead."""


class _Layer(ctypes.Structure):
    """`struct layer` of kernel.c."""
    _fields_ = ([(name, ctypes.c_int32) for name in (
        'in_dim', 'out_dim', 'words', 'rows', 'input_planes', 'weight_planes', 'steps', 'pool')] +
        [('weights', ctypes.c_void_p), ('thresholds', ctypes.c_void_p)])


class Kernel(object):
    """A network whose parameters are packed for C.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    parameters : sequence of (weights, thresholds)
        As :func:`board.reference.run` takes them.

    Raises
    ------
    NoKernel
        Where there is no working compiler, or a weight is -2, which no trained network has and C does not know.
    """

    def __init__(self, overlay, parameters):
        self._run = library().run
        self._overlay = overlay
        values = reference.input_values(overlay)
        self._table = (values > 0 if overlay.network.black_and_white else values + np.int16(128)).astype(np.uint8)
        self._arrays = [_packed(layer, *pair) for layer, pair in zip(overlay.layers, parameters)]
        self._layers = (_Layer * len(overlay.layers))(*[
            _described(layer, *pair) for layer, pair in zip(overlay.layers, self._arrays)])

    def run(self, images, threads=None):
        """What the last layer's rows give for each image.

        Parameters
        ----------
        images : uint8 array of shape (N,) + overlay.image_shape
        threads : int, optional
            Default: the processors that this process may use.

        Returns
        -------
        int32 array of shape (N, rows of the last layer)
            What :func:`board.reference.run` returns.
        """
        shape = self._overlay.image_shape
        images = np.ascontiguousarray(images)
        if images.dtype != np.uint8 or images.shape[1:] != shape:
            raise ValueError('uint8 images of shape %s, not %s of %s' % (shape, images.dtype, images.shape[1:]))
        last = self._overlay.layers[-1]
        outputs = np.empty((len(images), last.rows), np.int32)
        size = IMAGES_A_CALL[self._overlay.net]

        def part(start):
            inputs, results = images[start:start + size], outputs[start:start + size]
            if self._run(self._layers, len(self._layers), _address(self._table), int(np.prod(shape)),
                         _address(inputs), len(inputs), IMAGES_AT_ONCE[self._overlay.net], _address(results)):
                raise MemoryError

        _share(part, range(0, len(images), size), threads or machine.processors())
        if not last.thresholds and reference.counts_equal_bits(last):
            outputs = (outputs + last.columns) // 2
        return outputs


def _share(work, tasks, threads):
    """Call ``work(task)`` for every task; the first error ends it."""
    if min(threads, len(tasks)) < 2:
        for task in tasks:
            work(task)
        return
    with pool(min(threads, len(tasks))) as made:
        done = made.imap_unordered(work, tasks)
        for _ in tasks:
            done.next(timeout=LONG)


def _described(layer, weights, thresholds):
    return _Layer(layer.ifm_dim or 0, layer.ofm_dim or 1, -(-layer.columns // 64), layer.rows,
                  0 if layer.input_bits == (1, 7) else layer.input_bits[0], layer.weight_bits,
                  0 if thresholds is None else thresholds.size // layer.rows, layer.pool,
                  _address(weights), None if thresholds is None else _address(thresholds))


def _packed(layer, weights, thresholds):
    """A layer's weights and thresholds as kernel.c reads them."""
    if weights.shape != (layer.rows, layer.columns) or (thresholds is not None) != layer.thresholds or (
            layer.thresholds and thresholds.shape != (layer.rows, max(1, sum(layer.activation_bits)))):
        raise ValueError('layer %d: parameters of other shapes than the overlay has' % layer.index)
    if weights.min() < -1:
        raise NoKernel('layer %d has weights of -2' % layer.index)
    if layer.input_bits == (1, 7):
        return _packed_first(weights, thresholds)
    planes = [weights != 0, weights > 0][-layer.weight_bits:]
    words = np.stack([_words(plane) for plane in planes], axis=-1)      # (rows, words, planes)
    if thresholds is None:
        return _blocks(words), None
    if reference.counts_equal_bits(layer):
        thresholds = 2 * thresholds - layer.columns     # of the sum of products, as C computes it
    return _blocks(words), _blocks(np.clip(thresholds, -_BEYOND, _BEYOND))


def _packed_first(weights, thresholds):
    """CNV's first layer. C's inputs are larger by 128, the overlay's thresholds in halves of what it sums."""
    thresholds = thresholds // 2 + 128 * weights.sum(axis=1, dtype=np.int64, keepdims=True)
    padded = np.pad(weights.reshape(-1, 3, 9), ((0, 0), (0, 0), (0, 3)), 'constant')
    fours = _blocks(padded.reshape(-1, 9, 4))                           # (blocks, 9, 4, 32)
    return (np.ascontiguousarray(fours.swapaxes(2, 3), np.int8),
            _blocks(np.clip(thresholds, -_BEYOND, _BEYOND).astype(np.int32)))


def _words(bits):
    """(rows, columns) of booleans to (rows, columns / 64) of uint64, the first column in the lowest bit."""
    rows, columns = bits.shape
    return np.packbits(bits.reshape(rows, columns // 8, 8)[:, :, ::-1]).view('<u8').reshape(rows, columns // 64)


def _blocks(rows):
    """The rows of a block side by side: (rows, ...) to (rows / 32, ..., 32)."""
    return np.ascontiguousarray(np.moveaxis(rows.reshape((-1, BLOCK) + rows.shape[1:]), 1, -1))


def _address(array):
    return array.ctypes.data


def library():
    """The compiled kernel.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    NoKernel
    """
    if not _library:
        try:
            _library.append(_load())
        except (NoKernel, EnvironmentError) as error:
            _library.append(NoKernel(str(error)))
    if isinstance(_library[0], NoKernel):
        raise _library[0]
    return _library[0]


def _load():
    compiler = _compiler()
    with io.open(SOURCE, 'rb') as handle:
        source = handle.read()
    identity = '\n'.join(compiler + FLAGS + [_file_identity(compiler[0]), _processor()]).encode('utf-8')
    name = 'kernel-%s.so' % hashlib.sha256(source + identity).hexdigest()[:32]
    folder = _cache_folder()
    if folder is None:                          # a home that cannot be written, or is not the user's own
        with temporary_folder() as folder:
            return _open(_write(os.path.join(folder, name), _compiled(compiler)))
    path = os.path.join(folder, name)
    return _open(path if _whole(path) else _write(path, _compiled(compiler)))


def _whole(path):
    try:
        with io.open(path + _DIGEST, encoding='ascii') as handle:
            return handle.read(100) == sha256(path)
    except (EnvironmentError, ValueError):
        return False


def _open(path):
    opened = ctypes.CDLL(path)
    pointer, int64 = ctypes.c_void_p, ctypes.c_int64
    opened.run.argtypes = [ctypes.POINTER(_Layer), ctypes.c_int, pointer, ctypes.c_int,
                           pointer, int64, int64, pointer]
    return opened


def _compiled(compiler):
    """The bytes of the library."""
    with temporary_folder() as folder:
        path = os.path.join(folder, 'kernel.so')
        for processor in (['-march=native'], []):       # not every compiler knows the processor it runs on
            process = subprocess.Popen(compiler + FLAGS + processor + ['-o', path, SOURCE],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output = process.communicate()[0].decode('utf-8', 'replace')
            if process.returncode == 0:
                with io.open(path, 'rb') as handle:
                    return handle.read()
    raise NoKernel('%s failed: %s' % (compiler[0], ' '.join(output.split())[:300] or process.returncode))


def _write(path, data):
    for name, content in ((path, data), (path + _DIGEST, hashlib.sha256(data).hexdigest().encode('ascii'))):
        with whole_file(name) as handle:
            handle.write(content)
    return path


def _compiler():
    """$CC, else the first of cc, gcc, clang that is there, as the beginning of a command."""
    chosen = os.environ.get('CC', '').strip()
    for name in [chosen] if chosen else ['cc', 'gcc', 'clang']:
        try:
            command = shlex.split(name)
        except ValueError as error:
            raise NoKernel('CC is %s: %s' % (name, error))
        path = machine.program(command[0])
        if path:
            return [path] + command[1:]
    raise NoKernel('there is no %s, which CC names: correct or unset CC' % command[0] if chosen else
                   'no C compiler: install gcc and libc6-dev for a faster simulator')


def _file_identity(path):
    status = os.stat(path)
    return '%s %d %d' % (os.path.realpath(path), status.st_size, status.st_mtime)


def _processor():
    """What decides which instructions are available."""
    try:
        with io.open('/proc/cpuinfo', encoding='utf-8', errors='replace') as handle:
            lines = [line for line in handle.read().split('\n\n')[0].splitlines()
                     if line.lower().startswith(('model name', 'flags', 'features', 'cpu part'))]
    except EnvironmentError:
        lines = [platform.processor()]
    return '\n'.join([platform.machine()] + lines)


def _cache_folder():
    """A folder that only this user writes, or None: what is loaded from it is run."""
    folder = machine.cache_folder('kernel')
    try:
        os.makedirs(folder, 0o700)
    except EnvironmentError:                    # it exists, or cannot be made
        pass
    try:
        return folder if caches.problem(folder) is None and os.access(folder, os.W_OK) else None
    except EnvironmentError:
        return None
