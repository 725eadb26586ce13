"""training.cuda and docker/conda_cuda.sh, with mock libraries that answer as CUDA's do."""
import os
import subprocess
import sys

import pytest

from tests.environment.conftest import ROOT

ANSWERS = {
    'cuda': 'driver.c', 'cublas': 'cublas.c',       # in scripts/prove_gpu
    'nvrtc': 'int nvrtcVersion(int *major, int *minor) { *major = 10; *minor = %(nvrtc)s; return 0; }',
    'cudnn': 'unsigned long cudnnGetVersion() { return 7605; } unsigned long cudnnGetCudartVersion() { return 10020; }'}


def libraries(folder, nvrtc=2, names=tuple(ANSWERS)):
    """Make the libraries in a folder."""
    for name in names:
        text = ANSWERS[name] % {'nvrtc': nvrtc} if name == 'nvrtc' else ANSWERS[name]
        if text.endswith('.c'):
            with open(os.path.join(ROOT, 'scripts/prove_gpu', text)) as handle:
                text = handle.read()
        subprocess.run(['g++', '-shared', '-fPIC', '-x', 'c', '-', '-o', str(folder / ('lib%s.so' % name))], check=True,
                       input=text, universal_newlines=True)
    return folder


def ask(folder, *arguments):
    process = subprocess.run([sys.executable, '-m', 'training.cuda'] + list(arguments), cwd=ROOT,
                             env=dict(os.environ, LD_LIBRARY_PATH=str(folder)), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, universal_newlines=True)
    return process.returncode, process.stdout, process.stderr


def test_what_is_loaded_says_its_version_and_place(tmp_path):
    status, output, errors = ask(libraries(tmp_path), 'cuda=12', 'nvrtc=10.2', 'cublas=10.2.2', 'cudnn=7.6.5',
                                 'cudnn-runtime=10.2')
    assert (status, errors) == (0, '')
    assert output.splitlines() == ['%s: %s/lib%s.so' % (said, tmp_path, said.split()[0].split('-')[0]) for said in (
        'cuda 12.2', 'nvrtc 10.2', 'cublas 10.2.2', 'cudnn 7.6.5', 'cudnn-runtime 10.2')]


@pytest.mark.parametrize('argument, message', [
    ('nvrtc=10.2', 'nvrtc is 10.1, not 10.2: %s/libnvrtc.so'), ('nvrtc=1', 'nvrtc is 10.1, not 1: '),
    ('cudnn=7.6.5', 'libcudnn.so: '), ('cublas=10.2', 'libcublas.so: '), ('nvrtc', 'LIBRARY=VERSION'),
    ('m=1', 'LIBRARY=VERSION')])
def test_another_version_or_none_is_one_line(tmp_path, argument, message):
    status, output, errors = ask(libraries(tmp_path, nvrtc=1, names=['nvrtc']), argument)
    assert (status, output, errors.count('\n')) == (1, '', 1)
    assert (message % tmp_path if '%s' in message else message) in errors


# --- conda's copies ---------------------------------------------------------------------------------------------------

CONDAS = ['libnvrtc.so', 'libnvrtc.so.10.1', 'libnvrtc-builtins.so', 'libcublas.so.10', 'libcublasLt.so', 'libcudnn.so',
          'libcudnn.so.7', 'libcudart.so.10.1', 'libgpuarray.so.3', 'libmkl_rt.so']


@pytest.fixture
def conda(tmp_path):
    for name in CONDAS:
        (tmp_path / 'conda/lib').mkdir(parents=True, exist_ok=True)
        (tmp_path / 'conda/lib' / name).write_text(name)
    (tmp_path / 'conda/include').mkdir()
    (tmp_path / 'conda/include/cudnn.h').write_text('7')
    return tmp_path


def take_out(folder, *arguments):
    process = subprocess.run([os.path.join(ROOT, 'docker/conda_cuda.sh')] + list(arguments), cwd=str(folder),
                             stderr=subprocess.PIPE, universal_newlines=True)
    return process.returncode, process.stderr


@pytest.mark.parametrize('cudnn, kept', [
    ('nvidia', []), ('conda', ['include/cudnn.h', 'lib/libcudnn.so', 'lib/libcudnn.so.7'])])
def test_nothing_of_condas_cuda_is_loaded_before_the_systems(conda, cudnn, kept):
    assert take_out(conda, 'conda', 'kept', cudnn) == (0, '')
    assert sorted(path.name for path in (conda / 'conda/lib').iterdir()) == [
        'libcudart.so.10.1', 'libgpuarray.so.3', 'libmkl_rt.so']
    assert not (conda / 'conda/include/cudnn.h').exists()
    assert sorted(str(path.relative_to(conda / 'kept')) for path in (conda / 'kept').glob('*/*')) == kept


@pytest.mark.parametrize('arguments, message', [
    (('conda', 'kept', 'amd'), 'CUDNN=amd: nvidia or conda'), (('nothing', 'kept', 'nvidia'), 'not a conda environment'),
    (('conda',), 'ENVIRONMENT KEEP')])
def test_what_cannot_be_taken_out_is_one_line(conda, arguments, message):
    status, errors = take_out(conda, *arguments)
    assert status == 1 and message in errors and errors.count('\n') == 1
    assert len(list((conda / 'conda/lib').iterdir())) == len(CONDAS)
