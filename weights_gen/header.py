"""hw/config.h: the overlay's shape as the C preprocessor's constants."""
from __future__ import absolute_import

from common.overlays import KERNEL


def text(overlay):
    """The whole of hw/config.h: per layer l its constants ``L<l>_NAME`` (the overlay's specification).

    Parameters
    ----------
    overlay : common.overlays.Overlay

    Returns
    -------
    str
    """
    blocks = ['\n'.join('#define L%d_%s %d' % (layer.index, name, value) for name, value in _constants(layer))
              for layer in overlay.layers]
    return '\n\n'.join(['// %s' % overlay.name, '#ifndef CONFIG_H\n#define CONFIG_H'] + blocks + ['#endif']) + '\n'


def _constants(layer):
    if layer.kind == 'conv':
        shape = [('K', KERNEL), ('IFM_CH', layer.inputs), ('IFM_DIM', layer.ifm_dim),
                 ('OFM_CH', layer.outputs), ('OFM_DIM', layer.ofm_dim)]
        size = []
    else:
        shape = []
        size = [('MW', layer.columns), ('MH', layer.rows)]
    folding = [('SIMD', layer.simd), ('PE', layer.pe), ('WMEM', layer.weight_words), ('TMEM', layer.threshold_words)]
    precision = [('WPI', layer.weight_bits), ('API', layer.activation_bits[0]),
                 ('WPF', 0), ('APF', layer.activation_bits[1])]
    return shape + folding + size + precision
