"""The overlay's parameter folder: its files, writing them, reading them back.

    layout(overlay)['0-0-weights.bin']      # its size in bytes
    write('cnvW1A1', overlay, [LayerMatrices(weights, thresholds), ...], class_names)
    layers = read('cnvW1A1', overlay)

Files ``<layer>-<processing element>-weights.bin`` (little-endian uint64 words) and ``-thres.bin`` (little-endian
int64), ``classes.txt`` and ``hw/config.h``.
"""
from __future__ import absolute_import, division

import collections
import io
import os

import numpy as np

from common.errors import UserError
from common.overlays import OVERLAYS
from weights_gen import header, packing, thresholds

WORD = 8                                    # bytes
CLASSES, CONFIG = 'classes.txt', 'hw/config.h'

LayerMatrices = collections.namedtuple('LayerMatrices', ['weights', 'thresholds'])


class BadFolder(UserError):
    """A folder that does not hold the parameters of the overlay."""


def layout(overlay):
    """Every file of an overlay's parameter folder.

    Parameters
    ----------
    overlay : common.overlays.Overlay

    Returns
    -------
    OrderedDict of str to int
        The file's path within the folder (with '/') and its size in bytes; None for classes.txt, which has the
        size of its names.
    """
    files = collections.OrderedDict()
    for layer in overlay.layers:
        for name in _names(layer, 'weights'):
            files[name] = layer.weight_words * WORD
        for name in _names(layer, 'thres') if layer.thresholds else ():
            files[name] = layer.threshold_words * _steps(layer) * WORD
    files[CLASSES] = None
    files[CONFIG] = len(header.text(overlay))
    return files


def write(folder, overlay, layers, classes):
    """Write all files into an existing empty folder.

    Parameters
    ----------
    folder : str
    overlay : common.overlays.Overlay
    layers : list of LayerMatrices
        As :func:`read` returns them.
    classes : list of unicode str
        The names of the classes, in the order of the network's outputs.
    """
    for layer, matrices in zip(overlay.layers, layers):
        _write_words(folder, _names(layer, 'weights'), '<u8',
                     packing.pack(matrices.weights, layer.pe, layer.simd, layer.weight_bits))
        if layer.thresholds:
            _write_words(folder, _names(layer, 'thres'), '<i8',
                         packing.pack_thresholds(matrices.thresholds, layer.pe))
    _write_file(folder, CLASSES, u'\n'.join(classes).encode('utf-8'))
    os.mkdir(os.path.join(folder, os.path.dirname(CONFIG)))
    _write_file(folder, CONFIG, header.text(overlay).encode('ascii'))


def read(folder, overlay):
    """Read the parameters of every layer.

    Parameters
    ----------
    folder : str
    overlay : common.overlays.Overlay

    Returns
    -------
    list of LayerMatrices
        weights: int8, shape (layer.rows, layer.columns), padding included: -1 and +1, or for two bits two's
        complement values. thresholds: int64, shape (layer.rows, steps), in units of 1 / thresholds.scale(layer),
        or None where the layer has none.

    Raises
    ------
    BadFolder
        A file is missing, has another size than this overlay's, has bits set beyond SIMD * weight bits, or
        thresholds that its memory cannot hold or that do not rise.
    """
    return [LayerMatrices(_read_weights(folder, layer), _read_thresholds(folder, layer) if layer.thresholds else None)
            for layer in overlay.layers]


def recognise(folder):
    """Whether a folder holds all the files of some overlay's parameter folder and nothing else.

    Parameters
    ----------
    folder : str

    Returns
    -------
    bool
        True also where hw/config.h is not there, as in the folders that BNN-PYNQ published.
    """
    found = set(os.listdir(folder))
    if os.path.isdir(os.path.join(folder, 'hw')):
        found.remove('hw')
        found.update('hw/' + name for name in os.listdir(os.path.join(folder, 'hw')))
    return any(found | {CONFIG} == set(layout(overlay)) for overlay in OVERLAYS.values())


def _names(layer, kind):
    return ['%d-%d-%s.bin' % (layer.index, element, kind) for element in range(layer.pe)]


def _steps(layer):
    return len(thresholds.steps(layer))


def _write_words(folder, names, dtype, memories):
    for name, memory in zip(names, memories):
        _write_file(folder, name, memory.astype(dtype).tobytes())


def _write_file(folder, name, data):
    with io.open(os.path.join(folder, name), 'wb') as handle:
        handle.write(data)


def _read_weights(folder, layer):
    used = layer.simd * layer.weight_bits
    memories = []
    for name in _names(layer, 'weights'):
        memory = _read_words(folder, name, '<u8', layer.weight_words)
        if used < 64 and (memory >> np.uint64(used)).any():
            raise BadFolder('%s has bits set beyond the %d that a word uses: it is damaged, or of another network'
                            % (os.path.join(folder, name), used))
        memories.append(memory)
    return packing.unpack(np.array(memories), layer.columns, layer.simd, layer.weight_bits)


def _read_thresholds(folder, layer):
    low, high = thresholds.limits(layer)
    memories = []
    for name in _names(layer, 'thres'):
        memory = _read_words(folder, name, '<i8', layer.threshold_words * _steps(layer))
        if memory.min() < low or memory.max() > high:
            raise BadFolder('%s has thresholds outside %d to %d: it is damaged, or of another network'
                            % (os.path.join(folder, name), low, high))
        if (np.diff(memory.reshape(-1, _steps(layer))) < 0).any():
            raise BadFolder('%s has thresholds that do not rise: it is damaged, or of another network'
                            % os.path.join(folder, name))
        memories.append(memory)
    return packing.unpack_thresholds(np.array(memories), _steps(layer))


def _read_words(folder, name, dtype, count):
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise BadFolder('%s is missing: %s' % (path, 'generate the folder again' if os.path.isdir(folder)
                                               else 'there is no such folder'))
    with io.open(path, 'rb') as handle:
        data = handle.read(count * WORD + 1)
    if len(data) != count * WORD:
        raise BadFolder('%s has %d bytes where this network has %d: it is damaged, or of another network'
                        % (path, os.path.getsize(path), count * WORD))
    return np.frombuffer(data, dtype)
