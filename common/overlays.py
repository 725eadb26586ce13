"""The five BNN-PYNQ overlays as tables: what training, generator and board know of them.

    overlay = find('cnv', weight_bits=1, activation_bits=2)
    overlay.name                    # 'cnvW1A2'
    [layer.pe for layer in overlay.layers]

PE and SIMD are FINN's folding: a layer's matrix-vector unit has PE rows of SIMD multipliers each.
Precisions are pairs (integer bits, fraction bits).
"""
from __future__ import absolute_import, division

import collections

from common.errors import UserError

KERNEL = 3          # every convolution is 3x3, 'valid'
MAX_CLASSES = 64    # the last layer's rows are padded to this, whatever the number of classes

# What a network's outputs are judged by: the board takes the one with CNV, the other with LFC; training may take either.
LARGEST_OUTPUT, HIGHEST_OUTPUT = 'largest output', 'highest output that reaches 0'


class NoOverlay(UserError):
    """There is no overlay for this network and these precisions."""


class Layer(collections.namedtuple('Layer', [
        'index', 'kind',                                # kind: 'conv' or 'dense'
        'pe', 'simd',
        'inputs', 'outputs',                            # channels of a conv, units of a dense layer; outputs None: classes
        'ifm_dim', 'ofm_dim',                           # rows (= columns) of a conv's feature maps; None for a dense layer
        'pool',                                         # 2x2 max pooling on the outputs
        'weight_bits', 'input_bits', 'activation_bits',  # input_bits, activation_bits: (integer, fraction)
        'thresholds',                                   # False: the accumulators themselves are the answer
        'column_multiple', 'row_multiple'])):           # what the matrix is padded to, beside SIMD and PE
    """One layer of an overlay."""
    __slots__ = ()

    @property
    def fan_in(self):
        """Columns of the weight matrix before padding."""
        return self.inputs * KERNEL ** 2 if self.kind == 'conv' else self.inputs

    @property
    def columns(self):
        """Columns of the weight matrix, padded (MW)."""
        return _round_up(self.fan_in, max(self.simd, self.column_multiple))

    @property
    def rows(self):
        """Rows of the weight matrix, padded (MH)."""
        return _round_up(self.outputs or 1, max(self.pe, self.row_multiple))

    @property
    def weight_words(self):
        """Words of a PE's weight memory (WMEM)."""
        return self.columns * self.rows // (self.simd * self.pe)

    @property
    def threshold_words(self):
        """Rows of a PE's threshold memory (TMEM)."""
        return self.rows // self.pe

    @property
    def binary(self):
        """Whether weights, inputs and activations all have one bit: XNOR and popcount."""
        return self.weight_bits == 1 and self.input_bits == (1, 0) and self.activation_bits == (1, 0)


Overlay = collections.namedtuple('Overlay', ['name', 'net', 'weight_bits', 'activation_bits', 'layers'])


def _round_up(number, multiple):
    return -(-number // multiple) * multiple


_LFC_FOLDING = ((32, 64, 32, 16), (64, 32, 64, 8))                      # PE, SIMD
_LFC_UNITS = ((784, 1024), (1024, 1024), (1024, 1024), (1024, None))    # inputs, outputs

_CNV_FOLDING = {1: ((16, 32, 16, 16, 4, 1, 1, 1, 4), (3, 32, 32, 32, 32, 32, 4, 8, 1)),    # by weight bits
                2: ((8, 16, 8, 8, 4, 1, 1, 2, 4), (3, 16, 16, 16, 8, 8, 2, 2, 1))}
_CNV_CONVS = ((3, 64, 32, 30, False), (64, 64, 30, 28, True),           # IFM_CH, OFM_CH, IFM_DIM, OFM_DIM, pool
              (64, 128, 14, 12, False), (128, 128, 12, 10, True),
              (128, 256, 5, 3, False), (256, 256, 3, 1, False))
_CNV_UNITS = ((256, 512), (512, 512), (512, None))


def _lfc(weight_bits, activation_bits):
    layers = []
    last = len(_LFC_UNITS) - 1
    for index, ((inputs, outputs), pe, simd) in enumerate(zip(_LFC_UNITS, *_LFC_FOLDING)):
        layers.append(Layer(
            index, 'dense', pe, simd, inputs, outputs, None, None, False, weight_bits,
            input_bits=(1 if index == 0 else activation_bits, 0),
            activation_bits=(1 if index == last else activation_bits, 0),
            thresholds=True,
            column_multiple=64 if index == 0 else 1,
            row_multiple=MAX_CLASSES if index == last else 1))
    return layers


def _cnv(weight_bits, activation_bits):
    layers = []
    shapes = ([('conv',) + shape for shape in _CNV_CONVS] +
              [('dense', inputs, outputs, None, None, False) for inputs, outputs in _CNV_UNITS])
    last = len(shapes) - 1
    for index, (shape, pe, simd) in enumerate(zip(shapes, *_CNV_FOLDING[weight_bits])):
        kind, inputs, outputs, ifm_dim, ofm_dim, pool = shape
        layers.append(Layer(
            index, kind, pe, simd, inputs, outputs, ifm_dim, ofm_dim, pool, weight_bits,
            input_bits=(1, 7) if index == 0 else (activation_bits, 0),
            activation_bits=(16, 0) if index == last else (activation_bits, 0),
            thresholds=index != last,
            column_multiple=1,
            row_multiple=MAX_CLASSES if index == last else 1))
    return layers


def _all():
    table = collections.OrderedDict()
    for net, layers_of, precisions in (('lfc', _lfc, ((1, 1), (1, 2))),
                                       ('cnv', _cnv, ((1, 1), (1, 2), (2, 2)))):
        for weight_bits, activation_bits in precisions:
            name = '%sW%dA%d' % (net, weight_bits, activation_bits)
            table[name] = Overlay(name, net, weight_bits, activation_bits,
                                  tuple(layers_of(weight_bits, activation_bits)))
    return table


OVERLAYS = _all()   # by name, 'lfcW1A1' to 'cnvW2A2'


def find(net, weight_bits, activation_bits):
    """The overlay of a network and its precisions.

    Raises
    ------
    NoOverlay
        Where the board has none, with the ones that it has.
    """
    name = '%sW%sA%s' % (net, weight_bits, activation_bits)
    try:
        return OVERLAYS[name]
    except KeyError:
        raise NoOverlay('the board has no overlay %s: choose one of %s' % (name, ', '.join(OVERLAYS)))
