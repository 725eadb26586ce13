"""The notebooks run from top to bottom on a package that was built and installed, knowing nothing but the bnn API."""
from __future__ import absolute_import

import importlib
import io
import json
import os
import shutil
import sys

import numpy as np
import pytest

from board import package
from common.overlays import OVERLAYS
from tests.board import networks
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(sys.version_info < (3, 6), reason='the notebooks are for the board\'s Python 3.6')
NOTEBOOKS = {net: os.path.join(ROOT, 'board', 'notebooks', net + '.ipynb') for net in ('cnv', 'lfc')}


def notebook(net):
    with io.open(NOTEBOOKS[net], encoding='utf-8') as handle:
        return json.load(handle)


@pytest.mark.parametrize('net', NOTEBOOKS)
def test_form(net):
    content = notebook(net)
    assert (content['nbformat'], content['metadata']['kernelspec']['name']) == (4, 'python3')
    for cell in content['cells']:
        assert cell['cell_type'] in ('markdown', 'code') and ''.join(cell['source']).strip()
        if cell['cell_type'] == 'code':     # nothing of somebody's board left in it
            assert cell['outputs'] == [] and cell['execution_count'] is None


@pytest.mark.parametrize('net', NOTEBOOKS)
def test_form_by_nbformat(net):
    nbformat = pytest.importorskip('nbformat')
    nbformat.validate(nbformat.read(NOTEBOOKS[net], as_version=4))


@pytest.fixture
def board(random_folder, tmpdir, monkeypatch):
    """name -> the module bnn, with that network installed as the set 'original' from a package."""
    def install(name):
        overlay = OVERLAYS[name]
        run = tmpdir.mkdir('mnist-' + name if overlay.net == 'lfc' else 'cifar10-' + name)
        shutil.copytree(random_folder[name], str(run.join(name)))
        np.savez(str(run.join('test-set.npz')), x_test=networks.images(overlay, 12, 5), y_test=np.arange(12) % 10)
        params = tmpdir.mkdir('bnn').mkdir('params')
        with open(package.build_run(str(run))[0], 'rb') as handle:
            package.install(handle, str(params))
        shutil.copy(os.path.join(ROOT, 'tests', 'board', 'fake_bnn.py'), str(tmpdir.join('bnn', '__init__.py')))
        monkeypatch.syspath_prepend(str(tmpdir))
        monkeypatch.delitem(sys.modules, 'bnn', raising=False)
        return importlib.import_module('bnn')

    yield install
    sys.modules.pop('bnn', None)


def execute(net, capsys, **changed):
    """Run all code cells, with other values of the settings in the first; what they printed."""
    matplotlib = pytest.importorskip('matplotlib')
    pytest.importorskip('PIL')
    matplotlib.use('Agg')
    names = {}
    for number, cell in enumerate(cell for cell in notebook(net)['cells'] if cell['cell_type'] == 'code'):
        source = ''.join(line for line in cell['source'] if not line.startswith('%'))
        exec(compile(source, '%s cell %d' % (net, number), 'exec'), names)
        if number == 0:
            assert set(changed) <= set(names)
            names.update(changed)
    sys.modules['matplotlib.pyplot'].close('all')
    return capsys.readouterr().out


@pytest.mark.parametrize('name', OVERLAYS)
def test_from_top_to_bottom(board, capsys, name):
    board(name)
    net = OVERLAYS[name].net
    out = execute(net, capsys, NETWORK=name)
    assert '10 classes, 12 samples' in out
    assert 'FPGA: 12 of 12 answers as the host said' in out
    if net == 'cnv':
        assert 'ARM core: 3 of 3 answers as the host said' in out and 'the very scores that the host' in out
    else:
        assert 'ARM core: 12 of 12 answers as the host said' in out


@pytest.mark.parametrize('name', ['cnvW1A1', 'lfcW1A1'])
def test_a_board_that_answers_otherwise_is_found_out(board, capsys, name):
    bnn = board(name)
    bnn.WRONG.append(bnn.RUNTIME_HW)
    out = execute(OVERLAYS[name].net, capsys, NETWORK=name)
    assert 'FPGA: 11 of 12 answers as the host said' in out and 'image 0: the board says' in out
    assert 'ARM core: 11' not in out


def test_ones_own_picture(board, capsys, tmpdir):
    Image = pytest.importorskip('PIL.Image')
    board('cnvW1A1')
    path = str(tmpdir.join('own.png'))
    Image.fromarray(networks.images(OVERLAYS['cnvW1A1'], 1, 9)[0]).resize((200, 100)).save(path)
    out = execute('cnv', capsys, PICTURE=path)
    assert 'The board says class' in out and 'the host computed' not in out


def test_a_set_that_is_not_there(board, capsys):
    board('lfcW1A1')
    with pytest.raises(AssertionError) as caught:
        execute('lfc', capsys, NAME='nobodys')
    assert 'no set nobodys for lfcW1A1 on this board, only original' in str(caught.value)
