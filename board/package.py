"""A network's parameters as one file for the board, with a manifest that describes and checks it.

    python board/package.py build --run runs/mnist-lfcW1A1 [--name NAME]
    python board/package.py check FILE
    python board/package.py install FILE [--into DIR] [--force]

The .tar.gz unpacks in the board's bnn/params/ as <name>/<network>/. Its manifest.json lists the SHA-256 of each file,
the settings and versions of the training, and the accuracy that verify.json has; samples/ holds test images and what
the board must answer to them; beside them lies the board kit (board/kit.py), whose notebook `install` also puts among
the board's. The same inputs give the same bytes.

`check` and `install` run on the board: this file alone, Python 3.6, nothing but the standard library; that is why it is
as long as it is. They trust no package: it is read into memory, up to a limit, only in the form that `build` writes, and
only with its network's files in their sizes. A set is replaced in one step, even if the board loses power.
"""
from __future__ import absolute_import, division, print_function

import contextlib
import ctypes
import errno
import fcntl
import gzip
import hashlib
import io
import itertools
import json
import os
import platform
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import zlib

if __name__ == '__main__' and '__file__' in globals():
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

try:
    from common.errors import ArgumentParser, UserError, run
except ImportError:                     # alone on the board
    from argparse import ArgumentParser

    class UserError(Exception):
        pass

    def run(main):
        try:
            return main(sys.argv[1:]) or 0
        except (UserError, EnvironmentError) as error:
            print('package.py: error: %s' % error, file=sys.stderr)
            return 1
        except MemoryError:
            print('package.py: error: not enough memory: close other programs', file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130

FORMAT = 'bnn-pynq parameters 1'
MANIFEST = 'manifest.json'
LARGEST = 2 ** 25                       # bytes of an unpacked package; the overlays' parameters take 0.4 to 4 million
LARGEST_MANIFEST = 2 ** 20
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z')
NEEDS_PASSWORD = 77                     # exit status
SAMPLES = 'samples/'
CARD = 'card.md'
NOTEBOOK, PICTURES = KIT = 'notebook.ipynb', 'pictures.py'      # the board kit's

# A network's layers: processing elements, bytes of each one's weights and thresholds; and the bytes of config.h.
# weights_gen.folder.layout says the same, which the board does not have: a test compares the two.
NETWORKS = {
    'lfcW1A1': (((32, 3328, 256), (64, 4096, 128), (32, 4096, 256), (16, 4096, 32)), 777),
    'lfcW1A2': (((32, 3328, 512), (64, 4096, 256), (32, 4096, 512), (16, 4096, 32)), 777),
    'cnvW1A1': (((16, 288, 32), (32, 288, 16), (16, 1152, 64), (16, 2304, 64), (4, 18432, 512), (1, 147456, 2048),
                 (1, 262144, 4096), (1, 262144, 4096), (4, 65536, 0)), 2062),
    'cnvW1A2': (((16, 288, 64), (32, 288, 32), (16, 1152, 128), (16, 2304, 128), (4, 18432, 1024), (1, 147456, 4096),
                 (1, 262144, 8192), (1, 262144, 8192), (4, 65536, 0)), 2062),
    'cnvW2A2': (((8, 576, 128), (16, 1152, 64), (8, 4608, 256), (8, 9216, 256), (4, 73728, 1024), (1, 589824, 4096),
                 (1, 524288, 8192), (2, 524288, 4096), (4, 65536, 0)), 2061)}
_FILE = re.compile(r'(\d{1,2}-\d{1,3}-(weights|thres)\.bin|classes\.txt|hw/config\.h|manifest\.json|notebook\.ipynb|'
                   r'pictures\.py|card\.md|samples/(images\.bin|images-idx3-ubyte|answers\.json))\Z')
_TIME = 946684800                       # of every file in a package: 2000-01-01
_BLOCK = 512                            # bytes: a tar file's unit
_HEADER = struct.Struct('100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12s')     # name, mode, ..., size, time, checksum, ...
_REMAINS = '.installing-'


class BadPackage(UserError):
    """A package that is damaged, incomplete or none at all."""


class NameTaken(UserError):
    """There is a set of that name already."""


class NoBoard(UserError):
    """This is not a PYNQ with BNN-PYNQ installed."""


# ---- the form of a package ----

def sha256(data):
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def layout(network):
    """The files of a network's parameter folder.

    Returns
    -------
    needed, possible : dict of str to (int, int)
        By the path within the folder, the least and the most bytes.
    """
    layers, config = NETWORKS[network]
    needed = {'classes.txt': (1, 2 ** 16)}
    for layer, (elements, weights, thresholds) in enumerate(layers):
        for element in range(elements):
            needed['%d-%d-weights.bin' % (layer, element)] = weights, weights
            if thresholds:
                needed['%d-%d-thres.bin' % (layer, element)] = thresholds, thresholds
    return needed, dict(needed, **{
        'hw/config.h': (config, config), NOTEBOOK: (1, 2 ** 20), PICTURES: (1, 2 ** 20), CARD: (1, 2 ** 20),
        SAMPLES + 'answers.json': (2, 2 ** 20),
        SAMPLES + ('images-idx3-ubyte' if network.startswith('lfc') else 'images.bin'): (16, 2 ** 20)})


def read(handle):
    """Read and check a package.

    Parameters
    ----------
    handle : binary file

    Returns
    -------
    manifest : dict
    files : dict of str to bytes
        By the path within the parameter folder, the manifest among them.

    Raises
    ------
    BadPackage
    """
    try:
        place, contents = _members(_unpacked(handle.read(LARGEST + 1)))
    except (ValueError, zlib.error) as error:
        raise BadPackage('it is damaged, or not a .tar.gz as package.py builds it (%s): copy or make it again'
                         % plain(str(error)))
    manifest = _checked(contents)
    if place != (manifest['name'], manifest['network']):
        raise BadPackage('its files are in %s/%s, not where its manifest says' % place)
    return manifest, contents


def _unpacked(data):
    """What a .gz file of one member holds; ValueError or zlib.error if it is not one."""
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    unpacked = unpacking.decompress(data + b'\n', LARGEST + 1)      # what follows the end is left over
    if len(data) > LARGEST or len(unpacked) > LARGEST:
        raise BadPackage('it unpacks to more than %d bytes: it is not a parameter package' % LARGEST)
    if unpacking.unused_data != b'\n':
        raise ValueError('something follows its end' if unpacking.unused_data else 'it is cut short')
    return unpacked


def _members(data):
    """(name, network) that all names begin with, and the bytes of each file of a plain ustar file."""
    places, contents, position = set(), {}, 0
    while data[position:position + _BLOCK].strip(b'\0'):
        name, size = _plain_file(data[position:position + _BLOCK])
        parts = name.split('/', 2)
        if len(parts) < 3 or not (NAME.match(parts[0]) and NAME.match(parts[1]) and _FILE.match(parts[2])):
            raise BadPackage('it holds %s, which no parameter package has: do not unpack it' % plain(name))
        if parts[2] in contents:
            raise BadPackage('it holds %s twice: do not unpack it' % name)
        begin, end = position + _BLOCK, position + _BLOCK + size
        position = end + -size % _BLOCK
        if position > len(data) or data[end:position].strip(b'\0'):
            raise ValueError('it is cut short')
        contents[parts[2]] = data[begin:end]
        places.add(tuple(parts[:2]))
    if len(data) < position + 2 * _BLOCK or data[position:].strip(b'\0'):
        raise ValueError('its end is not that of a tar file')
    if len(places) != 1:
        raise BadPackage('it holds %d sets: do not unpack it' % len(places))
    return places.pop(), contents


def _plain_file(header):
    """Name and size of a file, from its header; ValueError if it is not a plain file's, or of a later form of tar."""
    if len(header) < _BLOCK:
        raise ValueError('it is cut short')
    fields = _HEADER.unpack(header)
    name, size, checksum, kind, link, magic, version = (fields[number] for number in (0, 4, 6, 7, 8, 9, 10))
    summed = bytearray(header[:148] + b' ' * len(checksum) + header[148 + len(checksum):])
    if (int(checksum.strip(b' \0'), 8) != sum(summed) or (kind, magic, version) != (b'0', b'ustar\0', b'00') or
            not re.match(b'[0-7]{11}\0', size) or b''.join((link,) + fields[15:]).strip(b'\0')):
        raise ValueError('a member is not a plain file')
    return str(name.rstrip(b'\0').decode('ascii')), int(size[:11], 8)


def read_folder(path):
    """What :func:`read` returns, of a folder that was installed from a package."""
    contents, room = {}, LARGEST
    for root, _, names in os.walk(path):
        for name in names:
            part = os.path.relpath(os.path.join(root, name), path)
            if not _FILE.match(part):
                raise BadPackage('it holds %s, which no parameter folder has' % plain(part))
            with _open(os.path.join(root, name)) as handle:
                contents[part] = handle.read(room)
            room -= len(contents[part])
    return _checked(contents), contents


def _open(path):
    """Open a file for reading; refuse what would block, such as a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadPackage('%s is not a regular file' % plain(path))
    return io.open(descriptor, 'rb')


def _checked(contents):
    """The manifest, if every file of its network is there, in its size and with the listed bytes."""
    try:
        manifest = json.loads(contents[MANIFEST][:LARGEST_MANIFEST].decode('ascii'), parse_int=_integer,
                              parse_constant=_integer)
        listed = dict(manifest['files'].items())
        json.dumps(manifest, ensure_ascii=False).encode('utf-16').decode('utf-16')  # half a character cannot be printed
        if not all(isinstance(manifest.get(key), (type(None), type(u''))) for key in ('dataset', 'note')):
            raise ValueError('data set or note is no text')
        known = manifest['format'] == FORMAT and NAME.match(manifest['name'])
        network = manifest['network']
        needed, possible = layout(network) if network in NETWORKS else ({}, {})
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):     # the last: nested too deep
        raise BadPackage('it has no %s, or a damaged one: make it again' % MANIFEST)
    if not known:
        raise BadPackage('its manifest is of another format: use the package.py that made it')
    if not needed:
        raise BadPackage('it is for %s, but there are overlays only for %s' % (
            plain(str(network)[:64]), ', '.join(sorted(NETWORKS))))
    found = {part: content for part, content in contents.items() if part != MANIFEST}
    for part in sorted(set(listed) | set(found) | set(needed)):
        least, most = possible.get(part, (0, -1))
        problem = ('is missing' if part not in found else
                   'does not belong to %s' % network if part not in possible else
                   'is not in the manifest' if part not in listed else
                   'is damaged' if listed[part] != sha256(found[part]) else
                   'has %d bytes' % len(found[part]) if not least <= len(found[part]) <= most else None)
        if problem:
            raise BadPackage('%s %s: copy or make it again' % (plain(part)[:64], problem))
    return manifest


def _integer(text):
    """A number in a manifest: accuracies, seeds and sizes are never long."""
    if len(text) > 20:
        raise ValueError('a number of %d digits' % len(text))
    return int(text)


def summary(manifest):
    """A package in one line."""
    facts = ['%s/%s: %d files' % (manifest['name'], manifest['network'], len(manifest['files'])),
             'data set %s' % _text(manifest.get('dataset'))]
    settings, accuracy = [value if isinstance(value, dict) else {}
                          for value in (manifest.get('settings'), manifest.get('accuracy'))]
    if settings.get('recipe', 'original') != 'original':
        facts.append('recipe %s' % _text(settings['recipe']))
    facts += ['%s accuracy %.2f %%' % (_text(kind), value) for kind, value in sorted(accuracy.items())[:4]
              if isinstance(value, (int, float))]
    return plain(', '.join(facts))


def _text(value):
    return value[:64] if isinstance(value, type(u'')) else 'unknown'


def plain(text):
    """Any text as printable ASCII, which no terminal acts on."""
    return re.sub('[^ -~]', '?', text)


# ---- building, on the host ----

def build(folder, manifest, handle):
    """Write a package.

    Parameters
    ----------
    folder : dict of str to bytes
        The files of the parameter folder.
    manifest : dict
        name, network, dataset, settings, accuracy, note; the rest is added here.
    handle : binary file
    """
    manifest = dict(manifest, format=FORMAT, files={part: sha256(content) for part, content in folder.items()})
    text = json.dumps(manifest, indent=1, sort_keys=True, separators=(',', ': ')) + '\n'
    contents = dict(folder, **{MANIFEST: text.encode('ascii')})
    blocks = []
    for part in sorted(contents):
        content = contents[part]
        blocks += [_tar_header('%s/%s/%s' % (manifest['name'], manifest['network'], part), len(content)),
                   content, b'\0' * (-len(content) % 512)]
    with gzip.GzipFile('', 'wb', 9, handle, mtime=0) as packed:
        packed.write(b''.join(blocks) + b'\0' * 1024)   # at once: pieces could compress differently


def _tar_header(name, size):
    """POSIX ustar: tarfile's own bytes are not the same on every Python."""
    fields = [name, '0000644', '0000000', '0000000', '%011o' % size, '%011o' % _TIME, ' ' * 8, '0', '', 'ustar', '00',
              '', '', '0000000', '0000000', '', '']
    fields = [field.encode('ascii') for field in fields]
    fields[6] = ('%06o' % sum(bytearray(_HEADER.pack(*fields)))).encode('ascii') + b'\0 '
    return _HEADER.pack(*fields)


def build_run(path, name=None, out=None, note=None):
    """Write the package of a run.

    Parameters
    ----------
    path : str
        The run folder.
    name : str, optional
        Of the set on the board. Default: the data set's name, but 'original' (BNN-PYNQ's name) for a
        network's own data set, whose name BNN-PYNQ's own sets have there.
    out : str, optional
        The file; default: in the run folder.
    note : str, optional
        Another limit of the network for its card.

    Returns
    -------
    file, summary : str
    """
    from board import card, kit, samples                # what the board does not have
    from common.files import whole_file
    from common.run_folder import BadRun, RunFolder, read_mapping
    from datasets import names
    from weights_gen import classes, folder as folders

    run_folder, note = RunFolder(path), note and names.one_line(names.encoded(note))
    name = name or ('original' if run_folder.dataset == run_folder.overlay.network.dataset else run_folder.dataset)
    if not NAME.match(name):
        raise UserError('%s is not a name for a set on the board: use letters, digits, and - _ . between them' % name)
    folders.read(run_folder.folder, run_folder.overlay)
    class_names = classes.read(os.path.join(run_folder.folder, folders.CLASSES))
    if not folders.recognise(run_folder.folder):
        raise BadRun('%s holds files that are not of its network: run make weights again' % run_folder.folder)
    contents = {}
    for part in folders.layout(run_folder.overlay):
        if os.path.exists(os.path.join(run_folder.folder, part)):
            with open(os.path.join(run_folder.folder, part), 'rb') as handle:
                contents[part] = handle.read()
    verification = read_mapping(run_folder.verification) or {}
    if verification and verification.get('files') != fingerprint(contents):
        raise BadRun('%s does not match %s: run make verify again' % (run_folder.verification, run_folder.folder))
    if verification and os.path.exists(run_folder.parameters) and not run_folder.is_of_parameters(
            verification.get('parameters_sha256')):
        raise BadRun('%s was trained further since it was verified: run make weights verify first' % run_folder.path)
    contents.update(samples.files_of(run_folder))
    contents.update(zip(KIT, kit.files_of(name, run_folder.overlay.name)))
    settings = run_folder.read_settings() or {}
    contents[CARD] = card.card(run_folder.overlay, name, run_folder.dataset, settings, verification, class_names,
                               note).encode('utf-8')
    out = out or run_folder.package
    with whole_file(out) as handle:
        build(contents, {'name': name, 'network': run_folder.overlay.name, 'dataset': run_folder.dataset,
                         'settings': settings or None, 'accuracy': verification.get('accuracy'), 'note': note}, handle)
    with open(out, 'rb') as handle:
        return out, summary(read(handle)[0])


def fingerprint(contents):
    """One SHA-256 for the files of a parameter folder, {path: bytes}, that tells whether any has changed."""
    return sha256(''.join('%s %s\n' % (part, sha256(contents[part])) for part in sorted(contents)).encode('ascii'))


# ---- installing, on the board ----

# Where PYNQ's images have bnn and pynq, besides the running Python: v2.3 to v2.6; up to v2.2; v2.7; v3.0 and v3.1.
SITES = ('/usr/local/lib/python3.6/dist-packages', '/opt/python3.6/lib/python3.6/site-packages',
         '/usr/local/share/pynq-venv/lib/python3.8/site-packages',
         '/usr/local/share/pynq-venv/lib/python3.10/site-packages')
NOTEBOOKS = os.environ.get('PYNQ_JUPYTER_NOTEBOOKS') or '/home/xilinx/jupyter_notebooks'
REVISION = '/home/xilinx/REVISION'


def parameters_folder():
    """bnn/params of the installed BNN-PYNQ.

    Raises
    ------
    NoBoard
    """
    pynq, bnn = _package_folder('pynq'), _package_folder('bnn')
    if pynq is None:
        raise NoBoard('no pynq on this machine: is it a board with a PYNQ image? BNN-PYNQ was tested up to image v2.5')
    if bnn is None:
        image = ''
        if os.path.exists(REVISION):
            with open(REVISION) as handle:
                image = '; this is %s' % plain(handle.readline(80).strip())
        if not os.path.exists(os.path.join(pynq, 'xlnk.py')):
            raise NoBoard('no package bnn, and the pynq of this image has no Xlnk, by which BNN-PYNQ reaches the FPGA: '
                          'take image v2.5, the last that BNN-PYNQ was tested with%s' % image)
        raise NoBoard('no package bnn: install BNN-PYNQ first, sudo pip3 install '
                      'git+https://github.com/Xilinx/BNN-PYNQ.git (docs/board.md)%s' % image)
    folder = os.path.join(bnn, 'params')
    if not os.path.isdir(folder):
        raise NoBoard('%s is not there: install BNN-PYNQ again' % folder)
    return folder


def _package_folder(name):
    """The folder of a package, in this Python or PYNQ's; or None."""
    from importlib.util import find_spec
    spec = find_spec(name)
    if spec is not None and spec.origin:
        return os.path.dirname(spec.origin)
    places = [os.path.join(site, name) for site in SITES if os.path.isdir(os.path.join(site, name))]
    return places[0] if places else None


def install_notebook(manifest, contents, folder, force=False):
    """Put a package's notebook among the board's.

    Parameters
    ----------
    manifest, contents
        What :func:`read` returns.
    folder : str
    force : bool
        Put one of the same name aside: somebody may have added to it.

    Returns
    -------
    str
        What was done.
    """
    if NOTEBOOK not in contents:
        return 'no notebook: the package has none'
    start = os.path.join(folder, '%s-%s' % (manifest['name'], manifest['network']))
    path, told = start + '.ipynb', ''
    with _only_installer(folder):
        taken = os.path.lexists(path)
        if taken and (not force or _holds(path, contents[NOTEBOOK])):
            return 'notebook %s, unchanged' % path
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=_REMAINS, dir=folder)
            with os.fdopen(descriptor, 'wb') as handle:
                handle.write(contents[NOTEBOOK])
            os.chmod(temporary, 0o644)
            if not os.getuid():
                os.chown(temporary, os.stat(folder).st_uid, os.stat(folder).st_gid)
            _sync(temporary)
            if taken:
                aside = next(other for other in ('%s-%d.ipynb' % (start, number) for number in itertools.count(1))
                             if not os.path.lexists(other))
                os.rename(path, aside)
                told = ', the earlier one in %s' % aside
            os.rename(temporary, path)
            _sync(folder)
        finally:
            _clean(folder)
    return 'notebook %s%s' % (path, told)


def _holds(path, data):
    if not os.path.isfile(path):
        return False
    with open(path, 'rb') as handle:
        return handle.read(len(data) + 1) == data


def install(handle, into, force=False):
    """Check a package and put its set beside the others; it appears whole or not at all.

    Parameters
    ----------
    handle : binary file
    into : str
        The folder of all sets, bnn/params.
    force : bool
        Replace a set of the same name.

    Returns
    -------
    path, summary : str

    Raises
    ------
    BadPackage, NameTaken, EnvironmentError
    """
    manifest, contents = read(handle)
    told = summary(manifest)
    place = os.path.join(into, manifest['name'], manifest['network'])
    with _only_installer(into):
        _clean(into)
        if os.path.lexists(place) and not force:
            raise NameTaken('%s is there already: choose another NAME, or replace it with --force (FORCE=1)' % place)
        temporary = tempfile.mkdtemp(prefix=_REMAINS, dir=into)
        try:
            new = os.path.join(temporary, 'new')
            _write(os.path.join(new, manifest['name'], manifest['network']), contents)
            read_folder(os.path.join(new, manifest['name'], manifest['network']))
            _put(into, manifest['name'], manifest['network'], temporary)
        finally:
            _clean(into)
    return place, told


@contextlib.contextmanager
def _only_installer(into):
    """Wait until no one else installs there."""
    descriptor = os.open(into, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except EnvironmentError as error:       # a file system without locks
            if error.errno == errno.EINTR:
                raise
        yield
    finally:
        os.close(descriptor)


def _clean(into):
    """Remove what a stopped installation left; a set that it had put aside goes back first."""
    for remains in [os.path.join(into, name) for name in os.listdir(into) if name.startswith(_REMAINS)]:
        aside = os.path.join(remains, 'old')
        for name in os.listdir(aside) if os.path.isdir(aside) else ():
            for network in os.listdir(os.path.join(aside, name)):
                if not os.path.lexists(os.path.join(into, name, network)):
                    os.rename(os.path.join(aside, name, network), os.path.join(into, name, network))
                    _sync(os.path.join(into, name))
        if os.path.isdir(remains):
            shutil.rmtree(remains, ignore_errors=True)
        else:
            os.unlink(remains)


def _write(folder, contents):
    """Write all files into a new folder, readable by everybody, and sync them."""
    for part in sorted(contents):
        path = os.path.join(folder, part)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, 'wb') as handle:
            handle.write(contents[part])
    if hasattr(os, 'sync'):
        os.sync()       # once for all: a card takes long over each file; errors show when each file is synced
    for root, _, names in os.walk(os.path.dirname(folder), topdown=False):
        for name in names:
            os.chmod(os.path.join(root, name), 0o644)
            _sync(os.path.join(root, name))
        os.chmod(root, 0o755)
        _sync(root)


def _put(into, name, network, temporary):
    """Put the new set in place, and the one that it replaces into the temporary folder."""
    new = os.path.join(temporary, 'new', name)
    if not os.path.lexists(os.path.join(into, name)):
        os.rename(new, os.path.join(into, name))
    else:
        new, place = os.path.join(new, network), os.path.join(into, name, network)
        if not os.path.lexists(place):
            os.rename(new, place)
        elif not exchange(new, place):
            aside = os.path.join(temporary, 'old', name)
            os.makedirs(aside)
            for folder in (os.path.dirname(aside), temporary, into):    # so that a set put there is found again
                _sync(folder)
            os.rename(place, os.path.join(aside, network))
            os.rename(new, place)
        _sync(os.path.join(into, name))
    _sync(into)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:            # some network file systems cannot sync a folder
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def exchange(one, other):
    """Swap what two paths name in one step (Linux's renameat2); False where this system or file system cannot."""
    here, swap = -100, 2        # AT_FDCWD, RENAME_EXCHANGE
    encode = getattr(os, 'fsencode', lambda path: path if isinstance(path, bytes) else
                     path.encode(sys.getfilesystemencoding()))
    library = ctypes.CDLL(None, use_errno=True)
    if hasattr(library, 'renameat2'):           # glibc from 2.28 on
        status = library.renameat2(here, encode(one), here, encode(other), swap)
    else:                                       # its number, by processor and size of a pointer
        number = {('x86_64', 8): 316, ('aarch64', 8): 276, ('armv7l', 4): 382}.get(
            (platform.machine(), ctypes.sizeof(ctypes.c_void_p)))
        if number is None:
            return False
        status = library.syscall(ctypes.c_long(number), here, encode(one), here, encode(other), swap)
    code = ctypes.get_errno()
    if status and code not in (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM):
        raise OSError(code, os.strerror(code), other)
    return status == 0

def again_as_root(password_first):
    """Run this same command again as root, with the same standard input.

    Parameters
    ----------
    password_first : bool
        The password is the standard input's first line; otherwise sudo must not need one.

    Returns
    -------
    int
        An exit status, if it cannot become root.
    """
    with open('/proc/self/cmdline', 'rb') as handle:
        command = handle.read().split(b'\0')[:-1]
    if password_first:          # -k: sudo reads it even where it would not ask again
        os.execvp('sudo', ['sudo', '-k', '-S', '-p', '', '--'] + command)
    with open(os.devnull, 'w') as nothing:
        if subprocess.call(['sudo', '-n', 'true'], stdout=nothing, stderr=nothing):
            print('package.py: error: this board\'s parameter sets belong to root, and sudo needs a password',
                  file=sys.stderr)
            return NEEDS_PASSWORD
    os.execvp('sudo', ['sudo', '-n', '--'] + command)


# ---- command line ----

def _check(path):
    try:
        if os.path.isdir(path):
            return read_folder(path)[0]
        with _open(path) as handle:
            return read(handle)[0]
    except BadPackage as error:
        raise BadPackage('%s: %s' % (path, error))


def _with_notebook(data, given):
    """Install a package's notebook too; what to report about it."""
    folder = given.notebooks or (None if given.into else NOTEBOOKS)
    if not folder or not given.notebooks and not os.path.isdir(folder):
        return ''
    try:
        manifest, contents = read(io.BytesIO(data))
        return '; ' + install_notebook(manifest, contents, folder, given.force)
    except EnvironmentError as error:
        raise UserError('the set is installed, but not its notebook: %s' % error)


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(prog='package.py', description=__doc__.split('\n')[0])
    commands = parser.add_subparsers(dest='command', metavar='build, check, install')
    commands.required = True
    building = commands.add_parser('build', help='write the package of a run')
    if arguments[:1] == ['build']:          # not on the board, which has this file alone
        try:
            from common import options
            from datasets import registry
        except ImportError:
            raise UserError('packages are built where the project is: run make package there')
        options.add_all(building, 'package')
    building.add_argument('--out', metavar='FILE', help='the file to write (default: in the run folder)')
    checking = commands.add_parser('check', help='check a package, or a folder that was installed from one')
    checking.add_argument('file', metavar='FILE')
    installing = commands.add_parser('install', help='install a package on this board')
    installing.add_argument('file', metavar='FILE', help='- for the standard input')
    installing.add_argument('--into', metavar='DIR', help='the folder of the sets (default: params in the package bnn)')
    installing.add_argument('--notebooks', metavar='DIR', help='where its notebook goes (default: PYNQ\'s notebooks, or '
                            'nowhere with --into)')
    installing.add_argument('--force', action='store_true', help='replace a set of the same name')
    installing.add_argument('--receipt', metavar='WORD', help='begin the line that says what was installed with WORD '
                            'and the package\'s SHA-256')
    installing.add_argument('--sudo', choices=['no', 'yes', 'password'], default='no', help='become root if DIR cannot '
                            'be written; password: read it from the first line of the standard input')
    given = parser.parse_args(arguments)
    if given.command == 'build':
        print('%s: %s' % build_run(registry.run_path(given), given.name, given.out, given.note))
    elif given.command == 'check':
        print('%s: complete and undamaged: %s' % (given.file, summary(_check(given.file))))
    else:
        into = given.into or parameters_folder()
        if given.sudo != 'no' and os.getuid() and not os.access(into, os.W_OK):
            return again_as_root(given.sudo == 'password')
        with sys.stdin.buffer if given.file == '-' else _open(given.file) as handle:
            data = handle.read(LARGEST + 1)
        told = '%s: installed and checked: %s' % install(io.BytesIO(data), into, given.force)
        told += _with_notebook(data, given)
        print(plain('%s %s %s' % (given.receipt, sha256(data), told) if given.receipt else told))


if __name__ == '__main__':
    sys.exit(run(main))
