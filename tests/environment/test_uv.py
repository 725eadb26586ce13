"""If no Python is suitable, uv fetches one: with a mock uv that only records how it is called, and with the real one
and a mirror made here from another Python."""
import hashlib
import json
import os
import shutil
import subprocess
import zipfile

import pytest


UV = '''#!/bin/sh
echo "$@, mirror $UV_PYTHON_INSTALL_MIRROR" > "$HOME/calls"
if [ ! -e "$HOME/prepared" ]; then echo 'error: nothing leads there'; exit 1; fi
while [ "$1" != --install-dir ]; do shift; done
mkdir -p "$2/cpython-3.11.9-linux/bin"
ln -s "$HOME/prepared" "$2/cpython-3.11.9-linux/bin/python3"
'''


@pytest.fixture
def without(machine):
    """A machine whose only Python is too new, and a folder with a uv as the registry."""
    machine.python('python3.15', (3, 15), works=True)
    wheel = machine.root / 'uv-1.0-py3-none-any.whl'
    with zipfile.ZipFile(str(wheel), 'w') as archive:
        program = zipfile.ZipInfo('uv-1.0.data/scripts/uv')
        program.external_attr = 0o100755 << 16
        archive.writestr(program, UV)
        archive.writestr('uv-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: uv\nVersion: 1.0\n')
        archive.writestr('uv-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n')
        archive.writestr('uv-1.0.dist-info/RECORD', '')
    (machine.root / 'requirements/uv.txt').write_text(
        'uv==1.0 --hash=sha256:%s\n' % hashlib.sha256(wheel.read_bytes()).hexdigest())
    machine.registry = {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': str(machine.root)}
    return machine


def test_a_python_is_fetched_and_said_first(without):
    without.python('prepared', (3, 11), folder=without.home)        # a mock that can do nothing else: setup ends here
    _, output, errors = without.setup(UV_PYTHON_INSTALL_MIRROR='file:///mirror', **without.registry)
    first, second = output.splitlines()
    assert 'python3.15 is 3.15): uv will fetch Python 3.11 into .venv/python, about 30 MB, from file:///mirror' in first
    assert 'making .venv/3.11 from Python 3.11 (%s; fetched by uv)' % (without.home / 'prepared') in second
    call = (without.home / 'calls').read_text()
    assert call.startswith('python install ') and ' 3.11, mirror file:///mirror' in call
    assert '--install-dir %s ' % (without.root / '.venv/python') in call
    assert 'uv will fetch' not in without.setup(**without.registry)[1]     # it is found again


@pytest.mark.parametrize('registry, answer', [
    (True, 'uv could not fetch Python 3.11: nothing leads there'), (False, 'uv: the package registry cannot be reached')])
def test_without_a_network_the_ways_out_are_named(without, registry, answer):
    status, output, errors = without.setup(**(without.registry if registry else {'PIP_INDEX_URL': 'http://127.0.0.1:9/simple'}))
    assert status == 3 and errors.count('\n') == 1 and errors.startswith('setup: error: no suitable Python')
    assert answer in errors and 'install Python 3.8 to 3.14' in errors
    assert not (without.root / '.venv/active').exists()


@pytest.mark.long
@pytest.mark.skipif(not shutil.which('python3.11'), reason='there is no python3.11 to make a mirror of')
def test_a_mirror_of_ones_own(machine, tmp_path):
    """The real uv, from the registry by hash, fetches a Python from the mirror and checks its hash; setup then uses it."""
    ask = ['python3.11', '-c', 'import sys; print(sys.base_prefix)']
    real = subprocess.check_output(ask, universal_newlines=True).strip()
    files = [name for name in ('bin/python3', 'bin/python3.11', 'include/python3.11', 'lib/python3.11',
                               'lib/libpython3.11.so.1.0') if os.path.exists(os.path.join(real, name))]
    mirror, name = tmp_path / 'mirror', 'cpython-3.11.9+20240101-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz'
    (mirror / '20240101').mkdir(parents=True)
    archive, listed = mirror / '20240101' / name, tmp_path / 'downloads.json'
    subprocess.check_call(['tar', '-C', real, '--exclude=site-packages', '--exclude=dist-packages', '--exclude=test',
                           '--exclude=__pycache__', '--transform=s,^,python/,', '-czhf', str(archive)] + files)

    def offer(sha256):
        listed.write_text(json.dumps({'cpython-3.11.9-linux-x86_64-gnu': {
            'name': 'cpython', 'arch': {'family': 'x86_64', 'variant': None}, 'os': 'linux', 'libc': 'gnu',
            'major': 3, 'minor': 11, 'patch': 9, 'prerelease': '', 'sha256': sha256, 'variant': None, 'build': '20240101',
            'url': 'https://github.com/astral-sh/python-build-standalone/releases/download/20240101/' +
                   name.replace('+', '%2B')}}))

    machine.python('python3.15', (3, 15), works=True)
    for lock in (machine.root / 'requirements').glob('*.txt'):
        if lock.name != 'uv.txt':
            lock.write_text('')
    variables = {name: value for name, value in os.environ.items() if name.startswith(('PIP_', 'SSL_'))}
    variables.update(UV_PYTHON_INSTALL_MIRROR='file://%s' % mirror, UV_PYTHON_DOWNLOADS_JSON_URL=str(listed))
    offer('0' * 64)
    status, _, errors = machine.setup(**variables)
    assert status == 3 and 'uv could not fetch Python 3.11: Hash mismatch' in errors
    offer(hashlib.sha256(archive.read_bytes()).hexdigest())
    status, output, errors = machine.setup(**variables)
    python = machine.root / '.venv/python/cpython-3.11.9-linux-x86_64-gnu/bin/python3'
    assert 'making .venv/3.11 from Python 3.11 (%s; fetched by uv)' % python in output, errors
    assert 'Theano cannot compile here' in errors       # the locks are empty: there is no Theano
