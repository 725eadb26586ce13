"""docker/ and environment.yml: every version and download is pinned, and what the image copies exists."""
import fnmatch
import os
import re
import subprocess

import pytest

from tests.environment.conftest import ROOT
from tests.environment.test_locks import normal, pins


def read(*path):
    with open(os.path.join(ROOT, *path)) as handle:
        return handle.read()


def instructions():
    """The Dockerfile's instructions: (stage, name, rest), in order."""
    text = re.sub(r'^\s*#.*\n', '', read('docker', 'Dockerfile'), flags=re.M)
    stage = None
    for line in re.sub(r'\\\n\s*', '', text).splitlines():
        if line.strip():
            name, rest = line.split(None, 1)
            if name == 'FROM':
                stage = rest.split()[-1]
            yield stage, name, rest


def stages():
    return {rest.split(' AS ')[1]: rest.split()[0] for _, name, rest in instructions() if name == 'FROM'}


def test_the_base_is_pinned_by_its_digest_and_is_the_only_one():
    assert re.search(r'^ARG BASE_IMAGE=ubuntu:18.04@sha256:[0-9a-f]{64}$', read('docker', 'Dockerfile'), re.M)
    parents = stages()
    assert {'cpu', 'gpu'} <= set(parents)
    for stage, parent in parents.items():
        assert parent == '${BASE_IMAGE}' if stage == 'base' else parent in parents


def test_nvidias_packages_are_the_documents_versions():
    packages = [package for stage, name, rest in instructions() if (stage, name) == ('gpu-system', 'RUN')
                for listed in re.findall('--no-install-recommends(.*?)&&', rest) for package in listed.split()]
    versions = dict(package.split('=') for package in packages)         # each has a version
    for name, version in versions.items():
        assert version == ('7.6.5.32-1+cuda10.2' if 'cudnn' in name else
                           '10.2.2.89-1' if 'cublas' in name else '10.2.89-1'), name
    assert {'libcudnn7-dev', 'libcublas-dev', 'cuda-nvrtc-dev-10-2', 'cuda-cudart-dev-10-2'} <= set(versions)


def test_a_repository_is_trusted_by_the_fingerprint_of_its_key():
    run = ' && '.join(rest for stage, name, rest in instructions() if (stage, name) == ('nvidia-keys', 'RUN'))
    for name, fingerprint in (('cuda', 'EB693B3035CD5710E231E123A4B469963BF863CC'),
                              ('older', 'AE09FE4BBD223A84B2CCFCE3F60F4B3D7FA2AF80')):
        assert '%s=%s' % (name, fingerprint) in run and 'gpg --batch --list-keys "$%s" &&' % name in run
    entries = re.findall(r'"deb \[signed-by=/usr/share/keyrings/nvidia-([a-z-]+).gpg\]', read('docker', 'Dockerfile'))
    assert entries == ['cuda', 'machine-learning'] and read('docker', 'Dockerfile').count('deb [') == 2


def settings_of(stage):
    """The environment that a stage sets, name to value."""
    text = ' '.join(rest for at, name, rest in instructions() if (at, name) == (stage, 'ENV'))
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', text))


def test_the_driver_is_found_where_gke_mounts_it():
    settings = settings_of('gpu-system')
    assert settings['LD_LIBRARY_PATH'] == '/usr/local/nvidia/lib:/usr/local/nvidia/lib64'
    assert settings['PATH'] == '/usr/local/nvidia/bin:$PATH'


def test_the_driver_has_the_name_that_pygpu_loads(tmp_path):
    """The link points nowhere until an engine adds the driver beside it."""
    [command] = [rest for stage, name, rest in instructions()
                 if (stage, name) == ('gpu-system', 'RUN') and 'libcuda.so' in rest]
    for folder in ('/usr/lib/x86_64-linux-gnu', '/usr/lib64'):
        (tmp_path / folder[1:]).mkdir(parents=True)
        assert folder in command
    subprocess.run(['bash', '-euc', command.replace('/usr/', '%s/usr/' % tmp_path)], check=True)
    for folder in ('usr/lib/x86_64-linux-gnu', 'usr/lib64'):
        assert os.readlink(str(tmp_path / folder / 'libcuda.so')) == 'libcuda.so.1'


def test_cuda_is_at_its_real_folder():
    root = settings_of('gpu-system')['CUDA_ROOT']
    assert root == '/usr/local/cuda-10.2/targets/x86_64-linux'
    [run] = [rest for stage, name, rest in instructions() if (stage, name) == ('gpu-system', 'RUN') and 'ldconfig' in rest]
    assert 'echo %s/lib > /etc/ld.so.conf.d/' % root in run


def test_the_pip_of_27_trusts_the_systems_certificates():
    for stage in ('cpu-environment', 'gpu-environment'):
        rest = [rest for at, name, rest in instructions() if (at, name) == (stage, 'ARG')]
        assert 'PIP_CERT=/etc/ssl/certs/ca-certificates.crt' in rest


def test_the_loaded_libraries_are_asked_in_the_image_and_nothing_of_conda_is_before_them():
    taken_out = [rest for stage, name, rest in instructions() if (stage, name) == ('gpu-environment', 'RUN')][-1]
    assert taken_out == 'docker/conda_cuda.sh .venv/conda /opt/cudnn "$CUDNN"'
    [run] = [rest for stage, name, rest in instructions() if (stage, name) == ('gpu', 'RUN')]
    assert '-m training.cuda nvrtc=10.2 cublas=10.2.2 cudnn=7.6.5 cudnn-runtime="$runtime"' in run
    for stage in ('nvidia-keys', 'gpu-system', 'gpu-environment', 'gpu'):       # the build argument must reach them all
        assert (stage, 'ARG', 'CUDNN=nvidia') in list(instructions())


def test_a_program_that_is_downloaded_is_compared_with_its_hash():
    for stage, name, rest in instructions():
        if name == 'RUN' and stage != 'nvidia-keys':
            downloads = re.findall(r'(?:curl|wget) .*?-\w*o (\S+)', rest)
            assert len(downloads) == len(re.findall(r'(?:curl|wget) +[-h]', rest))
            for path in downloads:
                assert re.search(r'echo "[0-9a-f]{64}  %s" \| sha256sum -c' % re.escape(path), rest)
        assert name != 'ADD'


def ignored(path):
    """Whether .dockerignore, which lists what to include, excludes a file."""
    rules = [line for line in read('.dockerignore').splitlines() if line and not line.startswith('#')]
    answer = False
    for rule in rules:
        pattern = rule.lstrip('!').replace('**/', '')
        parts = path.split('/')
        heads = ['/'.join(parts[:length]) for length in range(1, len(parts) + 1)]
        if any(fnmatch.fnmatch(head, pattern) for head in heads + parts):
            answer = not rule.startswith('!')
    return answer


def test_what_is_copied_is_there_and_not_ignored():
    for _, name, rest in instructions():
        if name == 'COPY' and '--from' not in rest:
            for source in rest.split()[:-1]:
                assert os.path.exists(os.path.join(ROOT, source)) and not ignored(source.strip('./') or 'board'), source
    for path in ('scripts/in_env.sh', 'training/trainer.py', 'Makefile', 'docker/entrypoint.sh', 'LICENSE'):
        assert not ignored(path)
    for path in ('.git/config', '.venv/2.7/bin/python', 'runs/x', 'tests/shared.py', 'docker/cloud/sky-train.yaml',
                 'training/trainer.pyc', 'README.md'):
        assert ignored(path), path


def test_theanos_settings_are_the_documents_but_for_the_device():
    gpu, cpu = (read('docker', 'theanorc.' + target).splitlines()[1:] for target in ('gpu', 'cpu'))
    for line in ('floatX = float32', 'openmp = True', 'openmp_elemwise_minsize = 200000',
                 'fastmath = True', 'ldflags = -lopenblas', 'round = False'):
        assert line in gpu
    assert not any(line.startswith('device') for line in gpu + cpu)      # only DEVICE decides
    assert set(gpu) - set(cpu) == {'[nvcc]', 'fastmath = True'} and not set(cpu) - set(gpu)
    devices = [rest for _, name, rest in instructions() if name == 'ENV' and rest.startswith('DEVICE=')]
    assert devices == ['DEVICE=cuda']


CONDA, PIP = read('environment.yml').split('  - pip:\n')


def test_conda_brings_the_documents_versions():
    found = re.findall(r'^  - ([a-z0-9-]+)=(\S+)', CONDA, re.M)
    assert len(found) == len(re.findall(r'^  - [a-z]', CONDA.split('dependencies:')[1], re.M))
    versions = dict(found)
    assert versions['tensorflow'] == '2.1.0=gpu_py27h9cdf9a9_0'
    assert versions['python'] == '2.7.18' and versions['pygpu'] == '0.7.6' and versions['cudnn'].startswith('7.6.5=')


def test_pips_part_has_the_versions_of_the_lock():
    locked = pins('py27-tensorflow.txt')
    entries = [line.strip()[2:].split('#')[0].strip() for line in PIP.splitlines() if line.strip().startswith('- ')]
    assert any(re.match(r'git\+https://github.com/Lasagne/Lasagne.git@[0-9a-f]{40}$', entry) for entry in entries)
    for entry in entries:
        if not entry.startswith('git+'):
            name, version = entry.split('==')
            assert locked.get(normal(name), [version]) == [version], entry
    names = {normal(entry.split('==')[0]) for entry in entries}
    assert {'theano', 'keras', 'cython', 'scikit-learn', 'matplotlib', 'pillow', 'tqdm'} <= names


@pytest.mark.parametrize('package', ['numpy', 'theano', 'keras'])
def test_conda_and_the_lock_agree(package):
    versions = re.findall(r'(?i)- %s==?([\d.]+)' % package, read('environment.yml'))
    assert versions == pins('py27-tensorflow.txt')[package]
