"""The board's arithmetic is told five times: reference, simulator, ONNX, C and JavaScript answer alike."""
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
def of(request, published):
    """The published parameters, and images of every kind; few for CNV, which the reference takes long over."""
    overlay = OVERLAYS[request.param]
    return case(published[request.param], overlay, networks.images(overlay, {'lfc': 200, 'cnv': 20}[overlay.net], 4))


def by_simulator(of, tmpdir):
    return Simulator(of.folder, of.source.overlay, 'c').scores(of.images)


def by_onnx(of, tmpdir):
    from export import standard
    return onnxruntime.InferenceSession(standard.files(of.source)['.onnx'],
                                        providers=['CPUExecutionProvider']).run(['scores'], {'image': of.images})[0]


def by_c(of, tmpdir):
    for ending, data in c_source.files(of.source).items():
        tmpdir.join(of.source.name + ending).write_binary(data)
    subprocess.check_call(['gcc', '-std=c99', '-O2', of.source.name + '.c', of.source.name + '-example.c', '-o', 'it'],
                          cwd=str(tmpdir))
    lines = subprocess.run(['./it'], cwd=str(tmpdir), input=of.images.tobytes(), stdout=subprocess.PIPE,
                           check=True).stdout.decode('utf-8').splitlines()
    return np.array([line.split()[1:] for line in lines], int)


def by_javascript(of, tmpdir):
    path = tmpdir.join('page.html')
    path.write_binary(page.files(of.source)['.html'])
    with chromium.opened(tmpdir, path) as opened:
        return chromium.classify(opened, of.images)[0]


@chromium.needed
def test_all_five(of, tmpdir):
    answer = answers(of.source.overlay, of.scores)
    assert len(np.unique(answer)) > 2                   # the images are not all alike to it
    for telling in (by_simulator, by_onnx, by_c, by_javascript):
        scores = telling(of, tmpdir)
        np.testing.assert_array_equal(scores, of.scores, telling.__name__)
        np.testing.assert_array_equal(answers(of.source.overlay, scores), answer)
