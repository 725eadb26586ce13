"""A packed network as one self-contained C99 file, for any processor with a C compiler.

    files = c_source.files(source)      # {'.c': bytes, '.h': bytes, '-example.c': bytes}

The program is templates/classifier.c; here its constants are filled in: weights as words of bits (export.planes),
thresholds, and one call for each layer.
"""
from __future__ import absolute_import, division

import numpy as np

from board import reference
from board.package import plain
from common.overlays import HIGHEST_OUTPUT
from export import planes, templating

WIDTH = 118


def files(source):
    """The files' contents, by the ending of their names.

    Raises
    ------
    export.planes.NotBits
    """
    layers = planes.packed(source.layers)
    overlay = source.overlay
    outputs = ([layers[0].words] if overlay.network.black_and_white else []) + list(map(_output_words, layers[:-1]))
    buffers = [max(outputs[start::2]) * overlay.activation_bits for start in (0, 1)]
    arrays = list(_arrays(source, layers))
    values = dict(
        name=source.identifier, file=source.name, title='%s: a binary neural network, %s, as the BNN-PYNQ overlay '
        'computes it' % (comment(source.name), overlay.name), facts=[(key, comment(text)) for key, text in source.facts()],
        overlay=overlay, highest=overlay.decision == HIGHEST_OUTPUT, classes=len(source.classes),
        arrays='\n'.join(_names(source) + [line for name, array in arrays for line in _array(name, array)]),
        constants=sum(array.nbytes for _, array in arrays), buffers=buffers, calls='\n'.join(_calls(layers)),
        image_bytes=np.prod(overlay.image_shape), first=_first(overlay, layers[0]),
        last=_last(len(layers) - 1, layers[-1]))
    return {ending: templating.render(name, **values).encode('ascii') for ending, name in (
        ('.c', 'classifier.c'), ('.h', 'classifier.h'), ('-example.c', 'example.c'))}


def comment(text):
    """Any text, made safe for a comment."""
    return plain(text).replace('*/', '* /').replace('/*', '/ *')


def _output_words(packed):
    """Words of a layer's outputs, in one plane."""
    layer = packed.layer
    side = (layer.side // 2 if layer.pool else layer.side) if layer.side else 1
    return side ** 2 * len(layer.weights) // planes.WORD


def _first(overlay, packed):
    layer = packed.layer
    return dict(side=layer.side, rows=len(layer.weights), fan_in=layer.fan_in, inputs=layer.inputs, strip=3 * layer.inputs,
                columns=overlay.image_shape[1], words=packed.words,
                white=int(np.argmax(reference.input_values(overlay) > 0)))


def _last(index, packed):
    offset, = set(packed.layer.offset.tolist())     # no overlay pads the columns of its last layer
    return dict(index=index, words=packed.words, fan_in=packed.layer.fan_in, rows=len(packed.layer.weights), offset=offset,
                divisor=packed.layer.divisor)


def _calls(layers):
    here, there = 'buffer_a', 'buffer_b'
    yield '    first(image, %s);' % here
    for index, packed in enumerate(layers[:-1]):
        layer = packed.layer
        if packed.words:
            side, kernel = (layer.side + 2, 3) if layer.kind == 'conv' else (1, 1)
            yield '    layer(%s, %d, %d, %d, %d, weights_%d, thresholds_%d, %d, %d, %s);' % (
                here, side, kernel, packed.words, layer.fan_in, index, index, len(layer.weights), 1 + layer.pool, there)
            here, there = there, here
    yield '    return last(%s, scores);' % here


def _arrays(source, layers):
    """(name, array) of every constant."""
    for index, packed in enumerate(layers):
        yield 'weights_%d' % index, packed.weights.ravel()
        if packed.layer.thresholds is not None:
            yield 'thresholds_%d' % index, packed.layer.thresholds.astype(np.int16).ravel()


def _array(name, array):
    hexadecimal = array.dtype == np.uint32
    texts = [('0x%08x' if hexadecimal else '%d') % value for value in array.tolist()]
    yield 'static const %s_t %s[%d] = {' % ('uint32' if hexadecimal else array.dtype.name, name, len(array))
    line = '   '
    for text in texts:
        if len(line) + len(text) + 2 > WIDTH:
            yield line
            line = '   '
        line += ' %s,' % text
    yield line
    yield '};'
    yield ''


def _names(source):
    return ['const char *const %s_names[%s_CLASSES] = {' % (source.identifier, source.identifier.upper())] + [
        '    "%s",' % ''.join(_character(character) for character in bytearray(name.encode('utf-8')))
        for name in source.classes] + ['};', '']


def _character(code):
    """A byte of a C string; letters after an octal number of three digits are no part of it."""
    return chr(code) if 32 <= code < 127 and chr(code) not in '"\\?' else '\\%03o' % code
