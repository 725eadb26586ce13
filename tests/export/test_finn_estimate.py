"""What FINN makes of our files: the board's scores up to the conversion to hardware layers, then the overlay's cycles."""
from __future__ import absolute_import, division

import json

import numpy as np
import pytest

from board.simulator import answers
from common.errors import run
from common.overlays import OVERLAYS
from export import export, source
from tests.board import networks
from tests.export.conftest import case
from tests.export.test_export import PACKAGE

pytest.importorskip('finn', reason='FINN is only in the environment that make export FORMAT=finn makes')
finn_estimate = pytest.importorskip('export.finn_estimate')


@pytest.fixture(scope='module', params=['lfcW1A2', 'cnvW1A1'])
def exported(request, random_folder):
    """Two overlays, one with 2-bit activations: the others take as long and show nothing new."""
    overlay = OVERLAYS[request.param]
    return case(random_folder[request.param], overlay, networks.images(overlay, 2, 4))


def executed(model, exported):
    """Check that FINN's model gives the board's scores, as sums of products or as outputs of -1 and +1."""
    from finn.core.onnx_exec import execute_onnx
    name, last = model.graph.input[0].name, exported.source.layers[-1]
    answer = answers(exported.source.overlay, exported.scores)
    for image, scores, right in zip(exported.images, exported.scores, answer):
        image = image.astype(np.float32).reshape(model.get_tensor_shape(name))
        found = execute_onnx(model, {name: image}, return_full_exec_context=True)
        output = found[model.graph.output[0].name].ravel()
        if last.thresholds is None:
            assert output.tolist() == [right]
            sums = found[model.graph.node[-1].input[0]].ravel()
            # FINN counts equal bits instead of adding products where both have one bit
            assert (((sums + last.offset) / last.divisor == scores).all() or (sums == scores).all())
        else:
            assert ((output + 1) / 2 == scores).all() or (output == scores).all()


def test_the_boards_scores_up_to_hardware_layers(exported, tmpdir):
    seen = []

    def after(step, model):
        if step in ('step_streamline', 'step_convert_to_hw'):
            seen.append(step)
            executed(model, exported)

    name, folding = exported.source.name, finn_estimate.folding(exported.source.layers, exported.source.overlay.layers)
    with finn_estimate.at_work(str(tmpdir)):
        for ending, data in (
                ('.qonnx.onnx', finn_estimate.qonnx_file.files(exported.source)['.qonnx.onnx']),
                ('.finn-folding.json', json.dumps(folding).encode()),
                ('.finn.yaml', json.dumps(finn_estimate.configuration(name, 'Pynq-Z2')).encode())):
            tmpdir.join(name + ending).write_binary(data)
        built = finn_estimate.build(str(tmpdir.join(name + '.qonnx.onnx')), str(tmpdir.join(name + '.finn.yaml')), after)
    assert len(seen) == 2
    # all is in hardware, one matrix unit per layer; nothing is left for the board's ARM core
    kinds = [node.rpartition('_')[0] for node in built['cycles']]
    assert kinds.count('MVAU_hls') == len(exported.source.layers)
    assert set(kinds) <= {'MVAU_hls', 'Thresholding_rtl', 'ConvolutionInputGenerator_rtl', 'Pool_hls', 'LabelSelect_hls'}


def test_the_report(tmpdir, capsys):
    """From the command, for a package; cycles are the overlay's where both use the same folding."""
    out = str(tmpdir.join('out'))
    assert run(export.main, ['--package', PACKAGE, '--format', 'finn', '--fpga', 'kv260_som', '--out', out]) == 0
    names = sorted(path.basename for path in tmpdir.join('out').listdir())
    assert names == ['mnist-lfcW1A1.finn' + ending for ending in ('-folding.json', '.json', '.txt', '.yaml')] + [
        'mnist-lfcW1A1.qonnx.onnx']
    assert capsys.readouterr()[0].count('\n') == len(names)
    figures = json.loads(tmpdir.join('out', 'mnist-lfcW1A1.finn.json').read())
    overlay = OVERLAYS['lfcW1A1']
    assert (figures['board'], figures['network']) == ('KV260_SOM', 'lfcW1A1')
    assert figures['overlay']['resources'] == {'LUT': 28360, 'BRAM_18K': 220, 'DSP': 4} and figures['on_board'] is None
    cycles = {layer['name']: layer['cycles'] for layer in figures['layers']}
    assert [cycles['MVAU_hls_%d' % index] for index in (1, 2)] == [layer.cycles for layer in overlay.layers[1:3]]
    assert cycles['MVAU_hls_0'] == 784 * 1024 // (56 * 32)      # 832 columns in the overlay, padded, 64 per cycle
    assert figures['slowest']['cycles'] == max(cycles.values()) == figures['overlay']['cycles'] == 512
    assert figures['images_per_second'] == pytest.approx(1e8 / 512)
    assert all(figures['resources'][key] == pytest.approx(sum(layer[key] for layer in figures['layers']))
               for key in ('LUT', 'BRAM_18K', 'DSP'))
    text = tmpdir.join('out', 'mnist-lfcW1A1.finn.txt').read()
    assert '195,312 images/s' in text and 'finn build mnist-lfcW1A1.finn.yaml mnist-lfcW1A1.qonnx.onnx' in text


def test_what_finn_refuses_is_one_line(tmpdir, capsys, monkeypatch):
    arguments = ['--package', PACKAGE, '--format', 'finn', '--out', str(tmpdir.join('out'))]
    assert run(export.main, arguments + ['--fpga', 'Basys3']) == 1
    line = capsys.readouterr()[1]
    assert 'FINN has no board Basys3' in line and 'ZCU104' in line and line.count('\n') == 1
    monkeypatch.setattr(finn_estimate, 'folding', lambda *given: {'Defaults': {}, 'MVAU_hls_0': {'PE': 3}})
    assert run(export.main, arguments) == 1
    line = capsys.readouterr()[1]
    assert 'FINN refuses mnist-lfcW1A1.qonnx.onnx in step_' in line and line.count('\n') == 1
    assert not tmpdir.join('out').exists()


@pytest.mark.parametrize('name', list(OVERLAYS))
def test_folding_divides_what_it_folds(name, random_folder):
    exported = source.from_folder(random_folder[name], OVERLAYS[name])
    nodes = finn_estimate.folding(exported.layers, exported.overlay.layers)
    for index, (layer, overlay) in enumerate(zip(exported.layers, exported.overlay.layers)):
        fold = nodes['MVAU_hls_%d' % index]
        assert len(layer.weights) % fold['PE'] == 0 and layer.inputs % fold['SIMD'] == 0
        assert fold['PE'] <= overlay.pe and fold['SIMD'] <= overlay.simd
        if 0 < index < len(exported.layers) - 1:
            assert (fold['PE'], fold['SIMD']) == (overlay.pe, overlay.simd)
