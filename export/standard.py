"""A packed network as ONNX of standard operators: any runtime of opset 9 (2018) or later computes what the board does.

    model = standard.model(source)      # onnx.ModelProto

Input `image`: uint8 (N, 28, 28) or (N, 32, 32, 3), the pixels as they are. Outputs: `scores`, int32 (N, classes), the
board's integer scores (CNV) or bits (LFC), and `answer`, int64 (N,), the class that the board answers.

Between input and output everything is float32, since no runtime convolves integers of this kind everywhere: all
values are whole numbers, and no sum reaches 2**24, up to which float32 holds every one of them. So every score is
exact in whatever order a runtime adds. Weights are stored as int8, a quarter of the size, and cast.
"""
from __future__ import absolute_import, division

import json

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, shape_inference

from board import reference
from common.overlays import HIGHEST_OUTPUT

OPSET, IR = 9, 4            # the oldest in which initialisers need not be inputs as well


class _Graph(object):
    """Nodes and initialisers, each named as it is added."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, name, values):
        self.constants[name] = values
        return name

    def node(self, operator, *inputs, **attributes):
        output = attributes.pop('output', '%s_%d' % (operator.lower(), len(self.nodes)))
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def model(source):
    """The network as ONNX.

    Parameters
    ----------
    source : export.source.Source

    Returns
    -------
    onnx.ModelProto
    """
    graph = _Graph()
    values = graph.node('Gather', graph.constant('pixel_values', reference.input_values(source.overlay).astype(np.float32)),
                        graph.node('Cast', 'image', to=TensorProto.INT32))
    if source.overlay.layers[0].kind == 'conv':
        values = graph.node('Transpose', values, perm=[0, 3, 1, 2])
    else:
        values = graph.node('Flatten', values)
    for index, layer in enumerate(source.layers):
        if layer.kind == 'dense' and index and source.layers[index - 1].kind == 'conv':
            values = graph.node('Flatten', values)      # 256 channels of 1x1
        values = _layer(graph, index, layer, values)
    if source.overlay.decision == HIGHEST_OUTPUT:       # the last layer's values are -1 and +1
        bits = graph.node('Cast', graph.node('Greater', values, graph.constant('none', np.float32(0))), to=TensorProto.FLOAT)
        graph.node('Cast', bits, to=TensorProto.INT32, output='scores')
        numbers = graph.constant('class_numbers', np.arange(len(source.classes), dtype=np.float32))
        highest = graph.node('ReduceMax', graph.node('Mul', bits, numbers), axes=[1], keepdims=0)
        graph.node('Cast', highest, to=TensorProto.INT64, output='answer')     # the highest set bit, 0 where none is
    else:
        graph.node('Cast', values, to=TensorProto.INT32, output='scores')
        graph.node('ArgMax', values, axis=1, keepdims=0, output='answer')       # the first of equal ones
    made = helper.make_model(
        helper.make_graph(
            graph.nodes, source.identifier,
            [helper.make_tensor_value_info('image', TensorProto.UINT8, ['N'] + list(source.overlay.image_shape))],
            [helper.make_tensor_value_info('scores', TensorProto.INT32, ['N', len(source.classes)]),
             helper.make_tensor_value_info('answer', TensorProto.INT64, ['N'])],
            [numpy_helper.from_array(np.array(array, order='C'), name) for name, array in graph.constants.items()],
            doc_string=__doc__.split('\n\n', 1)[1]),
        opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR, producer_name='bnn-pynq-training')
    made = shape_inference.infer_shapes(made, strict_mode=True)     # for viewers, such as Netron
    describe(made, source)
    checker.check_model(made, full_check=True)
    return made


def describe(made, source):
    """Put what is known of the network into the model's metadata; `names` is the list that runtimes look for."""
    facts = dict(source.facts(), names=json.dumps(dict(enumerate(source.classes))))
    helper.set_model_props(made, facts)


def _layer(graph, index, layer, values):
    def constant(name, array):
        return graph.constant('%s_%d' % (name, index), array)

    weights = layer.weights
    if layer.kind == 'conv':
        weights = weights.reshape(-1, 3, 3, layer.inputs).transpose(0, 3, 1, 2)
        weights = graph.node('Cast', constant('weights', weights), to=TensorProto.FLOAT)
        dots, each = graph.node('Conv', values, weights, kernel_shape=[3, 3]), (-1, 1, 1)
    else:
        weights = graph.node('Cast', constant('weights', weights.T), to=TensorProto.FLOAT)
        dots, each = graph.node('MatMul', values, weights), (-1,)
    if layer.pool:
        dots = graph.node('MaxPool', dots, kernel_shape=[2, 2], strides=[2, 2])
    if layer.thresholds is None:
        dots = graph.node('Add', dots, constant('offset', layer.offset.astype(np.float32)))
        return dots if layer.divisor == 1 else graph.node('Div', dots, constant('divisor', np.float32(layer.divisor)))
    reached = [graph.node('Cast', graph.node('Greater', dots, constant('below_%d' % number, below)), to=TensorProto.FLOAT)
               for number, below in enumerate((layer.thresholds.T.reshape((-1, len(layer.thresholds)) + each[1:]) - 1)
                                              .astype(np.float32))]
    if len(reached) == 1:
        doubled = graph.node('Add', reached[0], reached[0])
    else:
        doubled = graph.node('Add', *reached)
    return graph.node('Sub', doubled, constant('one', np.float32(1)))


def files(source):
    """The file's contents, by the ending of its name."""
    return {'.onnx': model(source).SerializeToString(deterministic=True)}
