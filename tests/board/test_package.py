"""The package: the same bytes, nothing missed, nothing hostile unpacked, and checked by the board's own Python."""
from __future__ import absolute_import, division

import glob
import gzip
import inspect
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
from common import files as whole
from common.errors import UserError
from common.overlays import OVERLAYS
from datasets import inputs
from tests.board import networks
from tests.shared import ROOT
from weights_gen import folder as folders

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

PREFIX = 'digits/lfcW1A1/'
WHOLE = [(PREFIX + part, b'\n' * least) for part, (least, _) in sorted(package.layout('lfcW1A1')[0].items())]


def packed(members=(), without=(), text=None, format=tarfile.USTAR_FORMAT, pax_headers=None, **manifest):
    """A .tar.gz of lfcW1A1's files but `without` some, and more, (name or TarInfo, bytes), and a manifest of all that
    are plain; `text` in its place, where given."""
    members = [(name, data) for name, data in WHOLE if name[len(PREFIX):] not in without] + list(members)
    plain = {name[len(PREFIX):]: package.sha256(data) for name, data in members
             if not isinstance(name, tarfile.TarInfo) and name.startswith(PREFIX)}
    manifest = dict({'format': package.FORMAT, 'name': 'digits', 'network': 'lfcW1A1', 'files': plain}, **manifest)
    members = [(PREFIX + 'manifest.json', text or json.dumps(manifest).encode('ascii'))] + members
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode='w:gz', format=format, pax_headers=pax_headers) as archive:
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


def header(name=PREFIX + 'x', kind=b'0', size=b'00000000000\0', **fields):
    """A tar header, whatever is in it, with a right checksum."""
    block = bytearray(special(kind, name, '').tobuf(tarfile.USTAR_FORMAT))
    block[124:136], block[148:156] = size, b' ' * 8
    block[148:156] = ('%06o' % sum(block)).encode('ascii') + b'\0 '
    return bytes(block)


def pax(*records):
    """A member of pax records, in the place of what a file's header says."""
    data = b''.join(records)
    return header(kind=b'x', size=('%011o' % len(data)).encode('ascii') + b'\0') + data + b'\0' * (-len(data) % 512)


CLASSES = (PREFIX + 'classes.txt', b'0\n1')
END = b'\0' * 1024
HOSTILE = {
    'path escape': packed([('digits/lfcW1A1/../../../../tmp/evil', b'x')]),
    'absolute path': packed([('/tmp/evil', b'x')]),
    'hidden name': packed([('.evil/lfcW1A1/classes.txt', b'x')]),
    'other file': packed([('digits/lfcW1A1/evil.so', b'x')]),
    'file in a folder': packed([('digits/lfcW1A1/hw/evil.h', b'x')]),
    'file of another network': packed([('digits/lfcW1A1/4-0-weights.bin', b'x')]),
    'second set': packed([('other/lfcW1A1/hw/config.h', b'x' * 777)]),
    'two members of a name': packed([CLASSES]),
    'symbolic link': packed([(special(tarfile.SYMTYPE), b'')]),
    'hard link': packed([(special(tarfile.LNKTYPE), b'')]),
    'device': packed([(special(tarfile.CHRTYPE), b'')]),
    'fifo': packed([(special(tarfile.FIFOTYPE), b'')]),
    'folder': packed([(special(tarfile.DIRTYPE, 'digits/lfcW1A1/hw'), b'')]),
    'pax headers': packed(format=tarfile.PAX_FORMAT, pax_headers={'comment': 'x'}),
    'GNU tar': packed(format=tarfile.GNU_FORMAT),
    'manifest elsewhere': packed(name='other'),
    'manifest of another network': packed(network='lfcW1A2'),
    'manifest of no network': packed(network='cnvW2A1'),
    'manifest of a list for a network': packed(network=['lfcW1A1']),
    'manifest with a path': packed(name='../x'),
    'manifest of another format': packed(
        text=b'{"format": "2", "name": "digits", "network": "lfcW1A1", "files": {}}'),
    'manifest of numbers': packed(name=5),
    'manifest without files': packed(files=None),
    'manifest names too much': packed(files=dict([(name[len(PREFIX):], package.sha256(data)) for name, data in WHOLE],
                                                 **{'hw/config.h': 'x'})),
    'manifest names too little': packed(files={}),
    'manifest too deep': packed(text=b'[' * 10 ** 6),
    'manifest of a huge number': packed(accuracy={'packed': 10 ** 400}),
    'manifest of no number': packed(accuracy={'packed': float('nan')}),
    'no file': packed(without=[name[len(PREFIX):] for name, _ in WHOLE]),
    'one file is missing': packed(without=['3-15-thres.bin']),
    'a short file': packed([(PREFIX + '0-0-weights.bin', b'\0' * 7)], without=['0-0-weights.bin']),
    'many classes': packed([(PREFIX + 'classes.txt', b'x' * 70000)], without=['classes.txt']),
    'no manifest': gzipped(END),
    'bomb': gzipped(b'\0' * (package.LARGEST + 1)),
    'bomb in a header': gzipped(header(size=b'77777777777\0') + END),
    'sizes beyond 2 ** 63': gzipped(header(size=b'\x80' + b'\xff' * 11) + END),
    'negative sizes': gzipped(header(size=b'-0000001000\0') + END),
    'a size with blanks': gzipped(header(PREFIX + 'classes.txt', size=b'          1\0') + END),
    'sparse bomb': sparse_bomb(),
    'a pax record of length 0': gzipped(pax(b'0 x=\n') + END),
    'a pax record of many digits': gzipped(pax(b'9' * 10 ** 6) + END),
    'many pax records': gzipped(pax(b'9 a=bcde\n') * 10000 + END),
    'a chain of long names': gzipped(header(kind=b'L') * 20000 + END),
    'a chain of pax headers': gzipped(header(kind=b'x') * 20000 + END),
    'a tar file without end': gzipped(header(PREFIX + 'classes.txt')),
    'something behind the end': gzipped(END + b'x'),
    'many gzip members': gzipped(b'') * 200000,
    'two gzip members': gzipped(END) * 2,
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
    assert len(package.read(io.BytesIO(packed()))[1]) == len(WHOLE) + 1


@pytest.mark.parametrize('name', [name for name in sorted(HOSTILE) if 'bomb' in name or 'many' in name or 'chain' in name])
def test_reading_stays_within_bounds(tmpdir, name):
    """The answer comes with 256 MiB of memory and 20 seconds of a processor, of which it takes a fraction."""
    tmpdir.join('package').write_binary(HOSTILE[name])
    status, out, err = call('bash', '-c', 'ulimit -v 262144 -t 20; exec "$@"', '-', sys.executable, SCRIPT, 'check',
                            str(tmpdir.join('package')))
    assert (status, out) == (1, '') and len(err.splitlines()) == 1 and 'package.py: error: ' in err


def test_the_networks_are_those_of_the_generator():
    assert set(package.NETWORKS) == set(OVERLAYS)
    for name, overlay in OVERLAYS.items():
        needed, possible = package.layout(name)
        for part, size in folders.layout(overlay).items():
            assert possible[part] == (size or 1, size or 2 ** 16)
        assert set(needed) | {folders.CONFIG} == set(folders.layout(overlay))


def test_the_exchange_is_that_of_every_room():
    assert inspect.getsource(package.exchange) == inspect.getsource(whole.exchange)


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
    manifest, _ = package.read(io.BytesIO(packed(dataset='\x1b[2J', accuracy={'\x1b': 1, 'b': u'\xfc'})))
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


def test_what_a_killed_installation_left_goes_and_what_it_put_aside_comes_back(alone, built, tmpdir):
    """As kill -9 leaves it where two folders cannot be exchanged: the old set beside, and nothing in its place."""
    params = tmpdir.mkdir('params')
    params.ensure('.installing-x', 'old', 'digits', 'lfcW1A1', 'classes.txt').write('mine')
    params.ensure('.installing-y', 'new', 'digits', 'lfcW1A1', 'classes.txt').write('half')
    params.mkdir('digits')
    status, _, err = alone('install', built, '--into', str(params))
    assert status == 1 and 'there already' in err
    assert tree(params) == {'digits/lfcW1A1/classes.txt': b'mine'} and len(params.listdir()) == 1


@pytest.mark.parametrize('exchanges', [True, False])
@pytest.mark.parametrize('call', ['rename', 'exchange'])
def test_an_interruption_leaves_the_old_set_or_the_new(built, tmpdir, monkeypatch, exchanges, call):
    """Ctrl-C before and after each of these calls, also where two folders cannot be exchanged."""
    monkeypatch.setattr(package, 'exchange', package.exchange if exchanges else lambda one, other: False)
    owner = package if call == 'exchange' else os
    real, params = getattr(owner, call), tmpdir.mkdir('params')
    new = {'digits/lfcW1A1/' + part: data for part, data in contents(built)[1].items()}
    old = {'digits/lfcW1A1/classes.txt': b'mine'}
    at, seen = [0, False], []

    def interrupted(*arguments):
        at[0] -= 1
        if at == [0, False]:
            raise KeyboardInterrupt
        result = real(*arguments)
        if at == [0, True]:
            raise KeyboardInterrupt
        return result
    monkeypatch.setattr(owner, call, interrupted)
    for number in range(1, 5):
        for after in (False, True):
            shutil.rmtree(str(params))
            params.ensure('digits', 'lfcW1A1', 'classes.txt').write('mine')
            at[:] = [number, after]
            try:
                with open(built, 'rb') as handle:
                    package.install(handle, str(params), force=True)
            except KeyboardInterrupt:
                assert tree(params) in (old, new) and len(params.listdir()) == 1
                seen.append(after)
        if at[0] > 0:
            break
    assert seen or call == 'rename' and exchanges


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
