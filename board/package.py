"""A network's parameters as one file for the board, with a manifest that tells what it is and that nothing is missing.

    python board/package.py build --run runs/mnist-lfcW1A1 [--name NAME]
    python board/package.py check FILE
    python board/package.py install FILE [--into DIR] [--force]

The .tar.gz unpacks in the board's bnn/params/ as <name>/<network>/. Its manifest.json lists the SHA-256 of each file,
the settings and versions of the training, and the accuracy that verify.json has; samples/ holds test images and what
the board must answer to them; beside them lies the board kit (board/kit.py), whose notebook `install` also puts among
the board's. The same inputs give the same bytes.

`check` and `install` run on the board: this file alone, Python 3.6, nothing but the standard library. They trust no
package: it is read into memory, bounded, and only names that a parameter folder has are ever written.
"""
from __future__ import absolute_import, division, print_function

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
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
        except KeyboardInterrupt:
            return 130

FORMAT = 'bnn-pynq parameters 1'
MANIFEST = 'manifest.json'
LARGEST = 2 ** 25                       # bytes of an unpacked package; the overlays' parameters take 0.4 to 4 million
LARGEST_MANIFEST = 2 ** 20
NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z')
NEEDS_PASSWORD = 77                     # exit status
_NETWORK = re.compile(r'(lfc|cnv)W[12]A[12]\Z')
SAMPLES = 'samples/'
NOTEBOOK, PICTURES = KIT = 'notebook.ipynb', 'pictures.py'      # the board kit's
_FILE = re.compile(r'(\d+-\d+-(weights|thres)\.bin|classes\.txt|hw/config\.h|manifest\.json|notebook\.ipynb|pictures\.py|'
                   r'samples/(images\.bin|images-idx3-ubyte|answers\.json))\Z')
_TIME = 946684800                       # of every file in a package: 2000-01-01


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
        with gzip.GzipFile(fileobj=handle) as unpacked:
            data = unpacked.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise BadPackage('it unpacks to more than %d bytes: it is no parameter package' % LARGEST)
        files = {}
        with tarfile.open(fileobj=io.BytesIO(data), mode='r:') as archive:
            for member in archive:
                _take(archive, member, files)
    except (EnvironmentError, EOFError, ValueError, struct.error, zlib.error, tarfile.TarError) as error:
        if getattr(error, 'errno', None) is not None:   # the system's, not gzip's own
            raise
        raise BadPackage('it is damaged, or no .tar.gz (%s): copy or make it anew' % error)
    prefixes = set(name.rpartition(part)[0] for name, part in files)
    contents = {part: content for (_, part), content in files.items()}
    manifest = _checked(contents)
    if prefixes != {'%s/%s/' % (manifest['name'], manifest['network'])}:
        raise BadPackage('its files lie in %s, not where its manifest says' % ', '.join(sorted(prefixes)))
    return manifest, contents


def _take(archive, member, files):
    """Put a member's bytes into files[whole name, name in the parameter folder]."""
    parts = member.name.split('/', 2)
    if not member.isreg() or member.issparse() or len(parts) < 3 or not (
            NAME.match(parts[0]) and _NETWORK.match(parts[1]) and _FILE.match(parts[2])):
        raise BadPackage('it holds %r, which no parameter package has: do not unpack it' % member.name)
    if (member.name, parts[2]) in files:
        raise BadPackage('it holds %s twice: do not unpack it' % member.name)
    files[member.name, parts[2]] = archive.extractfile(member).read()


def read_folder(path):
    """What :func:`read` returns, of a folder that was installed from a package."""
    contents = {}
    for root, _, names in os.walk(path):
        for name in names:
            file = os.path.join(root, name)
            part = os.path.relpath(file, path)
            if not _FILE.match(part) or not os.path.isfile(file) or os.path.getsize(file) > LARGEST:
                raise BadPackage('it holds %s, which no parameter folder has' % plain(part))
            with open(file, 'rb') as handle:
                contents[part] = handle.read()
    return _checked(contents), contents


def _checked(contents):
    """The manifest, once every file is there and has the bytes that it lists."""
    try:
        manifest = json.loads(contents[MANIFEST][:LARGEST_MANIFEST].decode('ascii'))
        listed = dict(manifest['files'])
        known = (manifest['format'] == FORMAT and NAME.match(manifest['name']) and
                 _NETWORK.match(manifest['network']))
    except (KeyError, TypeError, ValueError, RuntimeError):     # the last: nested too deep
        raise BadPackage('it has no %s, or a damaged one: make it anew' % MANIFEST)
    if not known:
        raise BadPackage('its manifest is of another format: use the package.py that made it')
    found = {part: sha256(content) for part, content in contents.items() if part != MANIFEST}
    for part in sorted(set(listed) | set(found)):
        if listed.get(part) != found.get(part):
            raise BadPackage('%s %s: copy or make it anew' % (plain(part), 'is missing' if part not in found else
                             'is not in the manifest' if part not in listed else 'is damaged'))
    return manifest


def summary(manifest):
    """A package in one line."""
    facts = ['%s/%s: %d files' % (manifest['name'], manifest['network'], len(manifest['files'])),
             'data set %s' % manifest.get('dataset')]
    if isinstance(manifest.get('settings'), dict) and manifest['settings'].get('recipe', 'original') != 'original':
        facts.append('recipe %s' % manifest['settings']['recipe'])
    if isinstance(manifest.get('accuracy'), dict):
        facts += ['%s accuracy %.2f %%' % (of, value) for of, value in sorted(manifest['accuracy'].items())
                  if isinstance(value, (int, float))]
    return plain(', '.join(facts))


def plain(text):
    """Text from anywhere as a terminal may have it."""
    return re.sub('[^ -~]', '?', text)


# ---- building, on the host ----

def build(folder, manifest, handle):
    """Write a package.

    Parameters
    ----------
    folder : dict of str to bytes
        The files of the parameter folder.
    manifest : dict
        name, network, dataset, settings, accuracy; the rest is added here.
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
        packed.write(b''.join(blocks) + b'\0' * 1024)   # at once: in pieces it can be compressed otherwise


def _tar_header(name, size):
    """POSIX ustar: tarfile's own bytes are not the same on every Python."""
    fields = [name, '0000644', '0000000', '0000000', '%011o' % size, '%011o' % _TIME, ' ' * 8, '0', '', 'ustar', '00',
              '', '', '0000000', '0000000', '']
    form = struct.Struct('100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x')
    fields = [field.encode('ascii') for field in fields]
    fields[6] = ('%06o' % sum(bytearray(form.pack(*fields)))).encode('ascii') + b'\0 '
    return form.pack(*fields)


def build_run(path, name=None, out=None):
    """Write the package of a run.

    Parameters
    ----------
    path : str
        The run folder.
    name : str, optional
        Of the set on the board. Where not given: 'original' (the documents' name) for a network's own data set, whose
        name BNN-PYNQ's own sets have there, and for others the data set's name.
    out : str, optional
        The file; in the run folder where not given.

    Returns
    -------
    file, summary : str
    """
    from board import kit, samples                      # what the board does not have
    from common.files import whole_file
    from common.run_folder import BadRun, RunFolder, read_mapping
    from weights_gen import classes, folder as folders

    of = RunFolder(path)
    name = name or ('original' if of.dataset == of.overlay.network.dataset else of.dataset)
    if not NAME.match(name):
        raise UserError('%s is no name for a set on the board: use letters, digits, and - _ . between them' % name)
    folders.read(of.folder, of.overlay)
    classes.read(os.path.join(of.folder, folders.CLASSES))
    if not folders.recognise(of.folder):
        raise BadRun('%s holds files that are not of its network: generate it anew' % of.folder)
    contents = {}
    for part in folders.layout(of.overlay):
        if os.path.exists(os.path.join(of.folder, part)):
            with open(os.path.join(of.folder, part), 'rb') as handle:
                contents[part] = handle.read()
    verification = read_mapping(of.verification) or {}
    if verification and verification.get('files') != fingerprint(contents):
        raise BadRun('%s is of other files than are in %s: verify again' % (of.verification, of.folder))
    if verification and os.path.exists(of.parameters) and not of.is_of_parameters(
            verification.get('parameters_sha256')):
        raise BadRun('%s has been trained further since it was verified: make weights verify first' % of.path)
    contents.update(samples.files_of(of))
    contents.update(kit.files_of(name, of.overlay.name))
    out = out or of.package
    with whole_file(out) as handle:
        build(contents, {'name': name, 'network': of.overlay.name, 'dataset': of.dataset,
                         'settings': of.read_settings(), 'accuracy': verification.get('accuracy')}, handle)
    with open(out, 'rb') as handle:
        return out, summary(read(handle)[0])


def fingerprint(contents):
    """One SHA-256 for the files of a parameter folder, {path: bytes}, that tells whether any has changed."""
    return sha256(''.join('%s %s\n' % (part, sha256(contents[part])) for part in sorted(contents)).encode('ascii'))


# ---- installing, on the board ----

# Where PYNQ's images have bnn and pynq, beside the Python that runs this: v2.3 to v2.6, to v2.2, v2.7, v3.0 and v3.1.
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
    """Where a package lies, of this Python or of PYNQ's; None."""
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
        Replace one of the same name.

    Returns
    -------
    str or None
        Its path; None where the package has none.
    """
    if NOTEBOOK not in contents:
        return None
    path = os.path.join(folder, '%s-%s.ipynb' % (manifest['name'], manifest['network']))
    if os.path.lexists(path) and not force:             # somebody's, with what they have added to it
        return path
    descriptor, temporary = tempfile.mkstemp(prefix='.installing-', dir=folder)
    try:
        with os.fdopen(descriptor, 'wb') as handle:
            handle.write(contents[NOTEBOOK])
        os.chmod(temporary, 0o644)
        if not os.getuid():
            os.chown(temporary, os.stat(folder).st_uid, os.stat(folder).st_gid)
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


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
    place = os.path.join(into, manifest['name'], manifest['network'])
    if os.path.lexists(place) and not force:
        raise NameTaken('%s is there already: choose another name, or force it' % place)
    temporary = tempfile.mkdtemp(prefix='.installing-', dir=into)
    try:
        new, old = os.path.join(temporary, 'new'), os.path.join(temporary, 'old')
        _write(new, contents)
        read_folder(new)
        _make(os.path.dirname(place))
        if os.path.lexists(place):
            os.rename(place, old)
        try:
            os.rename(new, place)
        except BaseException:
            if os.path.lexists(old):
                os.rename(old, place)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place, summary(manifest)


def _write(folder, contents):
    """Write all files into a new folder, readable by everybody, and to the disk."""
    for part in sorted(contents):
        path = os.path.join(folder, part)
        _make(os.path.dirname(path))
        with open(path, 'wb') as handle:
            handle.write(contents[part])
        os.chmod(path, 0o644)
    os.sync()       # once for all: a card takes long over each file


def _make(folder):
    if not os.path.isdir(folder):
        os.mkdir(folder)
        os.chmod(folder, 0o755)


def again_as_root(password_first):
    """Start this very command again as root, with the standard input as it is.

    Parameters
    ----------
    password_first : bool
        The password is the standard input's first line; without it sudo must not need one.

    Returns
    -------
    int
        An exit status, where root cannot be had.
    """
    with open('/proc/self/cmdline', 'rb') as handle:
        command = handle.read().split(b'\0')[:-1]
    if password_first:          # -k: it is read even where sudo would not ask again
        os.execvp('sudo', ['sudo', '-k', '-S', '-p', '', '--'] + command)
    with open(os.devnull, 'w') as nothing:
        if subprocess.call(['sudo', '-n', 'true'], stdout=nothing, stderr=nothing):
            print('package.py: error: the sets of this board are root\'s, and sudo wants a password', file=sys.stderr)
            return NEEDS_PASSWORD
    os.execvp('sudo', ['sudo', '-n', '--'] + command)


# ---- command line ----

def _check(path):
    try:
        if os.path.isdir(path):
            return read_folder(path)[0]
        with open(path, 'rb') as handle:
            return read(handle)[0]
    except BadPackage as error:
        raise BadPackage('%s: %s' % (path, error))


def _with_notebook(data, given):
    """Install a package's notebook too; what is to be said of it."""
    folder = given.notebooks or (None if given.into else NOTEBOOKS)
    if not folder or not given.notebooks and not os.path.isdir(folder):
        return ''
    try:
        manifest, contents = read(io.BytesIO(data))
        path = install_notebook(manifest, contents, folder, given.force)
    except EnvironmentError as error:
        raise UserError('the set is installed, but not its notebook: %s' % error)
    return '; notebook %s' % path if path else ''


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(prog='package.py', description=__doc__.split('\n')[0])
    commands = parser.add_subparsers(dest='command', metavar='build, check, install')
    commands.required = True
    building = commands.add_parser('build', help='write the package of a run')
    if arguments[:1] == ['build']:          # not on the board, which has this file alone
        from common import options
        from datasets import registry
        options.add_all(building, 'package')
    building.add_argument('--out', metavar='FILE', help='the file to write (default: in the run folder)')
    checking = commands.add_parser('check', help='check a package, or a folder that was installed from one')
    checking.add_argument('file', metavar='FILE')
    installing = commands.add_parser('install', help='put a package among the sets of this board')
    installing.add_argument('file', metavar='FILE', help='- for the standard input')
    installing.add_argument('--into', metavar='DIR', help='the folder of the sets (default: that of the package bnn)')
    installing.add_argument('--notebooks', metavar='DIR', help='where its notebook goes (default: where PYNQ has them, '
                            'unless DIR is given)')
    installing.add_argument('--force', action='store_true', help='replace a set of the same name')
    installing.add_argument('--sudo', choices=['no', 'yes', 'password'], default='no', help='become root where DIR '
                            'cannot be written; password: it is the first line of the standard input')
    given = parser.parse_args(arguments)
    if given.command == 'build':
        print('%s: %s' % build_run(registry.run_path(given), given.name, given.out))
    elif given.command == 'check':
        print('%s: complete and undamaged: %s' % (given.file, summary(_check(given.file))))
    else:
        into = given.into or parameters_folder()
        if given.sudo != 'no' and os.getuid() and not os.access(into, os.W_OK):
            return again_as_root(given.sudo == 'password')
        with sys.stdin.buffer if given.file == '-' else open(given.file, 'rb') as handle:
            data = handle.read(LARGEST)
        told = '%s: installed and checked: %s' % install(io.BytesIO(data), into, given.force)
        print(told + _with_notebook(data, given))


if __name__ == '__main__':
    sys.exit(run(main))
