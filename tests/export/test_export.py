"""make export's command: what it writes and where, and one line for each error."""
from __future__ import absolute_import, division

import contextlib
import errno
import json
import os
import shutil

import pytest

from board import package
from common.errors import run
from common.files import sha256, whole_file
from common.overlays import OVERLAYS
from common.run_folder import BadRun
from export import export, source
from tests.board import networks, runs
from tests.shared import ROOT

PACKAGE = os.path.join(ROOT, 'pretrained', 'mnist-lfcW1A1.tar.gz')


@pytest.fixture(scope='module')
def packed(tmpdir_factory):
    """A run whose network is packed but not verified."""
    return runs.make(tmpdir_factory.mktemp('runs'), str('signs-lfcW1A1'))


@pytest.fixture
def fake(monkeypatch):
    """A mock format that needs nothing and writes two files."""
    class Format(object):
        @staticmethod
        def files(network):
            return {'.one': network.name.encode('ascii'), '.two': b'2'}
    monkeypatch.setitem(export.FORMATS, 'fake', 'fake')
    monkeypatch.setattr(export, 'load', lambda name: Format)


def test_a_run_is_exported_into_its_folder(packed, fake, capsys):
    assert run(export.main, ['--run', packed, '--format', 'fake', '--format', 'fake']) == 0
    printed = capsys.readouterr()[0]
    for ending in ('.one', '.two'):
        path = os.path.join(packed, 'signs-lfcW1A1' + ending)
        assert path in printed
        os.remove(path)


def test_a_package_into_another_folder(tmpdir, fake):
    out = str(tmpdir.join('new', 'folder'))
    assert run(export.main, ['--package', PACKAGE, '--format', 'fake', '--out', out]) == 0
    assert sorted(os.listdir(out)) == ['mnist-lfcW1A1.one', 'mnist-lfcW1A1.two']


@pytest.mark.parametrize('dataset, name', [('../../escaped', 'escaped'), ('/a/b"', 'b'), (u'\xc4pfel', 'Apfel'),
                                           ('a\0b', 'a-b')])
def test_whatever_a_package_says_its_files_stay_in_the_folder(tmpdir, fake, dataset, name):
    with open(PACKAGE, 'rb') as handle:
        manifest, contents = package.read(handle)
    del contents[package.MANIFEST]
    with open(str(tmpdir.join('package')), 'wb') as handle:
        package.build(contents, dict(manifest, dataset=dataset), handle)
    out = tmpdir.join('new', 'folder')
    assert run(export.main, ['--package', str(tmpdir.join('package')), '--format', 'fake', '--format', 'c', '--out',
                             str(out)]) == 0
    assert sorted(os.listdir(str(tmpdir))) == ['new', 'package'] and tmpdir.join('new').listdir() == [out]
    assert sorted(os.listdir(str(out)))[0].startswith(name + '-lfcW1A1')


def test_a_parameter_folder_alone(packed, tmpdir, fake):
    arguments = ['--params', os.path.join(packed, 'lfcW1A1'), '--format', 'fake', '--out', str(tmpdir)]
    assert run(export.main, arguments + ['--overlay', 'lfcW1A1']) == 0
    assert sorted(os.listdir(str(tmpdir))) == ['lfcW1A1.one', 'lfcW1A1.two']
    with pytest.raises(SystemExit):
        run(export.main, arguments)


def refusal(capsys, arguments):
    assert run(export.main, arguments) == 1
    output, line = capsys.readouterr()
    assert not output and line.count('\n') == 1
    return line


def test_damaged(packed, tmpdir, fake, capsys):
    path = str(tmpdir.join('signs-lfcW1A1'))
    shutil.copytree(packed, path)
    arguments = ['--run', path, '--format', 'fake']
    with open(os.path.join(path, 'lfcW1A1', '1-3-weights.bin'), 'ab') as handle:
        handle.write(b'!')
    assert '1-3-weights.bin' in refusal(capsys, arguments)
    os.remove(os.path.join(path, 'lfcW1A1', '1-3-weights.bin'))
    assert '1-3-weights.bin is missing' in refusal(capsys, arguments)
    shutil.rmtree(os.path.join(path, 'lfcW1A1'))
    assert 'make weights' in refusal(capsys, arguments)
    assert not [name for name in os.listdir(path) if name.endswith('.one')]
    broken = tmpdir.join('broken.tar.gz')
    with open(PACKAGE, 'rb') as handle:
        broken.write_binary(handle.read()[:10000])
    assert 'broken.tar.gz: it is damaged' in refusal(capsys, ['--package', str(broken), '--format', 'fake'])


def test_an_output_that_cannot_be_written(tmpdir, fake, capsys):
    arguments = ['--package', PACKAGE, '--format', 'fake', '--out']
    assert '/proc/nothing' in refusal(capsys, arguments + ['/proc/nothing'])
    tmpdir.join('file').write('')
    assert 'file' in refusal(capsys, arguments + [str(tmpdir.join('file'))])
    tmpdir.join('mnist-lfcW1A1.two').mkdir()
    refusal(capsys, arguments + [str(tmpdir)])
    assert sorted(os.listdir(str(tmpdir))) == ['file', 'mnist-lfcW1A1.two']     # and not the other file


def test_a_disk_that_fills_up_between_files(tmpdir, fake, capsys, monkeypatch):
    @contextlib.contextmanager
    def full(path):
        with whole_file(path) as handle:
            if path.endswith('.two'):
                raise EnvironmentError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            yield handle
    monkeypatch.setattr(export, 'whole_file', full)
    assert 'No space left' in refusal(capsys, ['--package', PACKAGE, '--format', 'fake', '--out', str(tmpdir)])
    assert os.listdir(str(tmpdir)) == []


@pytest.mark.parametrize('said', ["No module named 'onnx'", 'No module named onnx.helper'])
def test_a_package_that_is_not_installed(tmpdir, monkeypatch, capsys, said):
    def importing(name):
        raise ImportError(said)
    monkeypatch.setattr(export.importlib, 'import_module', importing)
    line = refusal(capsys, ['--package', PACKAGE, '--format', 'onnx', '--out', str(tmpdir.join('out'))])
    assert 'needs the package onnx: make export FORMAT=onnx' in line and not tmpdir.join('out').exists()
    assert 'scripts/in_env.sh --for export python export/export.py, which takes --package' in line


def test_accuracy_is_of_these_parameters(packed, tmpdir):
    path = str(tmpdir.join('signs-lfcW1A1'))
    shutil.copytree(packed, path)
    exported = source.from_run(path)
    assert (exported.name, exported.dataset, exported.accuracy) == ('signs-lfcW1A1', 'signs', None)
    verification = {'files': exported.fingerprint, 'accuracy': {'packed': 97.5, 'trained': 98.},
                    'parameters_sha256': sha256(os.path.join(path, 'signs-1w-1a.npz'))}
    with open(os.path.join(path, 'verify.json'), 'w') as handle:
        json.dump(verification, handle)
    assert source.from_run(path).accuracy == 97.5
    package.build_run(path)
    of_package = source.from_package(os.path.join(path, 'signs-lfcW1A1.tar.gz'))
    assert of_package.accuracy == 97.5 and of_package.fingerprint == exported.fingerprint
    with open(os.path.join(path, 'verify.json'), 'w') as handle:
        json.dump(dict(verification, files='of other parameters'), handle)
    assert source.from_run(path).accuracy is None
    with pytest.raises(BadRun):
        source.from_run(str(tmpdir.join('none-lfcW1A1')))


@pytest.mark.parametrize('name, identifier', [('mnist-lfcW1A1', 'mnist_lfcW1A1'), ('4 signs-cnvW1A1', 'net_4_signs_cnvW1A1'),
                                              ('-x-lfcW1A1', 'net__x_lfcW1A1')])
def test_names_that_c_takes(tmpdir, name, identifier):
    overlay = OVERLAYS['lfcW1A1']
    exported = source.from_folder(networks.write(str(tmpdir.join('lfc')), overlay, networks.parameters(overlay, 1)), overlay)
    assert exported._replace(name=name).identifier == identifier
