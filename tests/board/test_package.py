"""Building packages: the same bytes, nothing missing, and samples and accuracy of these very files."""
from __future__ import absolute_import, division

import glob
import json
import shutil
import sys

import numpy as np
import pytest

from board import package, samples
from board.simulator import Simulator, answers
from common.errors import UserError
from common.overlays import OVERLAYS
from datasets import inputs
from tests.board import networks
from tests.board.packages import call, contents, python, SCRIPT, tree
from tests.shared import ROOT


def test_what_is_in_it(run_folder):
    built = package.build_run(str(run_folder))[0]
    manifest, files = contents(built)
    assert built == str(run_folder.join('digits-lfcW1A1.tar.gz'))
    assert (manifest['name'], manifest['network'], manifest['dataset']) == ('digits', 'lfcW1A1', 'digits')
    assert manifest['settings'] == {'seed': 1234, 'versions': {'numpy': '1.16.6'}}
    assert manifest['accuracy'] is None
    del files['manifest.json']
    assert files.pop(package.CARD).startswith(b'# digits, lfcW1A1\n')
    for part in package.KIT:
        del files[part]
    assert files == tree(run_folder.join('lfcW1A1')) and len(files) == 290
    manifest, files = contents(package.build_run(str(run_folder), note='Taken at\nnight.')[0])
    assert manifest['note'] == 'Taken at?night.' and b'\n- Taken at?night.\n' in files[package.CARD]


@pytest.mark.parametrize('name', ['lfcW1A2', 'cnvW2A2'])
def test_samples_and_what_the_board_must_answer(random_folder, tmpdir, name):
    overlay = OVERLAYS[name]
    run = tmpdir.mkdir('digits-' + name)
    shutil.copytree(random_folder[name], str(run.join(name)))
    images = networks.images(overlay, samples.COUNT + 1, 3)
    np.savez(str(run.join('test-set.npz')), x_test=images, y_test=np.arange(len(images)) % 10)
    files = contents(package.build_run(str(run))[0])[1]
    sample = tmpdir.join('sample')
    sample.write_binary(files['samples/images' + ('-idx3-ubyte' if overlay.net == 'lfc' else '.bin')])
    read = inputs.read(str(sample), overlay.image_shape)
    np.testing.assert_array_equal(read, images[:samples.COUNT])
    simulator = Simulator(str(run.join(name)), overlay)
    scores = simulator.scores(read)
    assert json.loads(files['samples/answers.json'].decode('ascii')) == {
        'labels': [i % 10 for i in range(samples.COUNT)], 'scores': scores.tolist(),
        'answers': answers(overlay, scores).tolist()}


def test_tar_unpacks_it_in_its_place(built, tmpdir):
    params = tmpdir.mkdir('params')
    assert call('tar', 'xzf', built, '-C', str(params)) == (0, '', '')
    assert package.read_folder(str(params.join('digits', 'lfcW1A1'))) == contents(built)


def test_the_same_inputs_give_the_same_bytes(run_folder, tmpdir):
    with open(package.build_run(str(run_folder))[0], 'rb') as handle:
        first = handle.read()
    for path in run_folder.visit():
        path.setmtime(1)
    elsewhere = tmpdir.mkdir('other').join('digits-lfcW1A1')
    run_folder.move(elsewhere)
    path, _ = package.build_run(str(elsewhere), out=str(tmpdir.join('other-name')))
    with open(path, 'rb') as handle:
        assert handle.read() == first
    assert b'digits-lfcW1A1' not in first[:100]     # gzip's header has no file name and no time
    assert first[4:8] == b'\0\0\0\0'


@pytest.mark.once
@pytest.mark.parametrize('version', ['2.7', '3.8', '3.11', '3.13'])
def test_the_same_bytes_on_every_python(built, tmpdir, version):
    if python(version) is None:
        pytest.skip('no Python %s here' % version)
    again = str(tmpdir.join('again'))
    script = ('import sys; sys.path.insert(0, %r); from board import package; '
              'manifest, files = package.read(open(%r, "rb")); files.pop("manifest.json"); '
              'keys = "name", "network", "dataset", "settings", "accuracy"; '
              'package.build(files, {key: manifest[key] for key in keys}, open(%r, "wb"))' % (ROOT, built, again))
    assert call(python(version), '-c', script) == (0, '', '')
    assert open(again, 'rb').read() == open(built, 'rb').read()


def test_name(run_folder):
    """BNN-PYNQ's own sets have the names of MNIST and CIFAR-10, so these are called 'original'; other names on request."""
    for dataset, name, expected in [('mnist', None, 'original'), ('flowers', None, 'flowers'), ('mnist', 'a.b', 'a.b')]:
        run = run_folder.dirpath(dataset + '-lfcW1A1')
        run_folder.move(run)
        assert contents(package.build_run(str(run), name)[0])[0]['name'] == expected
        run_folder = run


@pytest.mark.parametrize('name', ['..', '.hidden', 'a/b', '', ' ', '-rf', u'\xfc', 'x' * 65, 'new\nline'])
def test_names_that_are_no_folders(run_folder, name):
    if name:
        with pytest.raises(UserError):
            package.build_run(str(run_folder), name)
    assert not package.NAME.match(name)


def test_accuracy_is_that_of_these_files(run_folder, tmpdir):
    verification = run_folder.join('verify.json')
    verification.write(json.dumps({'accuracy': {'board': 98.4}, 'files': 'of something else'}))
    with pytest.raises(UserError) as caught:
        package.build_run(str(run_folder))
    assert 'run make verify again' in str(caught.value) and not run_folder.join('digits-lfcW1A1.tar.gz').exists()
    verification.write(json.dumps({'accuracy': {'board': 98.4},
                                   'files': package.fingerprint(tree(run_folder.join('lfcW1A1')))}))
    path, summary = package.build_run(str(run_folder))
    assert contents(path)[0]['accuracy'] == {'board': 98.4} and 'board accuracy 98.40 %' in summary
    run_folder.join('digits-1w-1a.npz').write('trained on since')
    with pytest.raises(UserError) as caught:
        package.build_run(str(run_folder))
    assert 'trained further since it was verified: run make weights verify first' in str(caught.value)


@pytest.mark.parametrize('harm, words', [
    (lambda run: run.join('lfcW1A1', '0-0-weights.bin').remove(), '0-0-weights.bin is missing'),
    (lambda run: run.join('lfcW1A1', '0-0-weights.bin').write('short'), '0-0-weights.bin has 5 bytes'),
    (lambda run: run.join('lfcW1A1', 'notes').write('mine'), 'not of its network'),
    (lambda run: run.join('lfcW1A1').remove(), 'no such folder'),
    (lambda run: run.join('settings.json').write('{'), 'settings.json is damaged'),
    (lambda run: run.join('test-set.npz').write('{'), 'test-set.npz'),
    (lambda run: np.savez(str(run.join('test-set.npz')), x_test=np.zeros((2, 28, 28), np.uint8)), 'test-set.npz'),
    (lambda run: run.move(run.dirpath('elsewhere')), 'no such run'),
])
def test_a_run_that_is_not_whole_is_not_packed(run_folder, harm, words):
    harm(run_folder)
    status, out, err = call(sys.executable, SCRIPT, 'build', '--run', str(run_folder))
    assert status == 1 and out == '' and words in err and len(err.splitlines()) == 1
    assert not glob.glob(str(run_folder.dirpath('*', '*.tar.gz')))
