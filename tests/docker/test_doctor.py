"""scripts/doctor.py: a line for everything, whatever is missing, and never a traceback."""
import ctypes
import os
import re
import subprocess
import sys

import pytest

from tests.environment.conftest import ROOT


def doctor(*options, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in ('DEVICE', 'DATA_DIR', 'OUT')}
    command = [sys.executable, os.path.join(ROOT, 'scripts/doctor.py')] + list(options)
    process = subprocess.run(command, env=dict(environment, **variables),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert process.stderr == ''
    lines = process.stdout.splitlines()
    for line in lines:
        assert re.match('(ok|warning|failure) +[^ ]', line), line
    assert process.returncode == any(line.startswith('failure') for line in lines)
    return lines


def about(lines, text):
    [line] = [line for line in lines if text in line]
    return line.split()[0], line.partition('  -> ')[2]


def test_what_is_missing_is_a_line_with_what_mends_it(tmp_path):
    (tmp_path / 'empty').mkdir()
    lines = doctor('--runs=/proc/runs', '--data-dir=%s' % tmp_path, PATH=str(tmp_path / 'empty'))
    assert about(lines, 'no g++')[0] == 'failure' and 'install' in about(lines, 'no g++')[1]
    assert about(lines, 'runs: /proc/runs cannot be written')[0] == 'failure'
    assert about(lines, 'mnist: no ') == ('warning', 'DATA_DIR= of another folder, or none: then it is downloaded')


def test_a_wrong_theanorc_is_a_line(tmp_path):
    (tmp_path / 'theanorc').write_text('device = cuda')
    doctor(THEANORC=str(tmp_path / 'theanorc'))


@pytest.mark.parametrize('line, state, words', [
    ('device = gpu', 'failure', 'write device = cuda'), ('mode = FAST_COMPILE', 'failure', 'leave mode out'),
    ('openmp = False', 'ok', 'decides')])
def test_the_users_own_theano_settings_are_lines(tmp_path, line, state, words):
    (tmp_path / '.theanorc').write_text('[global]\n%s\n' % line)
    variables = {'THEANORC': '~/.theanorc', 'THEANO_FLAGS': '', 'HOME': str(tmp_path)}
    [reported] = [text for text in doctor(**variables) if '~/.theanorc: ' + line in text]
    assert reported.startswith(state) and words in reported


def has_driver():
    try:
        return bool(ctypes.CDLL('libcuda.so.1'))
    except OSError:
        return False


@pytest.mark.skipif(has_driver(), reason='this machine has an NVIDIA driver')
def test_a_gpu_is_looked_for_where_it_is_asked_for():
    state, fix = about(doctor('--device=cuda', THEANO_FLAGS='device=cpu'), 'no NVIDIA driver')
    assert state == 'failure' and '440.33' in fix
    assert about(doctor(), 'no NVIDIA driver')[0] == 'ok'
