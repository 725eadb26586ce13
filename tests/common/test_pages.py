"""The pages (README.md, docs/, ...): links lead to existing files and headings; make's targets and variables exist."""
from __future__ import absolute_import

import io
import os
import re

import pytest

from common.options import OPTIONS, TARGETS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = sorted(os.path.relpath(os.path.join(folder, name), ROOT)
               for top in ('.', 'docs', 'bench', 'docker') for folder, _, names in os.walk(os.path.join(ROOT, top))
               if top != '.' or folder == os.path.join(ROOT, '.') for name in names if name.endswith('.md'))
LINK = re.compile(r'\]\(([^)\s]+)\)|src="([^"]+)"')


def text_of(page):
    with io.open(os.path.join(ROOT, page), encoding='utf-8') as handle:
        return handle.read()


def anchors(page):
    """The anchors that GitHub makes from the headings."""
    return {re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')
            for heading in re.findall(r'^#+ (.*)$', text_of(page), re.MULTILINE)}


def test_the_pages_are_found():
    assert {'README.md', 'ARCHITECTURE.md', os.path.join('docs', 'training.md'), os.path.join('bench', 'README.md'),
            os.path.join('docker', 'cloud', 'README.md')} <= set(PAGES)


@pytest.mark.parametrize('page', PAGES)
def test_links(page):
    for link in [first or second for first, second in LINK.findall(text_of(page))]:
        if re.match('https?:', link):
            continue
        path, _, anchor = link.partition('#')
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        assert os.path.exists(os.path.join(ROOT, target)), '%s links to %s' % (page, link)
        if anchor:
            assert anchor in anchors(target), '%s links to %s' % (page, link)


@pytest.mark.parametrize('page', PAGES)
def test_commands_of_make(page):
    for command in re.findall(r'^ {4}make +([^#\n]*)|`make +([^`]*)`', text_of(page), re.MULTILINE):
        for word in ''.join(command).split():
            if re.match('[A-Z_]+=', word):
                assert word.split('=')[0] in OPTIONS, '%s: make %s' % (page, word)
            elif re.match('[a-z-]+$', word):
                assert word in TARGETS, '%s: make %s' % (page, word)


@pytest.mark.parametrize('page', PAGES)
def test_a_command_of_python_names_its_environment(page):
    """In an indented block; for what stands within a text, the README says how."""
    assert not re.findall('^ {4}python .*', text_of(page), re.MULTILINE)


def test_the_readme_says_how_to_run_python():
    before = text_of('README.md').split('## Step by step')[0]
    assert 'scripts/in_env.sh' in before and '`. .venv/active/bin/activate`' in before


def test_every_page_of_docs_is_named_by_the_readme():
    readme = text_of('README.md')
    for page in PAGES:
        assert page == 'README.md' or page in readme or page.startswith('docker'), page


def test_the_readme_is_read_in_one_sitting():
    assert len(text_of('README.md').splitlines()) <= 150
