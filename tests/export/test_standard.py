"""ONNX with standard operators: onnxruntime gives the board's scores and answers."""
from __future__ import absolute_import, division

import json
import os

import numpy as np
import pytest

from board.simulator import answers
from common.overlays import OVERLAYS
from export import source
from tests.board import networks
from tests.export.conftest import case
from tests.shared import ROOT

onnx = pytest.importorskip('onnx', reason='onnx is only in the environment that make export makes')
onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is only in the environment of these tests')
standard = pytest.importorskip('export.standard')


def run(network, images):
    session = onnxruntime.InferenceSession(standard.files(network)['.onnx'], providers=['CPUExecutionProvider'])
    return session.run(['scores', 'answer'], {'image': images})


def check(exported):
    scores, answer = run(exported.source, exported.images)
    np.testing.assert_array_equal(scores, exported.scores)
    np.testing.assert_array_equal(answer, answers(exported.source.overlay, exported.scores))


def test_random_networks(random_case):
    check(random_case)


def test_published_networks(published_case):
    check(published_case)


@pytest.mark.parametrize('count', [1, 64])
def test_few_and_many_classes(tmpdir, count):
    for name in ('lfcW1A2', 'cnvW1A1'):
        overlay = OVERLAYS[name]
        folder = networks.write(str(tmpdir.join(name)), overlay, networks.parameters(overlay, 5), classes=count)
        check(case(folder, overlay, networks.images(overlay, 3, 8), count))


def test_the_weight_that_no_trained_network_has(tmpdir):
    overlay = OVERLAYS['cnvW2A2']
    parameters = networks.parameters(overlay, 5)
    for layer in parameters:
        layer.weights[::3, ::5] = -2
    check(case(networks.write(str(tmpdir.join('cnv')), overlay, parameters), overlay, networks.images(overlay, 3, 8)))



def test_what_the_file_says_of_itself():
    packed = source.from_package(os.path.join(ROOT, 'pretrained/mnist-lfcW1A2.tar.gz'))
    model = onnx.load_from_string(standard.files(packed)['.onnx'])
    told = {prop.key: prop.value for prop in model.metadata_props}
    assert told['network'] == 'lfcW1A2' and told['dataset'] == 'mnist' and told['accuracy'].startswith('99.20 %')
    assert json.loads(told['names'])['9'] == '9' and len(told['parameters_sha256']) == 64
    assert [(o.domain, o.version) for o in model.opset_import] == [('', 9)] and model.ir_version == 4
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == 'N'


def test_small_and_the_same_each_time(published_case):
    data = standard.files(published_case.source)['.onnx']
    assert data == standard.files(published_case.source)['.onnx']
    assert len(data) <= (2e6 if published_case.source.overlay.net == 'cnv' else 3e6)
