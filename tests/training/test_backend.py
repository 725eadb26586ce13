"""What is configured before importing Theano, on machines that lack things."""
from __future__ import absolute_import

import logging
import os
import subprocess
import sys
import tempfile

import pytest
from theano.configparser import parse_config_string

from common.errors import UserError
from tests.shared import ROOT
from training import backend


@pytest.fixture
def temporary(tmpdir, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmpdir))
    return tmpdir


def flags():
    """THEANO_FLAGS as Theano reads them, name to value."""
    return parse_config_string(os.environ['THEANO_FLAGS'])


@pytest.mark.parametrize('flag, links', [('-lm', True), ('-lno_such_library', False)])
def test_whether_a_library_links(temporary, flag, links):
    assert backend._links(flag) is links
    assert temporary.listdir() == []


@pytest.mark.parametrize('bundled', [True, False])
def test_without_openblas(temporary, monkeypatch, bundled):
    monkeypatch.setattr(backend, '_links', lambda flag: False)
    if not bundled:
        monkeypatch.setattr(backend, 'bundled_openblas', lambda: None)
    flags, warnings = backend.blas_flags()
    assert 'libopenblas-dev' in ' '.join(warnings)
    assert bool(flags) is bundled


def test_what_somebody_else_may_have_compiled_is_not_run(temporary, monkeypatch, capsys):
    """Theano unpickles and loads what is in its folder, so one that others can write to is not used."""
    monkeypatch.delenv('THEANORC', raising=False)
    shared = temporary.mkdir('shared')
    monkeypatch.setenv('THEANO_FLAGS', 'base_compiledir=%s,optimizer=fast_run' % shared)
    backend.configure()
    assert capsys.readouterr()[1] == '' and os.environ['THEANO_FLAGS'].count('base_compiledir') == 1
    shared.chmod(0o777)
    monkeypatch.setenv('THEANO_FLAGS', 'base_compiledir=%s,optimizer=fast_run' % shared)
    backend.configure()
    warning, used = capsys.readouterr()[1], flags()['base_compiledir']
    assert warning.count('\n') == 1 and str(shared) in warning and 'can be written by others' in warning
    assert os.path.dirname(used) == str(temporary) and os.stat(used).st_mode & 0o777 == 0o700


@pytest.mark.parametrize('named, option, expected', [
    ('cpu', None, 'cpu'), ('CPU', None, 'cpu'), ('', None, None), ('cuda', 'cpu', 'cpu')])
def test_device_of_the_environment_goes_before_the_users_own_settings(temporary, monkeypatch, named, option, expected):
    """Scripts that are called directly behave like make; the option overrides both."""
    temporary.join('theanorc').write('[global]\ndevice = cpu\nbase_compiledir = %s\n' % temporary.mkdir('compiled'))
    monkeypatch.setenv('THEANORC', str(temporary.join('theanorc')))
    monkeypatch.setenv('THEANO_FLAGS', '')
    monkeypatch.setenv('DEVICE', named)
    backend.configure(option)
    assert flags().get('device') == expected        # None: the .theanorc decides


@pytest.mark.parametrize('own', ['', 'optimizer=fast_run', 'optimizer=fast_run#, "and more'])
def test_theano_reads_every_value_whole(temporary, monkeypatch, own):
    """A user's options of g++, or a TMPDIR, with what ends or quotes a value in THEANO_FLAGS; and behind a comment."""
    odd = '-DA="1,2" -DB=\'3\' -DC=#4 -DD=\\5'
    compiled = temporary.mkdir('compiled')
    compiled.chmod(0o777)           # so that a temporary folder takes its place
    monkeypatch.setattr(tempfile, 'tempdir', str(temporary.mkdir(odd)))
    temporary.join('theanorc').write('[global]\nbase_compiledir = %s\n[gcc]\ncxxflags = %s\n' % (compiled, odd))
    monkeypatch.setenv('THEANORC', str(temporary.join('theanorc')))
    monkeypatch.setenv('THEANO_FLAGS', own)
    monkeypatch.setattr(backend.removed, 'compiler_flags', lambda: '-DNEEDED')
    backend.configure()
    assert os.path.dirname(flags()['base_compiledir']) == tempfile.tempdir
    assert flags()['gcc.cxxflags'] == '-DNEEDED ' + odd
    assert (flags()['floatX'], flags().get('optimizer')) == ('float32', 'fast_run' if own else None)


def test_a_device_that_there_is_not(monkeypatch):
    monkeypatch.setenv('DEVICE', 'tpu')
    with pytest.raises(UserError) as caught:
        backend.configure()
    assert str(caught.value) == 'DEVICE=tpu: give cpu or cuda'


def test_doctor_imports_theano_as_a_training_does():
    doctor = subprocess.Popen([sys.executable, os.path.join(ROOT, 'scripts', 'doctor.py')], stdout=subprocess.PIPE)
    report = doctor.communicate()[0].decode('utf-8')
    assert 'theano 1.0.5' in report and 'cannot be imported' not in report


def test_another_training_that_compiles_is_told_in_our_words(monkeypatch, capsys):
    """Theano's own message advises deleting its lock by hand."""
    monkeypatch.setattr(backend._OWN_WORDS, 'said', False)
    logger = logging.getLogger('theano.gof.compilelock')
    for _ in range(2):
        logger.info('Waiting for existing lock by %s (I am process \'%s\')', 'process \'5\'', 7)
        logger.info('To manually release the lock, delete %s', '/somewhere')
    logger.warning('Overriding existing lock by dead %s (I am process \'%s\')', 'process \'5\'', 7)
    errors = capsys.readouterr()[1]
    assert errors.count('Another training is compiling: this one waits for it\n') == 1
    assert 'manually' not in errors and 'Waiting' not in errors
