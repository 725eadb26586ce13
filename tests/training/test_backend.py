"""What is chosen before Theano is imported, on machines that lack what this one may have."""
from __future__ import absolute_import

import os
import subprocess
import sys
import tempfile

import pytest

from tests.shared import ROOT
from training import backend


@pytest.fixture
def temporary(tmpdir, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmpdir))
    return tmpdir


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


def test_doctor_imports_theano_as_a_training_does():
    doctor = subprocess.Popen([sys.executable, os.path.join(ROOT, 'scripts', 'doctor.py')], stdout=subprocess.PIPE)
    report = doctor.communicate()[0].decode('utf-8')
    assert 'theano 1.0.5' in report and 'cannot be imported' not in report
