"""The command line and BNN-PYNQ's scripts: golden folders, what is rejected, and that DIR appears complete or not at all."""
from __future__ import absolute_import, division

import io
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from common.errors import run
from common.files import sha256
from common.overlays import OVERLAYS
from tests.shared import GOLDEN, ROOT, needs_golden
from tests.weights_gen.archives import random_layers, save, save_golden
from weights_gen import folder, generate

SCRIPTS = {'cnvW1A1': ('cifar10-gen-weights-W1A1.py', 'cifar10-1w-1a.npz'),
           'cnvW1A2': ('cifar10-gen-weights-W1A2.py', 'cifar10-1w-2a.npz'),
           'cnvW2A2': ('cifar10-gen-weights-W2A2.py', 'cifar10-2w-2a.npz'),
           'lfcW1A1': ('mnist-gen-weights-W1A1.py', 'mnist-1w-1a.npz'),
           'lfcW1A2': ('mnist-gen-weights-W1A2.py', 'mnist-1w-2a.npz')}


@pytest.fixture(scope='module')
def archives(tmpdir_factory):
    """Paths of random archives by net."""
    directory = tmpdir_factory.mktemp('archives')
    return {net: save(directory.join(net + '.npz'), random_layers(OVERLAYS[net + 'W1A1'])) for net in ('lfc', 'cnv')}


def arguments(name, archive, out, *more):
    overlay = OVERLAYS[name]
    return ['--net', overlay.net, '-wb', str(overlay.weight_bits), '-ab', str(overlay.activation_bits),
            '--params', str(archive), '--out', str(out)] + list(more)


def start(name, archive, out, **options):
    """Start the command in its own process."""
    script = os.path.join(ROOT, 'weights_gen', 'generate.py')
    return subprocess.Popen([sys.executable, script] + arguments(name, archive, out), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **options)


def refused(capsys, *command, **expected):
    """Run the command in this process; returns its one line on stderr."""
    assert run(generate.main, list(command)) == expected.get('status', 1)
    captured = capsys.readouterr()
    assert captured.out == '' and captured.err.count('\n') == 1 and captured.err.endswith('\n')
    return captured.err


def whole(path, name):
    """Whether a folder is a complete parameter folder of an overlay, by the size of every file."""
    sizes = folder.layout(OVERLAYS[name])
    sizes['classes.txt'] = len('\n'.join(OVERLAYS[name].network.classes))
    return folder.recognise(path) and all(os.path.getsize(os.path.join(path, file_name)) == size
                                          for file_name, size in sizes.items())


def golden_digests(path, names):
    """The SHA-256 of every file, as in the golden list: for config.h, only of its constants."""
    digests = {}
    for name in names:
        if name.startswith('hw/config.h'):
            with io.open(os.path.join(path, 'hw', 'config.h')) as handle:
                lines = [line.strip() for line in handle if line.startswith('#define L')]
            constants = os.path.join(path, 'constants')
            with io.open(constants, 'w') as handle:
                handle.write(u'\n'.join(lines) + u'\n')
            digests[name] = sha256(constants)
        else:
            digests[name] = sha256(os.path.join(path, name))
    return digests


@needs_golden
@pytest.mark.parametrize('seed', [1, 2])
@pytest.mark.parametrize('name', sorted(OVERLAYS))
def test_golden_folders(tmpdir, name, seed):
    with io.open(os.path.join(GOLDEN, 'weights_sha256.json')) as handle:
        golden = json.load(handle)['%s seed %d' % (name, seed)]
    archive = save_golden(tmpdir.join('trained.npz'), name[:3], seed)
    out = tmpdir.join(name)
    assert run(generate.main, arguments(name, archive, out)) == 0
    assert len(golden) == len(folder.layout(OVERLAYS[name]))
    assert golden_digests(str(out), golden) == golden


@pytest.mark.parametrize('name', sorted(SCRIPTS))
def test_the_documents_scripts_need_no_arguments(tmpdir, archives, name):
    script, archive = SCRIPTS[name]
    shutil.copy(archives[name[:3]], str(tmpdir.join(archive)))
    output = subprocess.check_output([sys.executable, os.path.join(ROOT, 'weights_gen', script)], cwd=str(tmpdir))
    assert output.decode() == '%s: %d files for 10 classes in %s\n' % (name, len(folder.layout(OVERLAYS[name])), name)
    assert sorted(os.listdir(str(tmpdir))) == sorted([archive, name])
    assert run(generate.main, arguments(name, archives[name[:3]], tmpdir.join('by-options'))) == 0
    for path, _, files in os.walk(str(tmpdir.join(name))):
        for file_name in files:
            scripted = os.path.join(path, file_name)
            assert sha256(scripted) == sha256(scripted.replace(str(tmpdir.join(name)), str(tmpdir.join('by-options'))))


def test_a_script_without_its_archive(tmpdir):
    script = os.path.join(ROOT, 'weights_gen', SCRIPTS['cnvW1A1'][0])
    process = subprocess.Popen([sys.executable, script], cwd=str(tmpdir), stderr=subprocess.PIPE)
    line = process.communicate()[1].decode()
    assert process.returncode == 1 and os.listdir(str(tmpdir)) == []
    assert re.match(r'cifar10-gen-weights-W1A1.py: error: cifar10-1w-1a.npz: No such file .*\n$', line)


def test_class_names_from_a_file(tmpdir):
    archive = save(tmpdir.join('trained.npz'), random_layers(OVERLAYS['lfcW1A1'], 3))
    names = tmpdir.join('names.txt')
    names.write_binary(u'caf\xe9\nt\xe9\nlait\n'.encode('utf-8'))
    out = tmpdir.join('out')
    assert run(generate.main, arguments('lfcW1A1', archive, out, '--classes', str(names))) == 0
    assert out.join('classes.txt').read_binary() == u'caf\xe9\nt\xe9\nlait'.encode('utf-8')


def test_three_classes_need_names(tmpdir, capsys):
    archive = save(tmpdir.join('trained.npz'), random_layers(OVERLAYS['lfcW1A1'], 3))
    line = refused(capsys, *arguments('lfcW1A1', archive, tmpdir.join('out')))
    assert 'the network has 3 outputs' in line and '--classes FILE' in line
    assert os.listdir(str(tmpdir)) == ['trained.npz']


def test_a_bad_archive_leaves_nothing_behind(tmpdir, capsys):
    layers = random_layers(OVERLAYS['cnvW1A1'])
    layers[3].gamma[5] = 0
    archive = save(tmpdir.join('trained.npz'), layers)
    assert 'arr_21 (gamma of layer 3) is 0 for unit 5' in refused(
        capsys, *arguments('cnvW1A1', archive, tmpdir.join('out')))
    assert os.listdir(str(tmpdir)) == ['trained.npz']


def test_a_bad_archive_leaves_the_old_folder_alone(tmpdir, archives, capsys):
    out = tmpdir.join('out')
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], out)) == 0
    capsys.readouterr()
    assert 'is it of another network?' in refused(capsys, *arguments('lfcW1A1', archives['cnv'], out))
    assert whole(str(out), 'lfcW1A1')


def test_no_such_overlay(capsys):
    line = refused(capsys, '--net', 'lfc', '-wb', '2', '-ab', '2', '--params', 'x.npz', '--out', 'x')
    assert 'no overlay lfcW2A2: choose one of lfcW1A1,' in line


@pytest.mark.parametrize('command, message', [
    (['--net'], '--net'), (['--net', 'cnv', '--out', 'x'], '--params'), (['--net', 'resnet'], 'resnet'),
    (['--net', 'cnv', '-wb', 'one'], 'one')])
def test_wrong_options(capsys, command, message):
    with pytest.raises(SystemExit) as caught:
        generate.main(command)
    assert caught.value.code == 2
    line = capsys.readouterr().err
    assert line.count('\n') == 1 and message in line


def test_an_older_parameter_folder_is_replaced(tmpdir, archives):
    out = tmpdir.join('out')
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], out)) == 0
    assert run(generate.main, arguments('cnvW2A2', archives['cnv'], out)) == 0
    assert whole(str(out), 'cnvW2A2') and os.listdir(str(tmpdir)) == ['out']


def test_an_empty_folder_is_replaced(tmpdir, archives):
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], tmpdir.mkdir('out'))) == 0
    assert whole(str(tmpdir.join('out')), 'lfcW1A1')


def test_missing_parents_are_made(tmpdir, archives):
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], tmpdir.join('a', 'b', 'out'))) == 0
    assert whole(str(tmpdir.join('a', 'b', 'out')), 'lfcW1A1')


def test_a_link_to_a_folder_stays_a_link(tmpdir, archives):
    tmpdir.join('link').mksymlinkto(tmpdir.mkdir('real'))
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], tmpdir.join('link'))) == 0
    assert tmpdir.join('link').islink() and whole(str(tmpdir.join('real')), 'lfcW1A1')


@pytest.mark.parametrize('name', ['thesis.tex', '0-0-weights.bin', 'classes.txt'])
def test_a_strangers_folder_is_left_alone(tmpdir, archives, capsys, name):
    tmpdir.mkdir('out').join(name).write('precious')
    line = refused(capsys, *arguments('lfcW1A1', archives['lfc'], tmpdir.join('out')))
    assert 'is a folder with other things in it' in line
    assert tmpdir.join('out', name).read() == 'precious' and tmpdir.join('out').listdir() == [tmpdir.join('out', name)]


def test_a_parameter_folder_with_a_strangers_file_is_left_alone(tmpdir, archives, capsys):
    out = tmpdir.join('out')
    assert run(generate.main, arguments('lfcW1A1', archives['lfc'], out)) == 0
    out.join('hw', 'bitstream.bit').write('precious')
    capsys.readouterr()
    assert 'other things' in refused(capsys, *arguments('lfcW1A1', archives['lfc'], out))
    assert out.join('hw', 'bitstream.bit').read() == 'precious'


def test_a_file_is_left_alone(tmpdir, archives, capsys):
    tmpdir.join('out').write('precious')
    assert 'out is a file' in refused(capsys, *arguments('lfcW1A1', archives['lfc'], tmpdir.join('out')))
    assert tmpdir.join('out').read() == 'precious'


def test_the_current_folder_is_not_pulled_away(tmpdir, archives, capsys):
    with tmpdir.mkdir('here').as_cwd():
        assert 'is in use' in refused(capsys, *arguments('lfcW1A1', archives['lfc'], '.'))
        assert 'is in use' in refused(capsys, *arguments('lfcW1A1', archives['lfc'], '..'))


def test_a_disk_that_takes_no_more(tmpdir, archives):
    """Files are limited to 1,000 bytes, less than a weight file, so writing fails in the middle."""
    process = start('lfcW1A1', archives['lfc'], tmpdir.join('out'),
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
    line = process.communicate()[1].decode()
    assert process.returncode == 1 and line.startswith('generate.py: error: ') and line.count('\n') == 1
    assert os.listdir(str(tmpdir)) == []


def wait_for_half_a_folder(directory):
    """Wait until the process writes into its temporary folder; False if it was too fast to see."""
    end = time.time() + 20
    while time.time() < end:
        for name in os.listdir(directory):
            if name.startswith('.out.'):
                try:
                    if 20 < len(os.listdir(os.path.join(directory, name))) < 280:
                        return True
                except OSError:     # renamed since
                    pass
        if folder_is_there(directory):
            return False
    raise AssertionError('the process wrote nothing')


def folder_is_there(directory):
    return os.path.exists(os.path.join(directory, 'out', 'classes.txt'))


@pytest.mark.parametrize('number, status', [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143),
                                            (signal.SIGINT, 130)])
def test_stopped_in_the_middle(tmpdir, archives, number, status):
    """Afterwards the folder is complete or not there; only SIGKILL may leave the temporary folder."""
    caught = 0
    for attempt in range(8):
        directory = tmpdir.mkdir('attempt%d' % attempt)
        process = start('lfcW1A1', archives['lfc'], directory.join('out'))
        if wait_for_half_a_folder(str(directory)):
            process.send_signal(number)
        process.communicate()
        assert process.returncode in (0, status)
        if folder_is_there(str(directory)):
            assert whole(str(directory.join('out')), 'lfcW1A1')
        else:
            caught += 1
            assert not directory.join('out').exists()
            assert number == signal.SIGKILL or directory.listdir() == []
        if caught == 2:
            return
    pytest.skip('the process was faster than the signals')


def test_two_at_once(tmpdir, archives):
    for _ in range(3):
        processes = [start(name, archives[name[:3]], tmpdir.join('out')) for name in ('cnvW2A2', 'cnvW1A2')]
        for process in processes:
            assert process.communicate()[1] == b'' and process.returncode == 0
        assert whole(str(tmpdir.join('out')), 'cnvW2A2') or whole(str(tmpdir.join('out')), 'cnvW1A2')
        assert tmpdir.listdir() == [tmpdir.join('out')]


def test_the_generator_imports_no_other_room():
    code = ('import sys; sys.path.insert(0, %r); from weights_gen import generate\n'
            'print([name for name in sys.modules if name.split(".")[0] in ("training", "board", "theano")])' % ROOT)
    assert subprocess.check_output([sys.executable, '-c', code]).decode().strip() == '[]'
