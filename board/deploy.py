"""Install a run's package on a PYNQ board, over ssh.

    python board/deploy.py --run runs/cifar10-cnvW1A1 --board xilinx@pynq [--force]

It takes one connection: the board's Python runs package.py itself, with the package on its standard input. The package is
read whole and checked before the first file is written, so a broken connection leaves nothing behind. The board's answer
counts only if it repeats a word made for this connection, and the package's SHA-256.
"""
from __future__ import absolute_import, print_function

import getpass
import io
import os
import re
import subprocess
import sys
import threading
import time
import uuid

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

try:
    from shlex import quote, split
except ImportError:             # Python 2
    from pipes import quote
    from shlex import split

from board import package
from common import options
from common.errors import UserError, run
from common.files import open_regular, sha256
from common.run_folder import BadRun, RunFolder
from datasets import registry
from weights_gen.folder import layout

_BOARD = re.compile(r'([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][\w.:-]*\Z')     # never an option of ssh
DEADLINE = 300              # seconds in all; writing to a board's card takes about ten
LONGEST_ANSWER = 2 ** 16    # bytes
_PATIENCE = ['-o', 'ConnectTimeout=10', '-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3']


class NotDeployed(UserError):
    """The board could not be reached, or refused."""


def deploy(path, board, force=False, ssh='ssh', deadline=DEADLINE):
    """Install the package of a run on a board.

    Parameters
    ----------
    path : str
        The run folder.
    board : str
        ``user@host``, or what ~/.ssh/config calls it.
    force : bool
        Replace a set of the same name.
    ssh : str
        The command to connect with, options included.
    deadline : float
        Seconds.

    Returns
    -------
    str
        Where the set is on the board, and what it is.

    Raises
    ------
    BadRun, package.BadPackage, NotDeployed
    """
    if not _BOARD.match(board):
        raise NotDeployed('%s is not a board: give user@host, such as xilinx@pynq' % board)
    data = _package(RunFolder(path))
    status, told, err = _install(board, force, ssh, data, deadline)
    if status == package.NEEDS_PASSWORD and sys.stdin.isatty():
        password = getpass.getpass('Password of %s for sudo: ' % board)
        status, told, err = _install(board, force, ssh, data, deadline, password)
    if status:
        raise NotDeployed('%s: %s' % (board, _reason(status, err)))
    if told is None:
        raise NotDeployed('%s: ssh ended without an answer from package.py, so it is unknown whether the set is '
                          'installed: check that `ssh %s python3 --version` answers' % (board, board))
    return package.plain(told)


def _package(run_folder):
    """The bytes of a run's package, checked to be whole and to have the run's current files."""
    if not os.path.exists(run_folder.package):
        raise BadRun('%s is missing: run make package first' % run_folder.package)
    with open_regular(run_folder.package) as handle:
        data = handle.read(package.LARGEST + 1)
    try:
        manifest, _ = package.read(io.BytesIO(data))
    except package.BadPackage as error:
        raise package.BadPackage('%s: %s' % (run_folder.package, error))
    for part in manifest['files']:
        if part not in layout(run_folder.overlay):      # samples, kit, card: not of the parameter folder
            continue
        current = os.path.join(run_folder.folder, part)
        if not os.path.exists(current) or sha256(current) != manifest['files'][part]:
            raise BadRun('%s differs from the run in %s: run make package again' % (run_folder.package, part))
    return data


def _install(board, force, ssh, data, deadline, password=None):
    """ssh's exit status, what package.py says it installed on the board (None: nothing), and standard error."""
    with io.open(re.sub('c$', '', package.__file__), encoding='utf-8') as handle:
        source = handle.read()
    word = uuid.uuid4().hex
    arguments = ['install', '-', '--receipt', word, '--sudo', 'yes' if password is None else 'password']
    command = ('python=$(command -v /usr/local/share/pynq-venv/bin/python3 || command -v python3.6 || command -v python3) '
               '|| { echo no Python 3 there >&2; exit 1; }; '
               'exec "$python" -c %s %s' % (quote(source), ' '.join(arguments + ['--force'] * force)))
    status, out, err = _answer(board, split(ssh) + _PATIENCE + ['--', board, command],
                               data if password is None else password.encode('utf-8') + b'\n' + data, deadline)
    receipt = '%s %s ' % (word, package.sha256(data))
    return status, next((line[len(receipt):] for line in out.splitlines() if line.startswith(receipt)), None), err


def _answer(board, command, data, deadline):
    """Exit status, standard output and error of a command that is given `data`."""
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except EnvironmentError as error:
        raise NotDeployed('%s cannot be started (%s): install openssh-client' % (command[0], error.strerror))
    answers = {process.stdout: b'', process.stderr: b''}

    def write():
        try:
            process.stdin.write(data)
            process.stdin.close()
        except EnvironmentError:        # the process has ended, its status says why
            pass

    def read(stream):
        for block in iter(lambda: os.read(stream.fileno(), 4096), b''):
            answers[stream] += block
            if len(answers[stream]) > LONGEST_ANSWER:
                return process.kill()

    threads = [threading.Thread(target=write)] + [threading.Thread(target=read, args=(stream,)) for stream in answers]
    for thread in threads:
        thread.daemon = True
        thread.start()
    try:
        end = time.time() + deadline
        while process.poll() is None and time.time() < end:
            time.sleep(.05)
        in_time = process.poll() is not None
    finally:
        if process.poll() is None:
            process.kill()
    status = process.wait()
    for thread in threads:
        thread.join(1)                  # what ssh started may outlive it and hold a pipe open
    if max(map(len, answers.values())) > LONGEST_ANSWER:
        raise NotDeployed('%s sends endless output: it is not a PYNQ, or its shell prints too much' % board)
    if not in_time:
        raise NotDeployed('%s did not answer within %g seconds, so it is unknown whether the set is installed: '
                          'check the board, then deploy again with --force (FORCE=1)' % (board, deadline))
    return status, answers[process.stdout].decode('utf-8', 'replace'), answers[process.stderr].decode('utf-8', 'replace')


def _reason(status, err):
    """One line from the output of ssh and the board."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    last = re.sub('^package.py: error: ', '', package.plain(lines[-1])) if lines else 'exit status %d' % status
    if status == 255:
        return '%s: check the name, and that ssh reaches it' % last
    if status == package.NEEDS_PASSWORD:
        return '%s: deploy from a terminal, to type it, or as root (BOARD=root@...)' % last
    return last


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('deploy', __doc__.split('\n')[0])
    parser.add_argument('--ssh', default='ssh', metavar='COMMAND',
                        help='the ssh command, with its options (default: ssh)')
    given = parser.parse_args(arguments)
    if not given.board:
        raise UserError('name the board: make deploy BOARD=xilinx@pynq, or --board')
    print('%s: %s' % (given.board, deploy(registry.run_path(given), given.board, given.force, given.ssh)))


if __name__ == '__main__':
    sys.exit(run(main))
