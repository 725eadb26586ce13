"""What the user sees of an error: one line, an exit status, no traceback."""
from __future__ import absolute_import, print_function

import errno
import io
import os
import signal
import subprocess
import sys

import pytest

from common import errors
from tests.shared import ROOT


def raising(error):
    def main(arguments):
        raise error
    return main


def test_success():
    assert errors.run(lambda arguments: None, []) == 0


def test_the_status_that_main_returns():
    assert errors.run(lambda arguments: len(arguments), ['a', 'b', 'c']) == 3


def test_the_command_line_where_no_arguments_are_given(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['program', 'x', 'y'])
    assert errors.run(lambda arguments: arguments.index('y')) == 1


@pytest.mark.parametrize('error, status, text', [
    (errors.UserError('no such network: choose cnv'), 1, 'error: no such network: choose cnv'),
    (errors.UserError('two\nlines'), 1, 'error: two lines'),
    (MemoryError(), 1, 'error: not enough memory: close other programs, or use less data'),
    (KeyboardInterrupt(), 130, 'stopped'),
    (errors.Terminated(), 143, 'stopped'),
    (IOError(errno.ENOSPC, 'No space left on device'), 1,
     'error: No space left on device: free some space, or choose another output folder'),
    (OSError(errno.EACCES, 'Permission denied', '/out'), 1,
     'error: /out: Permission denied: check the permissions, or choose another folder'),
    (IOError(errno.EIO, 'Input/output error', 'x.npz'), 1, 'error: x.npz: Input/output error'),
    (IOError('no number'), 1, 'error: no number')])
def test_one_line_and_a_status(monkeypatch, capsys, error, status, text):
    monkeypatch.setattr(sys, 'argv', ['/somewhere/program.py'])
    assert errors.run(raising(error), []) == status
    captured = capsys.readouterr()
    assert captured.out == '' and captured.err == 'program.py: %s\n' % text


def test_a_fault_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        errors.run(raising(ZeroDivisionError()), [])


def test_a_file_that_is_not_there(capsys):
    assert errors.run(lambda arguments: io.open('/nowhere/file'), []) == 1
    assert '/nowhere/file: No such file or directory: check the path' in capsys.readouterr().err


def test_arguments_that_do_not_parse(capsys):
    parser = errors.ArgumentParser(prog='train')
    parser.add_argument('--epochs', type=int)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(['--epochs', 'many'])
    assert caught.value.code == 2
    line = capsys.readouterr().err
    assert line.startswith('train: error: ') and 'many' in line and line.count('\n') == 1


def script(body):
    """A separate process whose main has that body."""
    code = ('import os, signal, sys, time\nsys.path.insert(0, %r)\nfrom common.errors import run\n'
            'def main(arguments):\n    %s\nsys.exit(run(main))' % (ROOT, body))
    return subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize('number, status', [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_unwind(number, status):
    process = script('try:\n        print(1); sys.stdout.flush(); time.sleep(60)\n    finally:\n        print(2)')
    assert process.stdout.readline().strip() == b'1'
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == status and out.strip() == b'2' and err.strip() == b'-c: stopped'


def test_sigterm_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    errors.run(lambda arguments: None, [])
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_reader_that_goes_away():
    process = script('print("x" * 200000); sys.stdout.flush()')
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b'' and process.wait() == 141


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no /dev/full')
def test_a_full_disk():
    process = script('open("/dev/full", "w", 0 if sys.version_info[0] == 2 else 1).write("x\\n")')
    assert b'No space left on device: free some space' in process.communicate()[1]
    assert process.returncode == 1


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
def test_closed_streams_get_no_file(tmpdir, closed):
    """The first file opened must not get the number of a closed stream, or it would get what is printed."""
    tmpdir.join('program.py').write(
        'import os, sys\nsys.path.insert(0, %r)\nfrom common.errors import UserError, run\n'
        'def main(arguments):\n'
        '    with open("file", "w") as handle:\n'
        '        handle.write("whole")\n'
        '        handle.flush()\n'
        '        os.write(1, b"printed")\n'
        '        raise UserError("said")\n'
        'sys.exit(run(main))\n' % ROOT)
    status = subprocess.call(['bash', '-c', '%s program.py %s' % (sys.executable, closed)], cwd=str(tmpdir),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert status == 1 and tmpdir.join('file').read() == 'whole'


def test_a_program_that_answers_sigterm_itself_keeps_its_answer():
    """As a training does from its first line on."""
    answers = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: answers.append(number))
    try:
        assert errors.run(lambda arguments: os.kill(os.getpid(), signal.SIGTERM), []) == 0
        assert answers == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
