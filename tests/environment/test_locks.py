"""requirements/: every requested package is locked, with hashes, and nothing names a source to fetch from."""
import os
import re

import pytest

from tests.environment.conftest import ROOT

FOLDER = os.path.join(ROOT, 'requirements')
LOCKS = sorted(name[:-3] for name in os.listdir(FOLDER) if name.endswith('.in'))


def lines(name):
    with open(os.path.join(FOLDER, name)) as handle:
        return handle.read().replace('\\\n', ' ').splitlines()


def normal(package):
    return re.sub('[-_.]+', '-', package).lower()


def pins(name):
    """The versions that a lock or a .in file gives each package."""
    found = {}
    for line in lines(name):
        match = re.match(r'([A-Za-z0-9._-]+)(?:==(\S+?))?\s*(;|--hash|$)', line)
        if match:
            found.setdefault(normal(match.group(1)), []).append(match.group(2))
    return found


@pytest.mark.parametrize('lock', LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock):
    requirements = [line for line in lines(lock + '.txt') if line.strip() and not line.lstrip().startswith('#')]
    assert requirements
    for line in requirements:
        assert re.match(r'[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}', line), line


@pytest.mark.parametrize('lock', LOCKS)
def test_what_is_asked_for_is_in_the_lock(lock):
    locked = pins(lock + '.txt')
    for package, versions in pins(lock + '.in').items():
        assert package in locked
        given = [version for version in versions if version]
        assert given == locked[package] or None in versions and set(given) <= set(locked[package])


@pytest.mark.parametrize('lock', LOCKS)
def test_no_lock_says_where_to_fetch_from(lock):
    for name in (lock + '.in', lock + '.txt'):
        assert not re.search('https?:|file:/|--index|--extra|--find-links|--trusted', '\n'.join(lines(name)))


@pytest.mark.parametrize('tests, base', [
    (base + more, base) for base in ('py27', 'py3', 'py312') for more in ('-test', '-tensorboard')])
def test_the_test_set_changes_nothing_of_what_it_joins(tests, base):
    base = pins(base + '.txt')
    for package, versions in pins(tests + '.txt').items():
        assert set(versions) <= set(base.get(package, versions))
