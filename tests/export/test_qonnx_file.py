"""The file for FINN: QONNX's own executor gives the board's scores, also after its cleanup and channels-last passes."""
from __future__ import absolute_import, division

import numpy as np
import pytest

from board.simulator import answers

onnx = pytest.importorskip('onnx', reason='onnx is only in the environment that make export makes')
pytest.importorskip('qonnx', reason='qonnx is only in the environment of these tests')
qonnx_file = pytest.importorskip('export.qonnx_file')


def opened(exported):
    from qonnx.core.modelwrapper import ModelWrapper
    return ModelWrapper(onnx.load_from_string(qonnx_file.files(exported.source)['.qonnx.onnx']))


def check(model, exported, count):
    """One image at a time, as FINN does."""
    from qonnx.core.onnx_exec import execute_onnx
    name, last = model.graph.input[0].name, exported.source.layers[-1]
    output = model.graph.output[0].name
    answer = answers(exported.source.overlay, exported.scores)
    for number in range(count):
        image = exported.images[number].astype(np.float32).reshape(model.get_tensor_shape(name))
        found = execute_onnx(model, {name: image}, return_full_exec_context=True)
        if last.thresholds is None:
            assert found[output].ravel().tolist() == [answer[number]]
            sums = found[model.find_producer(output).input[0]].ravel()
            np.testing.assert_array_equal((sums + last.offset) / last.divisor, exported.scores[number])
        else:
            np.testing.assert_array_equal((found[output].ravel() + 1) / 2, exported.scores[number])


def test_random_networks(random_case):
    check(opened(random_case), random_case, 3)


def test_published_networks(published_case):
    check(opened(published_case), published_case, 8)


def test_cleanup_and_channels_last(published_case):
    from qonnx.transformation.channels_last import ConvertToChannelsLastAndClean
    from qonnx.util.cleanup import cleanup_model
    cleaned = cleanup_model(opened(published_case))
    check(cleaned, published_case, 2)
    check(cleaned.transform(ConvertToChannelsLastAndClean(make_input_channels_last=False)), published_case, 2)


def test_types_that_finn_needs(published_case):
    model = opened(published_case)
    assert model.get_tensor_datatype('image').name == 'UINT8'
    assert model.get_tensor_layout('image') == list('NHWC' if published_case.source.overlay.net == 'cnv' else 'NC')
    weights = {model.get_tensor_datatype(name).name for name in
               (value.name for value in model.graph.initializer) if name.startswith('weights')}
    assert weights == {'BIPOLAR' if published_case.source.overlay.weight_bits == 1 else 'INT2'}
    assert {prop.key for prop in model.model.metadata_props} >= {'network', 'names', 'parameters_sha256'}
