"""Which folders of compiled code are trusted."""
from __future__ import absolute_import

import os

import pytest

from common import caches

root_only = pytest.mark.skipif(os.getuid() != 0, reason='only root can give a folder to somebody else')
SOMEBODY = 54321


def test_a_folder_of_ones_own(tmpdir):
    assert caches.problem(str(tmpdir.mkdir('cache'))) is None
    tmpdir.join('link').mksymlinkto(os.path.join(os.curdir, os.pardir, tmpdir.basename, 'cache'))
    assert caches.problem(str(tmpdir.join('link'))) is None


@pytest.mark.parametrize('mode', [0o777, 0o1777, 0o722, 0o702])
def test_where_others_may_write(tmpdir, mode):
    folder = tmpdir.mkdir('cache')
    folder.chmod(mode)
    assert caches.problem(str(folder)) == '%s can be written by others' % folder


@pytest.mark.parametrize('mode, fine', [(0o777, False), (0o1777, True)])
def test_where_others_may_write_above_it(tmpdir, mode, fine):
    """In a sticky folder, such as /tmp, nobody else can replace your own."""
    folder = tmpdir.mkdir('shared').mkdir('cache')
    tmpdir.join('shared').chmod(mode)
    assert (caches.problem(str(folder)) is None) == fine


@root_only
def test_what_is_somebody_elses(tmpdir):
    inner = tmpdir.mkdir('theirs').mkdir('cache')
    tmpdir.join('link').mksymlinkto(inner)
    for owned in (inner, tmpdir.join('theirs'), tmpdir.join('link')):
        os.lchown(str(owned), SOMEBODY, -1)
        assert caches.problem(str(tmpdir.join('link'))) == '%s belongs to user %d' % (owned, SOMEBODY)
        os.lchown(str(owned), 0, -1)
    assert caches.problem(str(tmpdir.join('link'))) is None


def test_links_without_end(tmpdir):
    tmpdir.join('a').mksymlinkto('b')
    tmpdir.join('b').mksymlinkto('a')
    assert 'circular link' in caches.problem(str(tmpdir.join('a')))
