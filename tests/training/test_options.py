"""Every option of the training scripts, with values of wrong type, out of range, absurd."""
from __future__ import absolute_import, division

import functools

import pytest

from tests import options
from tests.options import INPUTS, OUTPUTS
from training import experiment

TEXTS = {'--dataset': ['imagenet', 'no/such', 'x' * 5000], '--data-dir': INPUTS, '--init': INPUTS, '--out': OUTPUTS}


@pytest.mark.parametrize('net', ['lfc', 'cnv'])
def test_training(net, tmpdir, monkeypatch, capfd):
    """There is no such data set, so a wrongly accepted option does not start a training."""
    main = functools.partial(experiment.main, net)
    parser = options.parser_of(main, monkeypatch)
    right = {'--data-dir': 'no-such-folder', '--out': str(tmpdir.mkdir('out')), '--epochs': '1'}
    monkeypatch.chdir(str(tmpdir))
    assert options.check(main, options.wrong(parser, right, TEXTS), capfd) > 60
