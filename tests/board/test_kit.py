"""The board kit: a package's notebook runs from top to bottom on the installed files, and calls only what bnn has."""
from __future__ import absolute_import

import ast
import base64
import importlib
import io
import json
import os
import re
import shutil
import sys

import numpy as np
import pytest

from board import kit, package, samples
from common.overlays import HIGHEST_OUTPUT, OVERLAYS
from tests.board import fake_bnn, networks
from tests.export import chromium
from tests.shared import ROOT

pytestmark = pytest.mark.skipif(sys.version_info < (3, 6), reason='the notebook is for the board\'s Python 3.6')
SOURCE = os.path.join(ROOT, 'board', 'notebooks', 'board.ipynb')


def cells_of(data):
    """The sources of the code cells of a notebook, as bytes."""
    return [''.join(cell['source']) for cell in json.loads(data.decode('utf-8'))['cells'] if cell['cell_type'] == 'code']


def python_of(source):
    return ''.join(line for line in source.splitlines(True) if not line.startswith('%'))


@pytest.fixture(scope='module')
def source():
    with io.open(SOURCE, 'rb') as handle:
        return handle.read()


def test_form(source):
    content = json.loads(source.decode('utf-8'))
    assert (content['nbformat'], content['metadata']['kernelspec']['name']) == (4, 'python3')
    for cell in content['cells']:
        assert cell['cell_type'] in ('markdown', 'code') and ''.join(cell['source']).strip()
        if cell['cell_type'] == 'code':     # no output left from somebody's board
            assert cell['outputs'] == [] and cell['execution_count'] is None
            ast.parse(python_of(''.join(cell['source'])))


def test_form_by_nbformat(source):
    import nbformat
    nbformat.validate(nbformat.reads(source.decode('utf-8'), as_version=4))


def test_the_sets_name_and_network_are_filled_in(source):
    before, after = cells_of(source), cells_of(kit.files_of('my-set', 'lfcW1A2')[0])
    assert after[0].splitlines()[0].startswith("NAME = 'my-set' ")
    assert after[0].splitlines()[1].startswith("NETWORK = 'lfcW1A2' ")
    assert after[1:] == before[1:]


def test_every_call_is_one_of_the_real_package(source):
    """By names and numbers of arguments in the board's specification, as in fake_bnn.SIGNATURES."""
    calls = set()
    tree = ast.parse(python_of('\n'.join(cells_of(source))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == 'bnn':
            assert node.attr in fake_bnn.SIGNATURES or node.attr in fake_bnn.CONSTANTS, node.attr
        if isinstance(node, ast.Call):
            function = node.func
            name = getattr(function, 'attr', None)
            if name in fake_bnn.SIGNATURES:
                assert len(node.args) in fake_bnn.SIGNATURES[name] and not node.keywords, name
                calls.add(name)
            assert not re.match('classify_', name or '') or name in fake_bnn.SIGNATURES, name
    assert calls == {'available_params', 'classify_cifars', 'classify_mnists', 'classify_image',
                     'classify_image_details'}       # a conditional expression calls the classes
    for name in calls - {'available_params'}:
        owner = fake_bnn.LfcClassifier if 'mnist' in name else fake_bnn.CnvClassifier
        assert callable(getattr(owner, name))


@pytest.fixture
def board(random_folder, tmpdir, monkeypatch):
    """name -> the module bnn, with that network installed as the set 'original', and its notebook, from a package."""
    def install(name):
        overlay = OVERLAYS[name]
        run = tmpdir.mkdir('%s-%s' % (overlay.network.dataset, name))
        shutil.copytree(random_folder[name], str(run.join(name)))
        np.savez(str(run.join('test-set.npz')), x_test=networks.images(overlay, 12, 5), y_test=np.arange(12) % 10)
        params, notebooks = tmpdir.mkdir('bnn').mkdir('params'), tmpdir.mkdir('notebooks')
        assert package.main(['install', package.build_run(str(run))[0], '--into', str(params),
                             '--notebooks', str(notebooks)]) in (None, 0)
        shutil.copy(os.path.join(ROOT, 'tests', 'board', 'fake_bnn.py'), str(tmpdir.join('bnn', '__init__.py')))
        monkeypatch.syspath_prepend(str(tmpdir))
        monkeypatch.delitem(sys.modules, 'bnn', raising=False)
        module = importlib.import_module('bnn')
        module.NOTEBOOK = str(notebooks.join('original-%s.ipynb' % name))
        return module

    yield install
    sys.modules.pop('bnn', None)


@pytest.fixture(autouse=True)
def jupyter(monkeypatch, tmpdir):
    """Mocks of what a notebook shows in Jupyter: a Text's value is what the page put there."""
    import types
    widgets, display = types.ModuleType('ipywidgets'), types.ModuleType('IPython.display')

    class Text(object):
        value = ''

        def __init__(self):
            self.layout = types.SimpleNamespace()

        def add_class(self, name):
            self.name = name

    class FileUpload(object):
        value = {}

        def __init__(self, accept, multiple):
            assert (accept, multiple) == ('image/*', False)

    widgets.Text, widgets.FileUpload = Text, FileUpload
    display.HTML, display.display = str, lambda *shown: None
    monkeypatch.setitem(sys.modules, 'ipywidgets', widgets)
    ipython = types.ModuleType('IPython')
    ipython.get_ipython, ipython.version_info = lambda: None, (8, 24)      # for matplotlib
    monkeypatch.setitem(sys.modules, 'IPython', ipython)
    monkeypatch.setitem(sys.modules, 'IPython.display', display)
    return widgets


def execute(bnn, capsys, **changed):
    """Run all code cells, setting the values `changed` once their names exist; returns what was printed."""
    import matplotlib
    matplotlib.use('Agg')
    names = {}
    with io.open(bnn.NOTEBOOK, 'rb') as handle:
        for number, source in enumerate(cells_of(handle.read())):
            text = python_of(source)
            for name, value in changed.items():
                text = re.sub('(?m)^%s = .*' % name, '%s = %r' % (name, value), text)
            exec(compile(text, 'cell %d' % number, 'exec'), names)
    sys.modules['matplotlib.pyplot'].close('all')
    return capsys.readouterr().out


@pytest.mark.parametrize('name', OVERLAYS)
def test_from_top_to_bottom(board, capsys, name):
    out = execute(board(name), capsys)
    assert '10 classes, 12 samples' in out
    assert 'FPGA: 12 of 12 answers match the host' in out
    if OVERLAYS[name].decision == HIGHEST_OUTPUT:
        assert 'ARM core: 12 of 12 answers match the host' in out
    else:
        assert 'ARM core: 3 of 3 answers match the host' in out and 'The scores match those that the host' in out
    assert 'No picture yet.' in out and 'CAMERA is False' in out and 'Nothing is drawn yet.' in out


@pytest.mark.parametrize('name', ['cnvW1A1', 'lfcW1A1'])
def test_a_board_that_answers_otherwise_is_found_out(board, capsys, name):
    bnn = board(name)
    bnn.WRONG.append(bnn.RUNTIME_HW)
    out = execute(bnn, capsys)
    assert 'FPGA: 11 of 12 answers match the host' in out and 'image 0: the board says' in out
    assert 'ARM core: 11' not in out


@pytest.mark.parametrize('name', ['cnvW1A1', 'lfcW1A1'])
@pytest.mark.parametrize('way', ['PICTURE', 'upload', 'drawing', 'camera'])
def test_ones_own_picture_is_answered_as_on_the_host(board, capsys, tmpdir, monkeypatch, jupyter, name, way):
    from datasets import inputs
    from board.simulator import Simulator, answers
    from PIL import Image, ImageDraw
    bnn = board(name)
    path = str(tmpdir.join('own.png'))
    picture = Image.new('RGB', (200, 160), (250, 248, 240))
    ImageDraw.Draw(picture).line([(60, 30), (110, 60), (80, 130)], (20, 30, 60), 14)
    picture.save(path)
    with io.open(path, 'rb') as handle:
        content = handle.read()
    changed = {}
    if way == 'PICTURE':
        changed['PICTURE'] = path
    elif way == 'upload':
        jupyter.FileUpload.value = {'own.png': {'content': content}}
    elif way == 'drawing':
        import base64
        jupyter.Text.value = 'data:image/png;base64,' + base64.b64encode(content).decode('ascii')
    else:
        changed['CAMERA'] = True
        programs = tmpdir.mkdir('programs')
        programs.join('fswebcam').write('#!/bin/sh\nfor last; do :; done\ncp %s "$last"\n' % path)
        programs.join('fswebcam').chmod(0o755)
        monkeypatch.setenv('PATH', str(programs) + os.pathsep + os.environ['PATH'])
    out = execute(bnn, capsys, **changed)
    overlay = OVERLAYS[name]
    simulator = Simulator(os.path.join(os.path.dirname(bnn.__file__), 'params', 'original', name), overlay)
    index = answers(overlay, simulator.scores(inputs.read(path, overlay.image_shape)))[0]
    assert out.splitlines().count('The board says %s.' % simulator.classes[index]) >= 1
    assert out.count('The board says') == 2


@chromium.needed
def test_a_digit_is_drawn_with_the_mouse_and_by_keyboard(source, tmpdir):
    from PIL import Image
    cell, = [text for text in cells_of(source) if '<canvas' in text]
    html = re.search("HTML\\('''(.*)'''", cell, re.S).group(1)
    tmpdir.join('page.html').write_text(u'<!DOCTYPE html><div class="bnn-drawing"><input hidden></div>' + html, 'utf-8')

    def drawn(page):
        data = base64.b64decode(page.evaluate('document.querySelector("input").value').partition(',')[2])
        return np.array(Image.open(io.BytesIO(data)).convert('L'))

    with chromium.opened(tmpdir, tmpdir.join('page.html')) as page:
        assert drawn(page).shape == (280, 280) and drawn(page).min() == 255
        page.press('Tab')
        assert page.evaluate('document.activeElement.id') == 'bnn-canvas'
        for _ in range(20):                 # it stops at the edge
            page.press('ArrowUp')
        page.press(' ', 'Space')
        for _ in range(20):
            page.press('ArrowDown')
        assert page.text('#bnn-pen') == 'pen down at 140, 210'
        page.press(' ', 'Space')
        dark = np.argwhere(drawn(page) < 128)
        assert dark.min(axis=0).tolist() == [0, 130] and dark.max(axis=0).tolist() == [219, 149]
        page.press('ArrowRight')            # pen up
        assert (drawn(page) < 128).sum() == len(dark)
        page.press('Tab')
        page.press('Enter')                 # clear
        assert drawn(page).min() == 255
        page.draw([(40, 50), (200, 50)], '#bnn-canvas')
        dark = np.argwhere(drawn(page) < 128)
        assert 38 <= dark[:, 0].min() and dark[:, 0].max() <= 62 and dark[:, 1].max() > 200
        assert not page.console


def test_a_set_that_is_not_there(board, capsys):
    with pytest.raises(AssertionError) as caught:
        execute(board('lfcW1A1'), capsys, NAME='nobodys')
    assert 'no set nobodys for lfcW1A1 on this board, only original' in str(caught.value)


def test_what_fits_pictures_works_alone(tmpdir):
    """On the board, the rest of the project is missing."""
    import subprocess
    tmpdir.join('pictures.py').write_binary(kit.files_of('a', 'lfcW1A1')[1])
    subprocess.check_call([sys.executable, '-c', 'import pictures; pictures.fit_digit, pictures.decode, pictures.upright'],
                          cwd=str(tmpdir))


def test_a_set_is_found_in_pynqs_virtual_environment(tmpdir, monkeypatch):
    site = tmpdir.mkdir('site')
    site.ensure('pynq', 'xlnk.py')
    monkeypatch.setattr(package, 'SITES', (str(site),))
    with pytest.raises(package.NoBoard):
        package.parameters_folder()
    site.ensure('bnn', 'params', dir=True)
    assert package.parameters_folder() == str(site.join('bnn', 'params'))


def test_samples_are_as_many_as_the_documents_say():
    with io.open(os.path.join(ROOT, 'docs', 'board.md'), encoding='utf-8') as handle:
        assert '%d\ntest images' % samples.COUNT in handle.read()
