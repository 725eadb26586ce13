"""Every option of every script that needs no Theano, with values of wrong type, out of range, absurd."""
from __future__ import absolute_import, division

import importlib

import pytest

from tests import options
from tests.options import INPUTS

RUN = {'--run': 'no-run-lfcW1A1'}
ANY = {'--dataset': [], '--runs': []}     # used if there is no --run; any text is valid
SCRIPTS = {     # module: valid options, invalid values of text options, the subcommand
    'weights_gen.generate': [({'--net': 'lfc', '--weight-bits': '1', '--activation-bits': '1', '--params': 'x.npz',
                               '--out': 'out'},
                              {'--params': INPUTS, '--out': ['.', '..', '/'], '--classes': [],
                               '--run': [], '--dataset': [], '--runs': []}, ())],
    'board.simulator': [({'--net': 'lfcW1A1', '--params': 'no-folder', '--images': 'x'},
                         {'--params': INPUTS, '--images': []}, ())],
    'export.export': [({'--package': 'no-file', '--format': 'onnx'},
                       dict(ANY, **{'--package': INPUTS, '--run': [], '--params': [], '--out': [],
                                   '--format': ['no-such', '', '1'], '--fpga': []}), ())],
    'board.verify': [(RUN, dict(ANY, **{'--run': INPUTS}), ())],
    'board.predict': [(dict(RUN, **{'--images': 'x'}),
                       dict(ANY, **{
        '--run': INPUTS, '--images': [], '--package': INPUTS, '--preview': ['.', '..', '/']}), ())],
    'report.page': [(RUN, dict(ANY, **{'--run': INPUTS, '--out': []}), ())],
    'board.deploy': [(dict(RUN, **{'--board': 'xilinx@pynq'}),
                      dict(ANY, **{'--run': INPUTS, '--ssh': [],
                                   '--board': ['', '-oProxyCommand=x', 'a b', 'a@b@c', 'x;y']}), ())],
    'board.package': [(RUN, dict(ANY, **{'--run': INPUTS, '--name': [], '--note': [], '--out': []}), ('build',)),
                      ({}, {}, ('check', 'no-file')),
                      ({'--into': 'no-folder'}, {'--into': [], '--notebooks': [], '--receipt': []}, ('install', 'no-file'))],
    'report.compare': [({'--out': 'no-folder'}, {'--out': INPUTS, '--page': []}, ())],
    'datasets.preview': [({}, dict(ANY, **{'--out': []}), ('no-such/folder',))],
    'bench.simulator': [({'--rounds': '0'}, {}, ())],
    'bench.exported': [({'--rounds': '0'}, {}, ())],
    'bench.weights_gen': [({'--rounds': '0'}, {}, ())],
    'bench.soak': [({}, {'--dataset': [], '--data-dir': [], '--out': []}, ())],
}


@pytest.mark.parametrize('name', sorted(SCRIPTS))
def test_wrong_options(name, tmpdir, monkeypatch, capfd):
    monkeypatch.chdir(str(tmpdir))
    main = importlib.import_module(name).main
    for right, texts, command in SCRIPTS[name]:
        parser = options.parser_of(main, monkeypatch, command)
        assert options.check(main, options.wrong(parser, right, texts, command), capfd) > 1
