"""Deploying over a real sshd on loopback, with this machine as the board."""
from __future__ import absolute_import

import contextlib
import getpass
import io
import os
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from board import deploy, package
from common.overlays import OVERLAYS
from common.run_folder import RunFolder
from tests.board import networks
from tests.board.packages import BOARD_PYTHONS, call, tree
from tests.shared import ROOT

SCRIPT = os.path.join(ROOT, 'board', 'deploy.py')


def program(name):
    for folder in os.environ.get('PATH', '').split(os.pathsep) + ['/usr/sbin', '/usr/local/sbin']:
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)


MISSING = [name for name in ('sshd', 'ssh', 'ssh-keygen') if not program(name)]

# A proxy that cuts the connection after a number of bytes to the board.
PROXY = '''
import os, socket, sys, threading
port, limit = int(sys.argv[1]), int(sys.argv[2])
board = socket.create_connection(('127.0.0.1', port))
def back():
    for data in iter(lambda: board.recv(65536), b''):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back).start()
for data in iter(lambda: os.read(0, 4096), b''):
    limit -= len(data)
    if limit < 0:
        os._exit(1)
    board.sendall(data)
'''


class Board(object):
    """An sshd, the Python packages that it sees, and how to reach it."""

    def __init__(self, root):
        self.root, self.site = root, root.mkdir('site')
        self.params, self.notebooks = self.site.join('bnn', 'params'), root.join('notebooks')
        programs = root.mkdir('bin')
        programs.join('python3.6').mksymlinkto(BOARD_PYTHONS[0])
        for name in ('host', 'user'):
            subprocess.check_call(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', str(root.join(name))])
        with contextlib.closing(socket.socket()) as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        root.join('sshd_config').write('\n'.join([
            'Port %d' % self.port, 'ListenAddress 127.0.0.1', 'HostKey %s' % root.join('host'), 'PidFile none',
            'AuthorizedKeysFile %s' % root.join('user.pub'), 'StrictModes no', 'UsePAM no', 'PermitRootLogin yes',
            'PasswordAuthentication no', 'SetEnv PYTHONPATH=%s PATH=%s:/usr/bin:/bin PYNQ_JUPYTER_NOTEBOOKS=%s' % (
                self.site, programs, self.notebooks), '']))
        root.join('known_hosts').write('[127.0.0.1]:%d %s' % (self.port, root.join('host.pub').read()))
        self.config = root.join('ssh_config')
        self.config.write('\n'.join([
            'Host pynq', 'HostName 127.0.0.1', 'Port %d' % self.port, 'IdentityFile %s' % root.join('user'),
            'UserKnownHostsFile %s' % root.join('known_hosts'), 'BatchMode yes', '']))
        if os.getuid() == 0 and not os.path.isdir('/run/sshd'):
            os.mkdir('/run/sshd', 0o755)
        self.server = subprocess.Popen([program('sshd'), '-D', '-e', '-f', str(root.join('sshd_config'))],
                                       stderr=open(str(root.join('sshd.log')), 'w'))

    def ready(self):
        """Whether login works."""
        for _ in range(50):
            if subprocess.call(['ssh', '-F', str(self.config), 'pynq', 'true'], stderr=subprocess.PIPE) == 0:
                return True
            time.sleep(0.1)

    def fill(self):
        """A PYNQ with BNN-PYNQ, and a set that is already there."""
        for name in ('pynq', 'bnn'):
            shutil.rmtree(str(self.site.join(name)), ignore_errors=True)
            self.site.mkdir(name).join('__init__.py').write('raise ImportError("it is only looked for")')
        self.site.join('pynq', 'xlnk.py').write('')
        shutil.rmtree(str(self.notebooks), ignore_errors=True)
        self.notebooks.mkdir()
        self.params.ensure('cifar10', 'cnvW1A1', 'classes.txt').write('theirs')

    def deploy(self, run, *options, **keywords):
        host = keywords.get('host', getpass.getuser() + '@pynq')
        ssh = 'ssh -F %s %s' % (self.config, keywords.get('ssh', ''))
        return call(sys.executable, SCRIPT, '--run', str(run), '--board', host, '--ssh', ssh, *options,
                    stdin=open(os.devnull))


@pytest.fixture(scope='module')
def server(tmpdir_factory):
    if MISSING:
        pytest.skip('no %s here: apt-get install openssh-server' % ', '.join(MISSING))
    if not BOARD_PYTHONS:
        pytest.skip('no Python 3.6 or later here to stand in for the board\'s')
    board = Board(tmpdir_factory.mktemp('board'))
    try:
        if not board.ready():
            pytest.skip('sshd does not let this user in here: %s' % board.root.join('sshd.log').read()[-300:])
        yield board
    finally:
        board.server.terminate()
        board.server.wait()


@pytest.fixture
def board(server):
    server.fill()
    return server


@pytest.fixture(scope='module')
def packed_run(random_folder, tmpdir_factory):
    run = tmpdir_factory.mktemp('runs').mkdir('digits-lfcW1A1')
    shutil.copytree(random_folder['lfcW1A1'], str(run.join('lfcW1A1')))
    np.savez(str(run.join('test-set.npz')), x_test=networks.images(OVERLAYS['lfcW1A1'], 5, 1), y_test=np.arange(5))
    package.build_run(str(run))
    return run


@pytest.fixture
def run(packed_run, tmpdir):
    copy = tmpdir.join('digits-lfcW1A1')
    shutil.copytree(str(packed_run), str(copy))
    return copy


def refused(outcome, words):
    status, out, err = outcome
    assert (status, out) == (1, '') and words in err and len(err.splitlines()) == 1


def untouched(board):
    return (tree(board.params) == {'cifar10/cnvW1A1/classes.txt': b'theirs'} and
            [path.basename for path in board.params.listdir()] == ['cifar10'])


def test_success_and_a_name_that_is_taken(board, run):
    status, out, err = board.deploy(run)
    assert (status, err) == (0, '') and 'installed and checked' in out
    place = board.params.join('digits', 'lfcW1A1')
    _, files = package.read(io.BytesIO(run.join('digits-lfcW1A1.tar.gz').read_binary()))
    assert tree(place) == files
    assert board.params.join('cifar10', 'cnvW1A1', 'classes.txt').read() == 'theirs'
    place.join('classes.txt').write('mine')
    refused(board.deploy(run), 'is there already')
    assert place.join('classes.txt').read() == 'mine'
    assert board.deploy(run, '--force')[0] == 0
    assert tree(place) == files
    assert sorted(path.basename for path in board.params.listdir()) == ['cifar10', 'digits']


def test_its_notebook_comes_with_it(board, run):
    assert 'notebook %s' % board.notebooks.join('digits-lfcW1A1.ipynb') in board.deploy(run)[1]
    path, = board.notebooks.listdir()
    assert path.basename == 'digits-lfcW1A1.ipynb' and "NAME = 'digits'" in path.read()
    path.write('with my notes')
    shutil.rmtree(str(board.params.join('digits')))
    assert board.deploy(run)[0] == 0 and path.read() == 'with my notes'
    assert board.deploy(run, '--force')[0] == 0 and "NETWORK = 'lfcW1A1'" in path.read()


@pytest.mark.parametrize('host, words', [
    ('xilinx@no-such-board.invalid', 'no-such-board.invalid'), ('-oProxyCommand=touch${IFS}evil', 'is not a board'),
    ('a b', 'is not a board'), ('', 'name the board'), ('nobody-here@pynq', 'Permission denied')])
def test_wrong_host(board, run, host, words):
    refused(board.deploy(run, '--board=' + host), words)
    assert untouched(board)


def test_nobody_listens(board, run):
    refused(board.deploy(run, ssh='-p 1'), 'Connection refused')


def test_no_ssh_here(run):
    refused(call(sys.executable, SCRIPT, '--run', str(run), '--board', 'pynq', '--ssh', 'no-such-ssh'),
            'no-such-ssh cannot be started')


@pytest.mark.parametrize('missing, words', [
    ('pynq', 'no pynq on this machine'), ('bnn', 'install BNN-PYNQ first'), ('bnn/params', 'params is not there')])
def test_no_such_package_folder(board, run, missing, words):
    shutil.rmtree(str(board.site.join(missing)))
    before = tree(board.site)
    refused(board.deploy(run), words)
    assert tree(board.site) == before


def test_an_image_without_xlnk(board, run):
    shutil.rmtree(str(board.site.join('bnn')))
    board.site.join('pynq', 'xlnk.py').remove()
    refused(board.deploy(run), 'take image v2.5')


@pytest.mark.parametrize('share', [0.02, 0.5, 0.98])
def test_connection_cut_on_the_way(board, run, tmpdir, share):
    size = run.join('digits-lfcW1A1.tar.gz').size()
    tmpdir.join('proxy.py').write(PROXY)
    proxy = '%s %s %d %d' % (sys.executable, tmpdir.join('proxy.py'), board.port, 20000 + share * size)
    refused(board.deploy(run, ssh='-o "ProxyCommand=%s"' % proxy), 'check the name')
    time.sleep(1)           # what the board does after the cut
    assert untouched(board)


def test_disk_full(board, run):
    if subprocess.call(['mount', '-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', str(board.params)],
                       stderr=subprocess.PIPE):
        pytest.skip('only root may mount a small disk here')
    try:
        refused(board.deploy(run), 'No space left')
        assert tree(board.params) == {} and board.params.listdir() == []
    finally:
        subprocess.check_call(['umount', str(board.params)])


@pytest.mark.parametrize('harm, words', [
    (lambda run, files: os.remove(files.package), 'is missing: run make package first'),
    (lambda run, files: run.join('digits-lfcW1A1.tar.gz').write('other'), 'not a .tar.gz'),
    (lambda run, files: run.join('lfcW1A1', '0-0-thres.bin').write('new'), 'from the run in 0-0-thres.bin: run make'),
    (lambda run, files: run.remove(), 'no such run')])
def test_a_package_that_is_not_of_the_run(board, run, harm, words):
    harm(run, RunFolder(str(run)))
    refused(board.deploy(run), words)
    assert untouched(board)


@pytest.mark.parametrize('says, words', [
    ('exit 0', 'without an answer'), ('echo installed and checked', 'without an answer'),
    ('echo refuses >&2; exit 1', 'refuses'), ('cat > /dev/null; yes', 'sends endless output'),
    ('yes >&2', 'sends endless output'),
    ('sleep 60 & exit 1', 'exit status 1'), ('exec sleep 60', 'did not answer within 2 seconds'),
    ('sleep 60', 'did not answer within 2 seconds')])
def test_what_is_no_answer_is_not_believed(run, tmpdir, says, words):
    """An ssh that succeeds, or never ends, and does not report what was sent to it."""
    tmpdir.join('ssh').write('#!/bin/bash\n%s\n' % says)
    tmpdir.join('ssh').chmod(0o755)
    with pytest.raises(deploy.NotDeployed) as caught:
        deploy.deploy(str(run), 'pynq', ssh=str(tmpdir.join('ssh')), deadline=2)
    assert words in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.skipif(os.getuid() != 0 or not program('sudo'), reason='only root can try as another user, with sudo')
def test_sets_that_are_roots_and_a_user_who_may_not_become_root(tmpdir):
    with open(str(tmpdir.join('err')), 'w') as err:
        child = os.fork()
        if not child:
            os.setuid(65534)                # nobody
            os.dup2(err.fileno(), 2)
            sys.stderr = os.fdopen(2, 'w')
            status = package.main(['install', '-', '--into', '/', '--sudo', 'yes'])
            sys.stderr.flush()
            os._exit(status)
        status = os.waitpid(child, 0)[1]
    assert os.WEXITSTATUS(status) == package.NEEDS_PASSWORD
    assert 'needs a password' in tmpdir.join('err').read()
