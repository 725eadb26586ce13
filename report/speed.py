"""How fast the overlay answers: the cycles of its layers, and times of one image on everything that it can run on."""
from __future__ import absolute_import, division, unicode_literals

from common.overlays import BOARDS
from report import charts


def slowest(overlay):
    """The layer that decides how many images a second go through: all work at once, each on another image."""
    return max(overlay.layers, key=lambda layer: layer.cycles)


def rate(overlay, clock):
    """Images a second at a clock in MHz."""
    return clock * 1e6 / slowest(overlay).cycles


def speed(material):
    """Cycles of each layer, and times of one image on everything that it can run on."""
    overlay, verification = material.network.overlay, material.network.verification
    most = slowest(overlay).cycles
    times = [('FPGA of %s at %d MHz, estimated' % board, most / board.clock, 's1') for board in BOARDS]
    if verification:
        simulator = verification['simulator']
        times.append(('This project\u2019s simulator on %d processor%s, measured' % (
            simulator['processors'], 's' if simulator['processors'] > 1 else ''),
            1e6 * simulator['seconds'] / verification['images'], 's1'))
    times += [('%s, %s, published' % (board.name, how), microseconds, 'quiet')
              for board, how, microseconds in overlay.published.measured]
    times.sort(key=lambda row: row[1])
    axis = charts.Axis([row[1] for row in times], log=True)
    return {'slowest': slowest(overlay), 'most': most, 'boards': BOARDS,
            'describe': lambda layer: describe(layer, len(material.classes)),
            'times': [(label, 100 * axis(time), time, kind) for label, time, kind in times],
            'ticks': [(value, 100 * axis(value)) for value, _ in axis.ticks]}


def describe(layer, count):
    """A layer of an overlay in words, for a network of a number of classes."""
    if layer.kind == 'conv':
        return 'convolution 3 \u00d7 3, %d \u2192 %d channels, %d \u00d7 %d' % (
            layer.inputs, layer.outputs, layer.ofm_dim, layer.ofm_dim) + (', max pool' if layer.pool else '')
    return 'dense, %d \u2192 %d' % (layer.inputs, layer.outputs or count or layer.rows)
