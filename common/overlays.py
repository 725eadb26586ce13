"""All facts of the two networks and of their overlays on the board, as tables.

    overlay = find('cnv', weight_bits=1, activation_bits=2)
    overlay.name, overlay.image_shape       # 'cnvW1A2', (32, 32, 3)
    [layer.pe for layer in overlay.layers]
    NETWORKS['cnv'].training.epochs         # 500

A network is a topology, what it reads and how the documents train it; an overlay is a network of given precisions,
folded for the board's FPGA. Another overlay of a known network is one line of :data:`OVERLAYS`.

PE and SIMD are FINN's folding: a layer's matrix-vector unit has PE rows of SIMD multipliers each.
Precisions are pairs (integer bits, fraction bits).
"""
from __future__ import absolute_import, division

import collections

from common.errors import UserError

KERNEL = 3          # every convolution is 3x3, 'valid'
EPSILON = 1e-4      # added to batch norm's variance
MAX_CLASSES = 64    # the last layer's rows are padded to this, whatever the number of classes

# The rules that make a class of a network's outputs. The board follows the rule that its network has below; training may
# follow either.
LARGEST_OUTPUT, HIGHEST_OUTPUT = 'largest output', 'highest output that reaches 0'


class NoOverlay(UserError):
    """There is no overlay for this network and these precisions."""


class Training(collections.namedtuple('Training', [
        'batch_size', 'epochs', 'LR_start', 'LR_fin', 'dropout_in', 'dropout_hidden'])):
    """How the documents train a network (the specification of the training, "Optimisation")."""
    __slots__ = ()


class Network(collections.namedtuple('Network', [
        'name',
        'image_shape',              # of one uint8 image: (rows, columns), or (rows, columns, 3)
        'input_bits',               # (1, 0): pixels are read as -1 or +1; (1, 7): in 1/128
        'input_multiple',           # what the first layer's columns are padded to, beside SIMD
        'output_bits', 'decision',  # of the last layer, and the rule by which the board answers
        'convolutions',             # IFM_CH, OFM_CH, IFM_DIM, OFM_DIM, pool
        'units',                    # of the dense layers: inputs, outputs; None: the classes
        'dataset', 'classes',       # the documents' data set, and the classes in the overlay's own list
        'training'])):
    """A topology, what it reads and answers, and how the documents train it."""
    __slots__ = ()

    @property
    def black_and_white(self):
        """Whether each pixel is read as one bit."""
        return self.input_bits == (1, 0)

    @property
    def planes(self):
        """(channels, rows, columns) of an image as the layers read it."""
        return (self.image_shape[2:] or (1,)) + self.image_shape[:2]


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
    def cycles(self):
        """Cycles that the FPGA spends in the layer on one image: ops / (2 * SIMD * PE) (the overlay's specification)."""
        return self.weight_words * (self.ofm_dim or 1) ** 2

    @property
    def binary(self):
        """Whether weights, inputs and activations all have one bit: XNOR and popcount."""
        return self.weight_bits == 1 and self.input_bits == (1, 0) and self.activation_bits == (1, 0)


def _round_up(number, multiple):
    return -(-number // multiple) * multiple


class Board(collections.namedtuple('Board', ['name', 'clock'])):
    """A board and the clock of the overlays on it, in MHz (the boards' specification)."""
    __slots__ = ()


PYNQ_Z, ULTRA96 = BOARDS = Board('PYNQ-Z1 or Z2', 100), Board('Ultra96', 300)

# How times of one image were measured: images in batches or one by one, without copying them into the driver's buffer.
IN_BATCHES, ONE_BY_ONE, ON_ARM = 'in batches', 'one by one', 'on its ARM core'


class Resources(collections.namedtuple('Resources', ['LUT', 'BRAM_18K', 'DSP'])):
    """What a design uses of an FPGA: look-up tables, block RAMs of 18 Kbit, multipliers."""
    __slots__ = ()


class Published(collections.namedtuple('Published', [
        'original_accuracy', 'brevitas_accuracy',   # percent of the test images: of the original training, of Brevitas's
        'board_accuracy',                           # the same, of the original's parameters on the board
        'measured',                                 # tuple of (Board, how, microseconds an image)
        'resources'])):                             # Resources of the overlay on a PYNQ-Z1 or Z2, its DMA included, as
                                                    # Vivado 2018.2 placed it: bnn/src/network/*/README.md of BNN-PYNQ
    """What others published about an overlay on the documents' data set; None where nothing (the specifications)."""
    __slots__ = ()


NOTHING = Published(None, None, None, (), None)


class Overlay(collections.namedtuple('Overlay', ['network', 'weight_bits', 'activation_bits', 'layers', 'published'])):
    """A network as the board has it.

    Attributes
    ----------
    network : Network
    weight_bits, activation_bits : int
    layers : tuple of Layer
    published : Published
    """
    __slots__ = ()

    @property
    def net(self):
        """'lfc' or 'cnv'."""
        return self.network.name

    @property
    def name(self):
        """The overlay's, and its parameter folder's: 'lfcW1A1' to 'cnvW2A2'."""
        return '%sW%dA%d' % (self.net, self.weight_bits, self.activation_bits)

    @property
    def image_shape(self):
        """The shape of one uint8 image: (28, 28) or (32, 32, 3)."""
        return self.network.image_shape

    @property
    def decision(self):
        """The rule by which the board answers: LARGEST_OUTPUT or HIGHEST_OUTPUT."""
        return self.network.decision


def overlay(network, weight_bits, activation_bits, folding, published=NOTHING):
    """An overlay of a network, its layers laid out.

    Parameters
    ----------
    network : Network
    weight_bits, activation_bits : int
        1 or 2.
    folding : pair of sequences of int
        PE and SIMD of each layer.
    published : Published, optional

    Returns
    -------
    Overlay

    Raises
    ------
    ValueError
        A folding that does not fit a layer, or whose weights do not fit the memories' words.
    """
    shapes = ([('conv',) + shape for shape in network.convolutions] +
              [('dense', inputs, outputs, None, None, False) for inputs, outputs in network.units])
    last = len(shapes) - 1
    layers = tuple(
        Layer(index, kind, pe, simd, inputs, outputs, ifm_dim, ofm_dim, pool, weight_bits,
              input_bits=(activation_bits, 0) if index else network.input_bits,
              activation_bits=network.output_bits if index == last else (activation_bits, 0),
              thresholds=index != last or network.decision == HIGHEST_OUTPUT,
              column_multiple=1 if index else network.input_multiple,
              row_multiple=MAX_CLASSES if index == last else 1)
        for index, ((kind, inputs, outputs, ifm_dim, ofm_dim, pool), pe, simd) in enumerate(zip(shapes, *folding)))
    for layer in layers:
        if layer.simd * weight_bits > 64 or layer.columns % layer.simd or layer.rows % layer.pe:
            raise ValueError('layer %d: SIMD %d must divide %d columns, PE %d the %d rows, and %d weights of %d bits fit '
                             'a word of 64' % (layer.index, layer.simd, layer.columns, layer.pe, layer.rows, layer.simd,
                                               weight_bits))
    return Overlay(network, weight_bits, activation_bits, layers, published)


LFC = Network(
    'lfc', image_shape=(28, 28), input_bits=(1, 0), input_multiple=64, output_bits=(1, 0), decision=HIGHEST_OUTPUT,
    convolutions=(),
    units=((784, 1024), (1024, 1024), (1024, 1024), (1024, None)),
    dataset='mnist', classes=tuple(u'0 1 2 3 4 5 6 7 8 9'.split()),
    training=Training(batch_size=100, epochs=1000, LR_start=.003, LR_fin=3e-7, dropout_in=.2, dropout_hidden=.5))

CNV = Network(
    'cnv', image_shape=(32, 32, 3), input_bits=(1, 7), input_multiple=1, output_bits=(16, 0), decision=LARGEST_OUTPUT,
    convolutions=((3, 64, 32, 30, False), (64, 64, 30, 28, True),
                  (64, 128, 14, 12, False), (128, 128, 12, 10, True),
                  (128, 256, 5, 3, False), (256, 256, 3, 1, False)),
    units=((256, 512), (512, 512), (512, None)),
    dataset='cifar10', classes=tuple(u'Airplane Automobile Bird Cat Deer Dog Frog Horse Ship Truck'.split()),
    training=Training(batch_size=50, epochs=500, LR_start=.001, LR_fin=3e-7, dropout_in=0., dropout_hidden=0.))

NETWORKS = collections.OrderedDict((network.name, network) for network in (LFC, CNV))

_LFC_W1 = (32, 64, 32, 16), (64, 32, 64, 8)                                         # PE, SIMD
_CNV_W1 = (16, 32, 16, 16, 4, 1, 1, 1, 4), (3, 32, 32, 32, 32, 32, 4, 8, 1)
_CNV_W2 = (8, 16, 8, 8, 4, 1, 1, 2, 4), (3, 16, 16, 16, 8, 8, 2, 2, 1)

OVERLAYS = collections.OrderedDict((one.name, one) for one in (                     # by name, 'lfcW1A1' to 'cnvW2A2'
    overlay(LFC, 1, 1, _LFC_W1, Published(98.35, 98.88, 98.40, (
        (ULTRA96, IN_BATCHES, 2.8), (PYNQ_Z, ON_ARM, 53e3), (ULTRA96, ON_ARM, 17e3)), Resources(28360, 220, 4))),
    overlay(LFC, 1, 2, _LFC_W1, Published(98.55, 98.99, 98.49, (), Resources(48981, 220, 4))),
    overlay(CNV, 1, 1, _CNV_W1, Published(79.54, 84.22, 79.22, (
        (PYNQ_Z, IN_BATCHES, 329), (PYNQ_Z, ONE_BY_ONE, 1582), (ULTRA96, IN_BATCHES, 109.3), (ULTRA96, ONE_BY_ONE, 527),
        (PYNQ_Z, ON_ARM, .81e6), (ULTRA96, ON_ARM, .42e6)), Resources(26072, 248, 24))),
    overlay(CNV, 1, 2, _CNV_W1, Published(83.63, 87.80, 82.66, ((ULTRA96, ON_ARM, 2.65e6),),
                                           Resources(40321, 263, 26))),
    overlay(CNV, 2, 2, _CNV_W2, Published(84.80, 89.03, 84.29, (
        (ULTRA96, IN_BATCHES, 387.6), (ULTRA96, ONE_BY_ONE, 1622), (ULTRA96, ON_ARM, 4.58e6)), Resources(37302, 280, 32)))))


def find(net, weight_bits, activation_bits):
    """The overlay of a network and its precisions.

    Raises
    ------
    NoOverlay
        The board has none; the text lists those that it has.
    """
    name = '%sW%sA%s' % (net, weight_bits, activation_bits)
    try:
        return OVERLAYS[name]
    except KeyError:
        raise NoOverlay('the board has no overlay %s: choose one of %s' % (name, ', '.join(OVERLAYS)))
