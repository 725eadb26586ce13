"""Every option of every script that works without Theano, with wrong types, out of range, absurd."""
from __future__ import absolute_import, division

import importlib

import pytest

from tests import options
from tests.options import INPUTS

RUN = {'--run': 'no-run-lfcW1A1'}
SCRIPTS = {     # module: the right options, wrong texts of those that take any, the subcommand
    'weights_gen.generate': [({'--net': 'lfc', '--weight-bits': '1', '--activation-bits': '1', '--params': 'x.npz',
                               '--out': 'out'},
                              {'--params': INPUTS, '--out': ['.', '..', '/'], '--classes': []}, ())],
    'board.simulator': [({'--net': 'lfcW1A1', '--params': 'no-folder', '--images': 'x'},
                         {'--params': INPUTS, '--images': []}, ())],
    'export.export': [({'--package': 'no-file', '--format': 'onnx'},
                       {'--package': INPUTS, '--run': [], '--params': [], '--out': []}, ())],
    'board.verify': [(RUN, {'--run': INPUTS}, ())],
    'report.page': [(RUN, {'--run': INPUTS, '--out': []}, ())],
    'board.deploy': [(dict(RUN, **{'--board': 'xilinx@pynq'}),
                      {'--run': INPUTS, '--board': ['', '-oProxyCommand=x', 'a b', 'a@b@c', 'x;y'], '--ssh': []}, ())],
    'board.package': [(RUN, {'--run': INPUTS, '--name': [], '--out': []}, ('build',)),
                      ({}, {}, ('check', 'no-file')),
                      ({'--into': 'no-folder'}, {'--into': []}, ('install', 'no-file'))],
    'report.compare': [({'--out': 'no-folder'}, {'--out': INPUTS, '--page': []}, ())],
    'datasets.preview': [({}, {'--out': []}, ('no-such/folder',))],
    'bench.simulator': [({'--rounds': '0'}, {}, ())],
    'bench.weights_gen': [({'--rounds': '0'}, {}, ())],
    'bench.soak': [({}, {'--dataset': [], '--data-dir': [], '--out': []}, ())],
}


@pytest.mark.parametrize('name', sorted(SCRIPTS))
def test_wrong_options(name, tmpdir, monkeypatch, capfd):
    monkeypatch.chdir(str(tmpdir))
    main = importlib.import_module(name).main
    parser = options.parser_of(main, monkeypatch)
    for right, texts, command in SCRIPTS[name]:
        assert options.check(main, options.wrong(parser, right, texts, command), tmpdir, capfd) > 1
