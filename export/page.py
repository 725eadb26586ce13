"""A packed network as one web page that needs nothing else: draw, drop, paste or photograph, and see what it answers.

    page.files(source)      # {'.html': bytes}
    python -m export.page --run runs/mnist-lfcW1A1

Weights lie in the page as the words of bits of export.planes; templates/network.js computes with whole numbers what the
board does, templates/fitting.js fits pictures as :mod:`datasets.pictures` does.
"""
from __future__ import absolute_import, division, print_function

import base64
import hashlib
import json
import sys

import numpy as np

from board import reference
from common import options
from common.errors import run
from common.overlays import HIGHEST_OUTPUT
from datasets import registry
from export import export, planes, templating

SCRIPTS = ('network.js', 'fitting.js', 'page.js')


def files(source):
    """The file's contents, by the ending of its name.

    Raises
    ------
    export.planes.NotBits
    """
    description, data = describe(source)
    values = json.dumps(description, sort_keys=True).replace('<', '\\u003c')
    script = '\n'.join(templating.render(name) for name in SCRIPTS)
    html = templating.render(
        'page.html', source=source, facts=source.facts(), draws=source.overlay.network.black_and_white,
        shape=source.overlay.image_shape, style=templating.render('page.css'), script=script, description=values,
        weights=base64.b64encode(data).decode('ascii'),
        hash=base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii'))
    return {'.html': html.encode('utf-8')}


def describe(source):
    """What templates/network.js computes with.

    Returns
    -------
    dict
        As JSON has it; arrays as (first byte, length).
    bytes
        The arrays, each of them at a multiple of four.
    """
    data, layers = bytearray(), []

    def add(array):
        start = len(data)
        data.extend(array.tobytes())
        data.extend(b'\0' * (-len(data) % 4))
        return [start, array.size]

    for packed in planes.packed(source.layers):
        layer = packed.layer
        conv = layer.kind == 'conv'
        offset = set(layer.offset.tolist())
        assert len(offset) == 1         # no overlay pads the columns of its last layer
        layers.append({
            'side': layer.side + 2 if conv else 1, 'kernel': 3 if conv else 1, 'pool': bool(layer.pool),
            'inputs': layer.inputs, 'fanIn': layer.fan_in, 'words': packed.words, 'rows': len(layer.weights),
            'weights': add(packed.weights), 'offset': offset.pop(), 'divisor': layer.divisor,
            'thresholds': None if layer.thresholds is None else add(layer.thresholds.astype('<i2'))})
    return {
        'name': source.name, 'classes': source.classes, 'shape': list(source.overlay.image_shape), 'layers': layers,
        'inputPlanes': source.overlay.activation_bits, 'weightPlanes': source.overlay.weight_bits,
        'white': int(np.argmax(reference.input_values(source.overlay) > 0)),
        'highest': source.overlay.decision == HIGHEST_OUTPUT, 'invert': source.invert, 'threshold': source.threshold,
        'samples': [base64.b64encode(image.tobytes()).decode('ascii') for image in source.samples]}, bytes(data)


def main(arguments):
    """The command line; see --help."""
    given = options.parser('page', __doc__.split('\n')[0]).parse_args(arguments)
    print(export.export(export.of_run(given), ['page'], registry.run_path(given))[0])


if __name__ == '__main__':
    sys.exit(run(main))
