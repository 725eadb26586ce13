"""A packed network as one file of C99 that needs no other, for any processor with a C compiler.

    files = c_source.files(source)      # {'.c': bytes, '.h': bytes, '-example.c': bytes}

The program is templates/classifier.c; here its constants are filled in: weights as words of bits (export.planes),
thresholds, and one call for each layer.
"""
from __future__ import absolute_import, division

import io
import os
import re

import numpy as np

from board import reference
from board.package import plain
from common.overlays import HIGHEST_OUTPUT
from export import planes

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')
WIDTH = 118


def files(source):
    """The files' contents, by the ending of their names.

    Raises
    ------
    export.planes.NotBits
    """
    layers = planes.packed(source.layers)
    overlay, highest = source.overlay, source.overlay.decision == HIGHEST_OUTPUT
    outputs = ([layers[0].words] if overlay.network.black_and_white else []) + [_output_words(packed) for packed in layers[:-1]]
    x_planes = overlay.activation_bits
    buffers = [max(outputs[start::2]) * x_planes for start in (0, 1)]
    arrays = list(_arrays(source, layers))
    values = {
        'title': '%s: a binary neural network, %s, as the BNN-PYNQ overlay computes it.' % (
            comment(source.name), overlay.name),
        'facts': '\n'.join(' * %s: %s' % (key, comment(text)) for key, text in source.facts()),
        'arrays_bytes': '%d' % sum(array.nbytes for _, array in arrays), 'ram': '%d' % (4 * sum(buffers)),
        'file': source.name, 'name': source.identifier, 'NAME': source.identifier.upper(),
        'guard': source.identifier.upper() + '_H',
        'x_planes': '%d' % x_planes, 'w_planes': '%d' % overlay.weight_bits,
        'buffer_a': '%d' % buffers[0], 'buffer_b': '%d' % buffers[1],
        'arrays': '\n'.join(_names(source) + [line for name, array in arrays for line in _array(name, array)]),
        'first': (BITS if overlay.network.black_and_white else PIXELS) % _first(overlay, layers[0]),
        'last': (HIGHEST if highest else LARGEST) % _last(len(layers) - 1, layers[-1]),
        'calls': '\n'.join(_calls(layers)),
        'classes': '%d' % len(source.classes),
        'image_bytes': '%d' % np.prod(overlay.image_shape),
        'image': ('%d x %d greys, white ink on black' if len(overlay.image_shape) == 2 else '%d x %d pixels of %d colours')
                 % overlay.image_shape,
        'scores': 'bit' if highest else 'score',
        'answer': 'the highest set bit' if highest else 'the first with the largest score'}
    return {ending: fill(name, values).encode('ascii') for ending, name in (
        ('.c', 'classifier.c'), ('.h', 'classifier.h'), ('-example.c', 'example.c'))}


def fill(name, values):
    """A template with its @markers@ replaced."""
    with io.open(os.path.join(FOLDER, name), encoding='utf-8') as handle:
        return re.sub('@([A-Za-z_]+)@', lambda marker: values[marker.group(1)], handle.read())


def comment(text):
    """Text from anywhere as a comment may have it."""
    return plain(text).replace('*/', '* /').replace('/*', '/ *')


PIXELS = '''/* The first layer, whose inputs are pixels of 8 bits, 2 p / 255 - 1 in 1/128. */
static void first(const uint8_t *image, uint32_t *y)
{
    int i, j, k, row;

    for (i = 0; i < %(side)d; i++)
        for (j = 0; j < %(side)d; j++, y += %(rows)d / 32 * X_PLANES) {
            const int8_t *w = weights_0;
            int16_t window[%(fan_in)d];

            for (k = 0; k < %(fan_in)d; k++) {
                int value = (512 * image[((i + k / %(strip)d) * %(columns)d + j) * %(inputs)d + k %% %(strip)d] + 255) / 510 - 128;

                window[k] = (int16_t)(value < 127 ? value : 127);
            }
            for (row = 0; row < %(rows)d; row++, w += %(fan_in)d) {
                int sum = 0;

                for (k = 0; k < %(fan_in)d; k++)
                    sum += window[k] * w[k];
                put(y, row, sum, thresholds_0);
            }
        }
}
'''

BITS = '''/* The pixels as bits: white is +1. */
static void first(const uint8_t *image, uint32_t *y)
{
    int k;

    for (k = 0; k < %(words)d * X_PLANES; k++)
        y[k] = 0;
    for (k = 0; k < %(fan_in)d; k++) {
        uint32_t *word = y + k / 32 * X_PLANES, bit = (uint32_t)1 << k %% 32;

        word[0] |= X_PLANES == 2 || image[k] >= %(white)d ? bit : 0;
        word[X_PLANES - 1] |= image[k] >= %(white)d ? bit : 0;
    }
}
'''

LARGEST = '''/* The last layer: its sums are the scores, the first largest is the answer. */
static int last(const uint32_t *x, int16_t *scores)
{
    int n = places(x, 1, 0, %(words)d, %(fan_in)d), answer = 0, row;

    for (row = 0; row < %(rows)d; row++) {
        scores[row] = (int16_t)((dot(x, 1, 0, %(words)d, n, weights_%(index)d + row * %(words)d * W_PLANES) + %(offset)d) / %(divisor)d);
        if (scores[row] > scores[answer])
            answer = row;
    }
    return answer;
}
'''

HIGHEST = '''/* The last layer: a bit for each class, the highest that is set is the answer. */
static int last(const uint32_t *x, int16_t *scores)
{
    int n = places(x, 1, 0, %(words)d, %(fan_in)d), answer = 0, row;

    for (row = 0; row < %(rows)d; row++) {
        scores[row] = dot(x, 1, 0, %(words)d, n, weights_%(index)d + row * %(words)d * W_PLANES) >= thresholds_%(index)d[row];
        if (scores[row])
            answer = row;
    }
    return answer;
}
'''


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
