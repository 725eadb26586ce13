"""The package: the same bytes, nothing missed, nothing hostile unpacked, and checked by the board's own Python."""
from __future__ import absolute_import, division

import glob
import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest

from board import package, samples
from board.package import BadPackage
from board.simulator import Simulator, answers
from common.errors import UserError
from common.overlays import OVERLAYS
from datasets import inputs
from tests.board import networks
from tests.shared import ROOT

SCRIPT = os.path.join(ROOT, 'board', 'package.py')


def python(version):
    """A working interpreter of a version such as '3.6', or None."""
    pyenv = os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv'))
    folders = os.environ.get('PATH', '').split(os.pathsep) + [os.path.join(pyenv, 'versions', version + '.*', 'bin')]
    for folder in folders:
        for path in glob.glob(os.path.join(folder, 'python' + version)):
            if subprocess.call([path, '-c', ''], stderr=subprocess.PIPE) == 0:      # pyenv's shims may not work
                return path


# 3.6 is the board's own; without it, this one where it can stand in
BOARD_PYTHONS = [path for path in (python('3.6'), sys.executable if sys.version_info >= (3, 6) else None) if path]


def call(*arguments, **options):
    process = subprocess.Popen(list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate()
    return process.returncode, out.decode('utf-8'), err.decode('utf-8')


@pytest.fixture
def run_folder(random_folder, tmpdir):
    """A run of digits with lfcW1A1, as training and the generator leave it."""
    run = tmpdir.mkdir('digits-lfcW1A1')
    shutil.copytree(random_folder['lfcW1A1'], str(run.join('lfcW1A1')))
    run.join('settings.json').write(json.dumps({'seed': 1234, 'versions': {'numpy': '1.16.6'}}))
    return run


@pytest.fixture(scope='session')
def built_once(random_folder, tmpdir_factory):
    root = tmpdir_factory.mktemp('built')
    with open(str(root.join('package')), 'wb') as handle:
        package.build(tree(random_folder['lfcW1A1']), {'name': 'digits', 'network': 'lfcW1A1', 'dataset': 'digits',
                                                       'settings': None, 'accuracy': None}, handle)
    return handle.name


@pytest.fixture
def built(built_once, tmpdir):
    """A package in a folder of its own."""
    path = str(tmpdir.mkdir('packages').join('digits-lfcW1A1.tar.gz'))
    shutil.copy(built_once, path)
    return path


def contents(path):
    with open(path, 'rb') as handle:
        return package.read(handle)


def tree(folder):
    """Every file below a folder and its bytes, the hidden ones too."""
    return {os.path.relpath(os.path.join(root, name), str(folder)): open(os.path.join(root, name), 'rb').read()
            for root, _, names in os.walk(str(folder)) for name in names}


def test_what_is_in_it(run_folder):
    built = package.build_run(str(run_folder))[0]
    manifest, files = contents(built)
    assert built == str(run_folder.join('digits-lfcW1A1.tar.gz'))
    assert (manifest['name'], manifest['network'], manifest['dataset']) == ('digits', 'lfcW1A1', 'digits')
    assert manifest['settings'] == {'seed': 1234, 'versions': {'numpy': '1.16.6'}}
    assert manifest['accuracy'] is None
    del files['manifest.json']
    for part in package.KIT:
        del files[part]
    assert files == tree(run_folder.join('lfcW1A1')) and len(files) == 290


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
    assert b'digits-lfcW1A1' not in first[:100]     # gzip's header has no file name, nor a time
    assert first[4:8] == b'\0\0\0\0'


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
    """The documents' name for MNIST and CIFAR-10, whose own names BNN-PYNQ's sets have; any other on request."""
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
    assert 'verify again' in str(caught.value) and not run_folder.join('digits-lfcW1A1.tar.gz').exists()
    verification.write(json.dumps({'accuracy': {'board': 98.4},
                                   'files': package.fingerprint(tree(run_folder.join('lfcW1A1')))}))
    path, summary = package.build_run(str(run_folder))
    assert contents(path)[0]['accuracy'] == {'board': 98.4} and 'board accuracy 98.40 %' in summary
    run_folder.join('digits-1w-1a.npz').write('trained on since')
    with pytest.raises(UserError) as caught:
        package.build_run(str(run_folder))
    assert 'trained further since it was verified: make weights verify first' in str(caught.value)


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


# ---- damaged and hostile packages ----

def packed(members, prefix='digits/lfcW1A1/', **manifest):
    """A .tar.gz of (name or TarInfo, bytes), with a manifest of the plain names among them."""
    plain = {name[len(prefix):]: package.sha256(data) for name, data in members
             if not isinstance(name, tarfile.TarInfo) and name.startswith(prefix)}
    manifest = dict({'format': package.FORMAT, 'name': 'digits', 'network': 'lfcW1A1', 'files': plain}, **manifest)
    members = [(prefix + 'manifest.json', json.dumps(manifest).encode('ascii'))] + list(members)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w:gz') as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def special(kind, name='digits/lfcW1A1/0-0-weights.bin', target='/etc/passwd', **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def gzipped(data):
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode='wb') as handle:
        handle.write(data)
    return stream.getvalue()


def sparse_bomb():
    """GNU's sparse files: 2**40 bytes that take none."""
    info = special(tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b'00000000000\0', b'00000000000\0'
    header[483:495] = b'\x80' + b'\0' * 5 + b'\x01' + b'\0' * 5
    header[148:156] = b' ' * 8
    header[148:156] = ('%06o\0 ' % sum(header)).encode('ascii')
    return gzipped(bytes(header) + b'\0' * 1024)


GOOD = ('digits/lfcW1A1/classes.txt', b'0\n1')
HOSTILE = {
    'path escape': packed([GOOD, ('digits/lfcW1A1/../../../../tmp/evil', b'x')]),
    'absolute path': packed([GOOD, ('/tmp/evil', b'x')]),
    'hidden name': packed([GOOD, ('.evil/lfcW1A1/classes.txt', b'x')]),
    'other file': packed([GOOD, ('digits/lfcW1A1/evil.so', b'x')]),
    'file in a folder': packed([GOOD, ('digits/lfcW1A1/hw/evil.h', b'x')]),
    'second set': packed([GOOD, ('other/lfcW1A1/0-0-weights.bin', b'x')]),
    'two members of a name': packed([GOOD, GOOD]),
    'symbolic link': packed([GOOD, (special(tarfile.SYMTYPE), b'')]),
    'hard link': packed([GOOD, (special(tarfile.LNKTYPE), b'')]),
    'device': packed([GOOD, (special(tarfile.CHRTYPE), b'')]),
    'fifo': packed([GOOD, (special(tarfile.FIFOTYPE), b'')]),
    'folder': packed([GOOD, (special(tarfile.DIRTYPE, 'digits/lfcW1A1/hw'), b'')]),
    'manifest elsewhere': packed([GOOD], name='other'),
    'manifest of another network': packed([GOOD], network='cnvW1A1'),
    'manifest with a path': packed([GOOD], name='../x'),
    'manifest of another format': packed([GOOD], format='2'),
    'manifest of numbers': packed([GOOD], name=5),
    'manifest without files': packed([GOOD], files=None),
    'manifest names too much': packed([GOOD], files={'classes.txt': package.sha256(GOOD[1]), '0-0-thres.bin': 'x'}),
    'manifest names too little': packed([GOOD], files={}),
    'manifest differs': packed([GOOD], files={'classes.txt': 'x'}),
    'manifest too deep': packed([GOOD, ('digits/lfcW1A1/manifest.json', b'[' * 10 ** 6)]),
    'no manifest': gzipped(b'\0' * 1024),
    'bomb': gzipped(b'\0' * (package.LARGEST + 1)),
    'bomb in a header': gzipped(special(tarfile.REGTYPE, size=2 ** 60).tobuf(tarfile.GNU_FORMAT) + b'\0' * 1024),
    'sparse bomb': sparse_bomb(),
    'no gzip': b'hello',
    'empty': b'',
    'gzip of text': gzipped(b'hello' * 1000),
}


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_packages_are_refused_and_nothing_is_written(tmpdir, name):
    with pytest.raises(BadPackage) as caught:
        package.read(io.BytesIO(HOSTILE[name]))
    assert '\n' not in str(caught.value)
    params = tmpdir.mkdir('params')
    with pytest.raises(BadPackage):
        package.install(io.BytesIO(HOSTILE[name]), str(params), force=True)
    assert tree(tmpdir) == {} and params.listdir() == []


def test_a_well_formed_one_would_have_passed():
    assert set(package.read(io.BytesIO(packed([GOOD])))[1]) == {'classes.txt', 'manifest.json'}


def test_every_cut_and_many_flips_are_noticed(built):
    with open(built, 'rb') as handle:
        data = handle.read()
    for end in list(range(0, len(data), len(data) // 20)) + [len(data) - 1]:
        with pytest.raises(BadPackage):
            package.read(io.BytesIO(data[:end]))
    for place in range(10, len(data) - 8, len(data) // 20):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        with pytest.raises(BadPackage):
            package.read(io.BytesIO(bytes(damaged)))


def test_what_a_manifest_says_cannot_move_the_terminal(tmpdir):
    manifest, _ = package.read(io.BytesIO(packed([GOOD], dataset='\x1b[2J', accuracy={'\x1b': 1, 'b': u'\xfc'})))
    assert '\x1b' not in package.summary(manifest)


# ---- on the board ----

@pytest.fixture(params=BOARD_PYTHONS or [None], ids=lambda path: 'none' if path is None else os.path.basename(path))
def alone(request, tmpdir):
    """Calls package.py, alone in a folder, with a Python that has no packages."""
    if request.param is None:
        pytest.skip('no Python 3 here to stand in for the board\'s')
    folder = tmpdir.mkdir('home')
    shutil.copy(SCRIPT, str(folder))
    return lambda *arguments: call(request.param, '-I', '-S', 'package.py', *arguments, cwd=str(folder))


def test_check_alone_on_the_board(alone, built, tmpdir):
    status, out, err = alone('check', built)
    assert (status, err) == (0, '') and 'digits/lfcW1A1: 290 files' in out
    data = open(built, 'rb').read()
    tmpdir.join('cut').write_binary(data[:-100])
    for path in ('cut', 'nothing'):
        status, out, err = alone('check', str(tmpdir.join(path)))
        assert status == 1 and out == '' and path in err and len(err.splitlines()) == 1


def test_install_and_check_the_folder(alone, built, tmpdir):
    params = tmpdir.mkdir('params')
    others = params.mkdir('digits').mkdir('cnvW1A1')
    others.join('classes.txt').write('theirs')
    status, out, err = alone('install', built, '--into', str(params))
    assert (status, err) == (0, '') and 'installed and checked' in out
    place = params.join('digits', 'lfcW1A1')
    manifest, files = contents(built)
    assert tree(place) == files and others.join('classes.txt').read() == 'theirs'
    assert [oct(path.stat().mode & 0o777) for path in (place, place.join('hw'), place.join('classes.txt'))] == [
        oct(0o755), oct(0o755), oct(0o644)]
    assert alone('check', str(place))[0] == 0
    place.join('0-0-weights.bin').write('other')
    status, _, err = alone('check', str(place))
    assert status == 1 and '0-0-weights.bin is damaged' in err
    # of the same name: only by force, and then wholly
    status, _, err = alone('install', built, '--into', str(params))
    assert status == 1 and 'there already' in err and place.join('0-0-weights.bin').read() == 'other'
    place.join('left-over').write('x')
    assert alone('install', built, '--into', str(params), '--force')[0] == 0
    assert tree(place) == files
    assert sorted(path.basename for path in params.listdir()) == ['digits']


def test_install_where_bnn_is_missing(alone, built):
    status, _, err = alone('install', built)
    assert status == 1 and 'no pynq on this machine' in err and len(err.splitlines()) == 1


def small_disk(tmpdir, size):
    disk = tmpdir.mkdir('disk')
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=%s' % size, 'tmpfs', str(disk)], stderr=subprocess.PIPE):
        pytest.skip('only root may mount a small disk here')
    return disk


def test_disk_full(alone, built, tmpdir):
    disk = small_disk(tmpdir, '300k')
    try:
        status, _, err = alone('install', built, '--into', str(disk))
        assert status == 1 and 'No space left' in err and len(err.splitlines()) == 1
        assert disk.listdir() == []
    finally:
        subprocess.call(['umount', str(disk)])


def test_killed_in_the_middle_there_is_no_set(built, tmpdir):
    """Whenever it is killed: the set is there as a whole, or is not there."""
    params = tmpdir.mkdir('params')
    outcomes = set()
    for delay in [0.02 * step for step in range(1, 16)]:
        process = subprocess.Popen([sys.executable, SCRIPT, 'install', built, '--into', str(params), '--force'],
                                   stdout=subprocess.PIPE)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        place = str(params.join('digits', 'lfcW1A1'))
        if os.path.exists(place):
            outcomes.add('whole')
            package.read_folder(place)
            shutil.rmtree(place)
        else:
            outcomes.add('none')
    assert 'none' in outcomes
