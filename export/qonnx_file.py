"""A packed network in FINN's dialect of QONNX, from which FINN makes accelerators for boards without the overlays.

    model = qonnx_file.model(source)        # onnx.ModelProto

Input `image`: one image, its pixels as they are, in float32 annotated as UINT8: (1, 784), or (1, 32, 32, 3), whose
Transpose FINN absorbs. Output `scores`: CNV's (1, classes) sums of products, or LFC's (1, classes) outputs of -1 and +1.
`answer` beside it, CNV's alone: the first largest, as FINN's LabelSelect has it. FINN cannot say "the highest set bit":
of an LFC the host must.

Thresholds are MultiThreshold nodes, and not Quant nodes with scales between them: integers, as the overlay's, and what FINN
would make of Quant nodes. Weights and activations are annotated with their types (finn_datatype). FINN wants thresholds that
are reached, not exceeded, which export.network has, of the parity that XNOR sums have, and one image at a time.
"""
from __future__ import absolute_import, division

import numpy as np
from onnx import StringStringEntryProto, TensorAnnotation, TensorProto, checker, helper, numpy_helper

from board import reference
from common.overlays import LARGEST_OUTPUT
from export.standard import describe

OPSET, IR = 13, 8           # what FINN's own front end writes
_DOMAIN = 'qonnx.custom_op.general'


class _Graph(object):
    """Nodes, constants and the type of each tensor, all of them float32."""

    def __init__(self):
        self.nodes, self.constants, self.values, self.types = [], [], [], {}

    def constant(self, name, values, kind=None, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.array(values, dtype, order='C'), name))
        self.types[name] = kind
        return name

    def node(self, operator, inputs, shape, kind=None, output=None, **attributes):
        output = output or '%s_%d' % (operator.lower(), len(self.nodes))
        name = '%s_%d' % (operator, len(self.nodes))
        self.nodes.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        self.values.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, shape))
        self.types[output] = kind
        return output

    def thresholds(self, name, values, shape, thresholds, kind, threshold_kind, **attributes):
        return self.node('MultiThreshold', [values, self.constant(name, thresholds, threshold_kind)], shape, kind,
                         domain=_DOMAIN, out_dtype=kind, data_layout='NCHW' if len(shape) == 4 else 'NC', **attributes)

    def annotations(self, layout):
        """Of each tensor with a type, and of the image's axes, which FINN would take for N, C, H, W."""
        told = {name: {'finn_datatype': kind} for name, kind in self.types.items() if kind}
        told['image']['tensor_layout'] = str(layout)
        return [TensorAnnotation(tensor_name=name, quant_parameter_tensor_names=[
            StringStringEntryProto(key=key, value=value) for key, value in sorted(entries.items())])
            for name, entries in told.items()]


def model(source):
    """The network as FINN takes it.

    Parameters
    ----------
    source : export.source.Source

    Returns
    -------
    onnx.ModelProto
    """
    graph, overlay = _Graph(), source.overlay
    graph.types['image'] = 'UINT8'
    conv = source.layers[0].kind == 'conv'
    shape = [1] + list(overlay.image_shape) if conv else [1, int(np.prod(overlay.image_shape))]
    image = helper.make_tensor_value_info('image', TensorProto.FLOAT, shape)
    values = 'image'
    if conv:
        shape = [1, shape[3], shape[1], shape[2]]
        values = graph.node('Transpose', [values], shape, 'UINT8', perm=[0, 3, 1, 2])
    values = _inputs(graph, overlay, values, shape)
    for index, layer in enumerate(source.layers):
        if layer.kind == 'dense' and len(shape) == 4:
            shape = [1, layer.inputs]
            values = graph.node('Reshape', [values, graph.constant('flat', [1, -1], dtype=np.int64)], shape)
        values, shape = _layer(graph, index, layer, values, shape, last=index == len(source.layers) - 1)
    outputs = [graph.values.pop()]
    if overlay.decision == LARGEST_OUTPUT:
        one = graph.constant('one', [1], dtype=np.int64)
        graph.nodes.append(helper.make_node('TopK', ['scores', one], ['score_of_answer', 'answer'], name='TopK',
                                            axis=-1, largest=1, sorted=1))
        graph.values += [outputs[0], helper.make_tensor_value_info('score_of_answer', TensorProto.FLOAT, [1, 1])]
        outputs = [helper.make_tensor_value_info('answer', TensorProto.INT64, [1, 1])]
    made = helper.make_model(
        helper.make_graph(graph.nodes, source.identifier, [image], outputs, graph.constants, value_info=graph.values,
                          doc_string=__doc__.split('\n\n', 1)[1]),
        opset_imports=[helper.make_opsetid('', OPSET), helper.make_opsetid(_DOMAIN, 1)], ir_version=IR,
        producer_name='bnn-pynq-training')
    made.graph.quantization_annotation.extend(graph.annotations(list('NHWC' if conv else 'NC')))
    describe(made, source)
    checker.check_model(made)
    return made


def files(source):
    """The file's contents, by the ending of its name."""
    return {'.qonnx.onnx': model(source).SerializeToString(deterministic=True)}


def _inputs(graph, overlay, values, shape):
    """The pixels as the first layer computes with them: how many pixel values have been reached."""
    table = reference.input_values(overlay).astype(int)
    if overlay.network.black_and_white:
        return graph.thresholds('white', values, shape, [[int(np.argmax(table > 0))]], 'BIPOLAR', 'UINT8', out_scale=2.,
                                out_bias=-1.)
    low, high = table.min(), table.max()
    steps = [[int(np.searchsorted(table, step)) for step in range(low + 1, high + 1)]]
    return graph.thresholds('levels', values, shape, steps, 'INT8', 'UINT8', out_scale=1., out_bias=float(low))


def _layer(graph, index, layer, values, shape, last):
    kind = 'BIPOLAR' if layer.weight_bits == 1 else 'INT2'
    if layer.kind == 'conv':
        weights = layer.weights.reshape(-1, 3, 3, layer.inputs).transpose(0, 3, 1, 2)
        shape = [1, len(weights), layer.side, layer.side]
        values = graph.node('Conv', [values, graph.constant('weights_%d' % index, weights, kind)], shape,
                            kernel_shape=[3, 3], strides=[1, 1], pads=[0, 0, 0, 0], dilations=[1, 1], group=1)
    else:
        shape = [1, len(layer.weights)]
        values = graph.node('MatMul', [values, graph.constant('weights_%d' % index, layer.weights.T, kind)], shape,
                            output='scores' if layer.thresholds is None else None)
    if layer.thresholds is None:
        return values, shape
    xnor = layer.weight_bits == 1 and layer.input_bits == 1
    if layer.activation_bits == 1:
        kind, scale, bias = 'BIPOLAR', 2., -1.
    else:       # of an XNOR layer FINN takes the type's least value for the bias, and INT2's is -2
        kind, scale, bias = 'TERNARY' if xnor else 'INT2', 1., -1.
    values = graph.thresholds('thresholds_%d' % index, values, shape, layer.thresholds, kind, 'INT32', out_scale=scale,
                              out_bias=bias, output='scores' if last else None)
    if layer.pool:
        shape = shape[:2] + [layer.side // 2, layer.side // 2]
        values = graph.node('MaxPool', [values], shape, kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0])
    return values, shape
