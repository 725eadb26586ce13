"""The five implementations of the board's arithmetic agree: reference, simulator, ONNX, C and JavaScript."""
from __future__ import absolute_import, division

import subprocess

import numpy as np
import pytest

from board.simulator import Simulator, answers
from common.overlays import OVERLAYS
from export import c_source, page
from tests.board import networks
from tests.export import chromium
from tests.export.conftest import case

onnxruntime = pytest.importorskip('onnxruntime', reason='onnxruntime is only in the environment of these tests')


@pytest.fixture(scope='module', params=list(OVERLAYS))
def exported(request, published):
    """The published parameters, and images of every kind; few for CNV, where the reference is slow."""
    overlay = OVERLAYS[request.param]
    return case(published[request.param], overlay, networks.images(overlay, {'lfc': 200, 'cnv': 20}[overlay.net], 4))


def by_simulator(exported, tmpdir):
    return Simulator(exported.folder, exported.source.overlay, 'c').scores(exported.images)


def by_onnx(exported, tmpdir):
    from export import standard
    return onnxruntime.InferenceSession(standard.files(exported.source)['.onnx'],
                                        providers=['CPUExecutionProvider']).run(['scores'], {'image': exported.images})[0]


def by_c(exported, tmpdir):
    for ending, data in c_source.files(exported.source).items():
        tmpdir.join(exported.source.name + ending).write_binary(data)
    sources = [exported.source.name + ending for ending in ('.c', '-example.c')]
    subprocess.check_call(['gcc', '-std=c99', '-O2'] + sources + ['-o', 'it'], cwd=str(tmpdir))
    lines = subprocess.run(['./it'], cwd=str(tmpdir), input=exported.images.tobytes(), stdout=subprocess.PIPE,
                           check=True).stdout.decode('utf-8').splitlines()
    return np.array([line.split()[1:] for line in lines], int)


def by_javascript(exported, tmpdir):
    path = tmpdir.join('page.html')
    path.write_binary(page.files(exported.source)['.html'])
    with chromium.opened(tmpdir, path) as opened:
        return chromium.classify(opened, exported.images)[0]


@pytest.mark.parametrize('scores_by', [by_simulator, by_onnx, by_c, pytest.param(by_javascript, marks=chromium.needed)])
def test_all_five(exported, tmpdir, scores_by):
    answer = answers(exported.source.overlay, exported.scores)
    assert len(np.unique(answer)) > 2                   # the images do not all get one answer
    scores = scores_by(exported, tmpdir)
    np.testing.assert_array_equal(scores, exported.scores)
    np.testing.assert_array_equal(answers(exported.source.overlay, scores), answer)
