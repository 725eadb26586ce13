"""Trained parameters: the .npz archive that training writes, read and checked.

    layers = read('cifar10-1w-1a.npz', overlay)
    layers[0].gamma                 # float32
    classes(layers)                 # how many outputs the network has
    arrays(layers)                  # arr_0, arr_1, ... again

An archive holds positional arrays arr_0, arr_1, ...: layer by layer weights, bias, beta, gamma, mean and inv_std.
It may come from anywhere: nothing is unpickled, and no more is read of an array than the network has room for.
"""
from __future__ import absolute_import, division

import collections
import itertools
import re

import numpy as np
from numpy.lib import format as npy

from common import npz
from common.errors import UserError
from common.files import open_regular
from common.overlays import EPSILON, KERNEL, MAX_CLASSES

LayerParameters = collections.namedtuple('LayerParameters', ['weights', 'bias', 'beta', 'gamma', 'mean', 'inv_std'])

_LARGEST_INV_STD = 1.001 / np.sqrt(EPSILON)     # of a variance of 0; with what rounding may add

_NAMED = re.compile(r'-([12])w-([12])a(?:\.npz)?\Z')
_NAME = 'arr_%d'


class BadArchive(UserError):
    """A file that does not hold the trained parameters of the network."""


def shapes(overlay, outputs):
    """The shapes of a network's parameters.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    outputs : int
        Units of the last layer: the number of classes.

    Returns
    -------
    list of LayerParameters of tuples
        Weights (inputs, units) or (filters, channels, 3, 3), the others (units,). A layer without thresholds has no
        bias (None), and its batch norm runs over both axes: scalars, shape ().
    """
    result = []
    for layer in overlay.layers:
        units = layer.outputs or outputs
        weights = (units, layer.inputs, KERNEL, KERNEL) if layer.kind == 'conv' else (layer.inputs, units)
        bias, batch_norm = ((units,), (units,)) if layer.thresholds else (None, ())
        result.append(LayerParameters(weights, bias, *4 * [batch_norm]))
    return result


def read(path, overlay, other_bits=False):
    """Read and check an archive.

    Parameters
    ----------
    path : str
    overlay : common.overlays.Overlay
    other_bits : bool
        Whether the archive may be named for other precisions: a training can start from those of another.

    Returns
    -------
    list of LayerParameters of float32 arrays
        Of the shapes that :func:`shapes` gives; float64 arrays in the archive are rounded to float32, the
        precision that networks are trained in.

    Raises
    ------
    BadArchive
        Not an .npz archive, or a damaged one; arrays missing, left over, of a wrong shape or type, or not finite;
        a gamma of 0, an inv_std not above 0; more outputs than the overlay has.
    EnvironmentError
        The file cannot be read.
    """
    named = _NAMED.search(path)
    bits = overlay.weight_bits, overlay.activation_bits
    if named and not other_bits and tuple(map(int, named.groups())) != bits:
        raise BadArchive('%s is named for %s-bit weights and %s-bit activations, not %d and %d: give '
                         '-wb %s -ab %s, or another file' % ((path,) + named.groups() + bits + named.groups()))
    with open_regular(path) as handle:
        _check_names(path, overlay, handle)
        outputs = _outputs(path, overlay, handle)
        numbers = itertools.count()
        layers = []
        for layer, layer_shapes in zip(overlay.layers, shapes(overlay, outputs)):
            layers.append(LayerParameters(*[
                None if shape is None else _read_parameter(path, handle, next(numbers), layer, field, shape)
                for field, shape in zip(LayerParameters._fields, layer_shapes)]))
    return layers


def classes(layers):
    """The number of outputs of the network with these parameters."""
    return layers[-1].weights.shape[1]


def arrays(layers):
    """The arrays of an archive in their order, from what :func:`read` returned."""
    return [array for layer in layers for array in layer if array is not None]


def _count(overlay):
    return len(arrays(shapes(overlay, MAX_CLASSES)))


def _check_names(path, overlay, handle):
    magic = handle.read(6)
    try:
        members = npz.members(handle)
    except ValueError:
        if magic.startswith(b'PK'):
            problem = 'is cut short or damaged: copy it again, or train again'
        elif magic == npy.MAGIC_PREFIX:
            problem = 'is a single array (.npy): an archive of arrays (.npz) is needed'
        else:
            problem = 'is not an .npz archive: give the file that training wrote'
        raise BadArchive('%s %s' % (path, problem))
    expected = ['arr_%d.npy' % number for number in range(_count(overlay))]
    found = collections.Counter(str(re.sub(r'[^A-Za-z0-9_.-]', '?', name[:40])) for name in members)
    missing = [name for name in expected if not found[name]]
    found.subtract(expected)
    left_over = [name for name in sorted(found) if found[name] > 0]
    for problem, names in (('lacks', missing), ('also has', left_over)):
        if names:
            raise BadArchive('%s %s %s: %s has arr_0 to arr_%d; is it of another network?'
                             % (path, problem, _some(names), overlay.name, len(expected) - 1))


def _some(names):
    return ', '.join(name.replace('.npy', '') for name in names[:3]) + (', ...' if len(names) > 3 else '')


def _outputs(path, overlay, handle):
    """The number of classes, from the last layer's weights."""
    last = overlay.layers[-1]
    number = _count(overlay) - len(arrays(shapes(overlay, MAX_CLASSES)[-1:]))
    label = _label(path, number, last, 'weights')
    shape = _shape(label, handle, number)
    if len(shape) != 2 or shape[0] != last.inputs:
        raise _wrong_shape(label, shape, '(%d, classes)' % last.inputs)
    if not 1 <= shape[1] <= MAX_CLASSES:
        raise BadArchive('%s is of a network with %d classes: the overlay answers with 1 to %d'
                         % (path, shape[1], MAX_CLASSES))
    return shape[1]


def _read_parameter(path, handle, number, layer, field, shape):
    """One array, float32."""
    label = _label(path, number, layer, field)
    values = _read_array(label, handle, number, shape)
    if not np.isfinite(values).all():
        raise BadArchive('%s has values that are not finite (NaN or infinity): retrain with another SEED= (--seed)' % label)
    if field == 'gamma' and not values.all():
        raise BadArchive('%s is 0 for unit %d: the unit ignores its inputs, and has no threshold'
                         % (label, np.argmin(values != 0)))
    if field == 'inv_std' and (values <= 0).any():
        raise BadArchive('%s is not above 0 for unit %d: 1/sqrt(variance + epsilon) always is'
                         % (label, np.argmax(values <= 0)))
    if field == 'inv_std' and (values > _LARGEST_INV_STD).any():
        raise BadArchive('%s is %g for unit %d, and 1/sqrt(variance + epsilon) is at most %g: is it the variance? save '
                         '1 / np.sqrt(variance + %g)' % (label, values.max(), np.argmax(values),
                                                         1 / np.sqrt(EPSILON), EPSILON))
    return values


def _label(path, number, layer, field):
    return '%s: arr_%d (%s of layer %d)' % (path, number, field, layer.index)


def _wrong_shape(label, shape, expected):
    return BadArchive('%s has shape %s, expected %s' % (label, _plain(shape), expected))


def _plain(shape):
    return '(%s)' % ', '.join('%d' % length for length in shape)


def _shape(label, handle, number):
    """The shape of an array of floats, from its header."""
    try:
        shape, dtype = npz.describe(handle, _NAME % number)
    except (ValueError, KeyError, EnvironmentError):
        raise _damaged(label)
    if dtype.kind != 'f' or dtype.itemsize not in (4, 8):
        raise BadArchive('%s holds %s values, expected float32' % (label, dtype.name))
    return shape


def _read_array(label, handle, number, shape):
    found = _shape(label, handle, number)
    if found != shape:
        raise _wrong_shape(label, found, _plain(shape))
    room = int(np.prod(shape, dtype=int)) * np.dtype(np.float64).itemsize
    try:
        values = npz.read(handle, [_NAME % number], room)[_NAME % number]
    except (ValueError, EnvironmentError):
        raise _damaged(label)
    with np.errstate(over='ignore'):
        return values.astype(np.float32, order='C')


def _damaged(label):
    return BadArchive('%s is damaged: copy the archive again, or train again' % label)
