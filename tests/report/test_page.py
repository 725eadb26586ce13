# -*- coding: utf-8 -*-
"""The report: its figures are the run's, it needs no other file, and it says what is missing.

The file is long because the runs that it makes serve most of its tests.
"""
from __future__ import absolute_import, division, unicode_literals

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from board import verify
from board.simulator import Simulator, answers
from common import statistics
from common.errors import run
from common.overlays import OVERLAYS
from report import gather, page
from tests.board import runs
from tests.export import chromium
from tests.report import browser
from tests.report.html import Parser
from tests.shared import ROOT

NASTY = ['<script>alert(1)</script>', '"quoted" & \'so\'', '\u202eright to left', '\u4ea4\u901a', 'x' * 60, 'last one']


@pytest.fixture(scope='module')
def made(tmpdir_factory):
    """Verified runs: two CNVs on one data set, with classes that are hard to show, and an LFC."""
    root = tmpdir_factory.mktemp('made')
    paths = {'cnvW1A1': runs.make(root, str('signs-cnvW1A1'), classes=NASTY),
             'cnvW2A2': runs.make(root, str('signs-cnvW2A2'), classes=NASTY),
             'lfcW1A1': runs.make(root, str('mnist-lfcW1A1'))}
    for path in paths.values():
        verify.verify(path)
    yield paths
    shutil.rmtree(str(root))


@pytest.fixture
def cnv(made, tmpdir):
    """A copy of the first CNV's run, alone, to change."""
    path = str(tmpdir.join('signs-cnvW1A1'))
    shutil.copytree(made['cnvW1A1'], path, ignore=shutil.ignore_patterns('report.html'))
    return path


def written(path):
    """The report of a run, as text."""
    with io.open(page.write(gather.gather(path)), encoding='utf-8') as handle:
        return handle.read()


def shown(html):
    """The text that a reader sees: without tags and style, runs of spaces as one."""
    html = re.sub('<style>.*?</style>', '', html, flags=re.DOTALL)
    text = Parser(re.sub('(</(td|th|dt|dd|p|h[1-4]|li|div)>)', ' \\1', html)).text
    return re.sub('\\s+', ' ', text.replace('\u202f', ' ').replace('\u2212', '-'))


def result_of(path):
    with io.open(os.path.join(path, 'verify.json'), encoding='ascii') as handle:
        return json.load(handle)


@pytest.mark.parametrize('name', ['cnvW1A1', 'cnvW2A2', 'lfcW1A1'])
def test_its_figures_are_the_verified_ones(made, name):
    text, result = shown(written(made[name])), result_of(made[name])
    for value in list(result['accuracy'].values()) + [result['trained_by_board_rule'], result['agreement']]:
        assert '%.1f %%' % value in text
    for value in (result['accuracy']['packed'], result['trained_by_board_rule']):
        low, high = statistics.wilson(int(round(value / 5)), 20)
        assert '%.1f %% %.1f to %.1f' % (value, low, high) in text
    for reason, count in result['reasons'].items():
        assert '%d %s' % (count, reason) in text
    for row in result['confusion']:
        for count in row:
            assert count == 0 or ': %d of %d"' % (count, sum(row)) in written(made[name])


@pytest.mark.parametrize('name, layer, cycles, slow, fast, rate', [
    ('cnvW1A1', 6, '32,768', '328 \u00b5s', '109 \u00b5s', '3,052'),
    ('cnvW2A2', 3, '115,200', '1.15 ms', '384 \u00b5s', '868'),
    ('lfcW1A1', 1, '512', '5.12 \u00b5s', '1.71 \u00b5s', '195,312')])
def test_cycles_are_the_specified_ones_and_the_slower_board_comes_first(made, name, layer, cycles, slow, fast, rate):
    text = shown(written(made[name]))
    assert ('layer %d takes %s cycles, %s at the 100 MHz of a PYNQ-Z1 or Z2 and %s at the 300 MHz of an Ultra96.' % (
        layer, cycles, slow, fast)) in text
    assert 'images on the FPGA of a PYNQ-Z1 or Z2 at 100 MHz, estimated %s/s' % rate in text.replace(' /s', '/s')


def test_published_figures_are_for_the_published_data_set(made):
    assert '98.35 %' in shown(written(made['lfcW1A1'])) and '79.22 %' not in shown(written(made['cnvW1A1']))
    for name, figures in (('lfcW1A1', ['2.8 \u00b5s', '17 ms', '53 ms']), ('cnvW2A2', ['388 \u00b5s', '1.62 ms', '4.58 s']),
                          ('cnvW1A1', ['329 \u00b5s', '1.58 ms', '810 ms'])):
        for figure in figures:
            assert figure in shown(written(made[name]))


def test_rankings_are_the_simulators(made):
    for name in ('cnvW1A1', 'cnvW2A2'):
        overlay = OVERLAYS[name]
        material = gather.gather(made[name])
        with np.load(os.path.join(made[name], 'test-set.npz')) as archive:
            images, labels = archive['x_test'], archive['y_test']
        assert len(material.samples) == 6 and len({sample.label for sample in material.samples}) == 6
        simulator = Simulator(os.path.join(made[name], name), overlay)
        for sample in material.samples:
            index = int(np.flatnonzero((images == sample.image).all(axis=(1, 2, 3)))[0])
            assert labels[index] == sample.label
            assert [ranking.overlay.name for ranking in sample.rankings] == ['cnvW1A1', 'cnvW2A2']
            ranking, = [ranking for ranking in sample.rankings if ranking.overlay is overlay]
            scores = simulator.scores(images[index:index + 1])
            assert ranking.values == scores[0].tolist() and ranking.answer == answers(overlay, scores)[0]


def test_rankings_of_an_lfc_are_the_trained_outputs_and_the_boards_bits(made):
    material = gather.gather(made['lfcW1A1'])
    with np.load(os.path.join(made['lfcW1A1'], 'test-outputs.npz')) as archive:
        outputs = archive['outputs'].tolist()
    assert material.samples
    for sample in material.samples:
        ranking, = sample.rankings
        assert ranking.values in outputs
        assert ranking.bits == [int(value >= 0) for value in ranking.values]
        assert ranking.answer == max([index for index, bit in enumerate(ranking.bits) if bit] or [0])


def test_mistakes_are_the_boards_the_worst_first(made):
    for name in ('cnvW1A1', 'lfcW1A1'):
        material, result = gather.gather(made[name]), result_of(made[name])
        wrong = sum(map(sum, result['confusion'])) - sum(row[index] for index, row in enumerate(result['confusion']))
        assert len(material.mistakes) == min(wrong, gather.MISTAKES)
        with np.load(os.path.join(made[name], 'test-set.npz')) as archive:
            images, labels = archive['x_test'], archive['y_test']
        with np.load(os.path.join(made[name], 'test-outputs.npz')) as archive:
            outputs = archive['outputs']
        margins = []
        for sample in material.mistakes:
            ranking, = sample.rankings
            index = int(sample.name.rpartition(' ')[2])
            assert (images[index] == sample.image).all() and labels[index] == sample.label != ranking.answer
            margins.append(outputs[index, ranking.answer] - outputs[index, sample.label])
        assert margins == sorted(margins, reverse=True)
        assert material.pairs
        for pair in material.pairs:
            assert pair.count == result['confusion'][pair.label][pair.answer]
            assert len(pair.examples) == min(pair.count, gather.EXAMPLES)
        assert [pair.count for pair in material.pairs] == sorted((pair.count for pair in material.pairs), reverse=True)


def test_mistakes_of_a_folder_of_pictures_are_named_after_their_files(cnv):
    names = ['%s/\u732b <%d>.png' % (NASTY[number % 3], number) for number in range(20)]
    path = os.path.join(cnv, 'test-files.txt')
    with io.open(path, 'w', encoding='utf-8') as handle:
        handle.write('\n'.join(names))
    unnamed = gather.gather(made_before(cnv, path))
    material = gather.gather(cnv)
    assert material.mistakes and material.samples and material.pairs
    for named, without in zip(material.mistakes + material.samples, unnamed.mistakes + unnamed.samples):
        assert named.name == names[int(without.name.rpartition(' ')[2])] and (named.image == without.image).all()
    assert all(name in names for pair in material.pairs for _, name in pair.examples)
    assert material.mistakes[0].name in shown(written(cnv))
    with io.open(path, 'w', encoding='utf-8') as handle:
        handle.write('\n'.join(names[1:]))
    material = gather.gather(cnv)
    assert 'test-files.txt has 19 names for 20 test images' in material.no_samples and not material.mistakes


def made_before(run, path):
    """Make a run as from a version without this file; returns its path."""
    older = os.path.join(os.path.dirname(run), 'older', os.path.basename(run))
    shutil.copytree(run, older, ignore=shutil.ignore_patterns(os.path.basename(path)))
    return older


def test_answers_that_do_not_give_the_verified_confusions_are_not_shown(cnv):
    path = os.path.join(cnv, 'verify.json')
    content = result_of(cnv)
    content['confusion'] = content['confusion'][::-1]
    with io.open(path, 'wb') as handle:
        handle.write(json.dumps(content).encode('ascii'))
    material = gather.gather(cnv)
    assert 'another test set' in material.no_samples and not material.mistakes


def test_pictures_are_the_test_images(made):
    html, samples = written(made['cnvW1A1']), gather.gather(made['cnvW1A1']).samples
    pictures = re.findall('src="data:image/png;base64,([^"]*)"', html[html.index('Class rankings of sample'):])
    assert len(pictures) == len(samples)
    for picture, sample in zip(pictures, samples):
        image = np.array(Image.open(io.BytesIO(base64.b64decode(picture))))
        np.testing.assert_array_equal(image, sample.image)


def test_names_are_text(made):
    html = written(made['cnvW1A1'])
    assert '<script' not in html and NASTY[0] in shown(html) and NASTY[1] in shown(html)
    assert {tag for tag, _ in Parser(html).tags} <= set(
        'html head meta link title style body main header section article div p h1 h2 h3 strong span b i u bdi dl dt '
        'dd ul li code table thead tbody tr th td figure figcaption img svg line text polyline circle'.split())


def test_it_needs_nothing_else(made):
    html = written(made['cnvW1A1'])
    for tag, attributes in Parser(html).tags:
        assert tag not in ('script', 'iframe', 'object', 'form', 'base')
        for name in ('src', 'href'):
            assert attributes.get(name, 'data:').startswith('data:')
    assert 'url(' not in html and '@import' not in html and '://' not in html


def test_the_networks_own_page_is_linked_where_it_is(cnv):
    assert 'Try it yourself' not in shown(written(cnv))
    io.open(os.path.join(cnv, 'signs-cnvW1A1.html'), 'wb').close()
    html = written(cnv)
    assert 'Try it yourself' in shown(html)
    assert [attributes['href'] for tag, attributes in Parser(html).tags if tag == 'a'] == ['signs-cnvW1A1.html']


def test_same_inputs_same_bytes(made, tmpdir):
    first = written(made['cnvW1A1'])
    for name in ('cnvW1A1', 'cnvW2A2'):
        shutil.copytree(made[name], str(tmpdir.join('signs-' + name)))
    assert written(str(tmpdir.join('signs-cnvW1A1'))) == first == written(made['cnvW1A1'])


@pytest.mark.parametrize('name, sentence', [
    ('verify.json', 'make verify'), ('history.csv', 'history.csv is missing'),
    ('settings.json', 'settings.json is missing'), ('cnvW1A1', 'not packed yet'),
    ('test-set.npz', 'No sample pictures'), ('test-outputs.npz', 'No sample pictures'),
    ('signs-1w-1a.npz', 'No sample pictures'), ('classes.txt', 'Settings and versions')])
def test_what_is_missing_is_said(cnv, name, sentence):
    path = os.path.join(cnv, name)
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    assert sentence in shown(written(cnv)) and os.path.dirname(cnv) not in written(cnv)


def test_a_run_with_nothing_in_it(tmpdir):
    path = str(tmpdir.mkdir('cifar10-cnvW1A2'))
    text = shown(written(path))
    assert 'make verify' in text and '32,768' in text and '83.63 %' in text


def test_a_network_beside_it_that_is_not_packed(made, tmpdir):
    for name in ('cnvW1A1', 'cnvW2A2'):
        shutil.copytree(made[name], str(tmpdir.join('signs-' + name)))
    shutil.rmtree(str(tmpdir.join('signs-cnvW2A2', 'cnvW2A2')))
    text = shown(written(str(tmpdir.join('signs-cnvW1A1'))))
    assert 'There is no simulation of cnvW2A2: it is not packed yet' in text


@pytest.mark.parametrize('content', [b'{', b'[]', b'{"problems": 1}', None])
def test_a_network_beside_it_whose_results_are_damaged(made, tmpdir, content):
    for name in ('cnvW1A1', 'cnvW2A2'):
        shutil.copytree(made[name], str(tmpdir.join('signs-' + name)))
    damaged = tmpdir.join('signs-cnvW2A2', 'verify.json')
    content = damaged.read_binary().replace(b'"agreement"', b'"of another version"') if content is None else content
    damaged.write_binary(content)
    html = written(str(tmpdir.join('signs-cnvW1A1')))
    assert 'CNV W2A2: Its results cannot be read: verify.json is damaged' in shown(html) and str(tmpdir) not in html
    assert '%.1f %%' % result_of(made['cnvW1A1'])['accuracy']['packed'] in shown(html)


@pytest.mark.parametrize('name, content', [
    ('verify.json', b'{'), ('verify.json', b'[]'), ('verify.json', None), ('settings.json', b'7'),
    ('history.csv', b'epoch,LR\n1\n'), ('history.csv', b'\xff\n1,2\n'), ('history.csv', None),
    ('classes.txt', b'\xff')])
def test_what_is_damaged_is_named(cnv, capsys, name, content):
    path = os.path.join(cnv, name)
    if content is None:
        with io.open(path, 'rb') as handle:
            content = handle.read().replace(b'"agreement": ', b'"agreement": "so" ').replace(b',2,', b',3,')
        if name == 'verify.json':
            content = content.replace(b'"so" ', b'')
            content = re.sub(b'"confusion": \\[\n  \\[', b'"confusion": [\n  ["x", ', content)
    with io.open(path, 'wb') as handle:
        handle.write(content)
    assert run(page.main, ['--run', cnv]) == 1
    error = capsys.readouterr()[1]
    assert name in error and error.count('\n') == 1 and not os.path.exists(os.path.join(cnv, 'report.html'))


def test_a_stale_verification_is_not_shown(cnv):
    with io.open(os.path.join(cnv, 'cnvW1A1', 'classes.txt'), 'ab') as handle:
        handle.write(b'!')
    text = shown(written(cnv))
    assert 'make verify again' in text and 'right on the board' not in text


def test_a_failed_verification_is_said(made, tmpdir, capsys):
    path = runs.make(tmpdir, str('signs-cnvW1A2'), runs.layers_of(OVERLAYS['cnvW1A2'], negative=True, seed=6))
    assert run(verify.main, ['--run', path]) == 1
    text = shown(written(path))
    assert 'Verification failed' in text and 'threshold' in text
    os.remove(os.path.join(path, 'cnvW1A2', 'hw', 'config.h'))
    assert run(verify.main, ['--run', path]) == 1
    assert 'hw/config.h is missing' in shown(written(path))


def test_one_epoch_and_losses_that_are_not_finite(cnv):
    path = os.path.join(cnv, 'history.csv')
    with io.open(path, encoding='ascii') as handle:
        lines = handle.read().splitlines()
    with io.open(path, 'w', encoding='ascii') as handle:
        handle.write('\n'.join(lines[:2]) + '\n')
    assert 'Trained for 1 of 2 epochs so far.' in shown(written(cnv))
    os.remove(os.path.join(cnv, 'settings.json'))
    assert 'Trained for one epoch.' in shown(written(cnv))
    with io.open(path, 'w', encoding='ascii') as handle:
        handle.write('\n'.join([lines[0], '1,0.001,nan,inf,90.0,1,90.0,nan,90.0']) + '\n')
    assert 'No epoch has a finite value.' in shown(written(cnv))


@pytest.mark.parametrize('count', [1, 64])
def test_few_and_many_classes(tmpdir, count):
    path = runs.make(tmpdir, str('many-lfcW1A2'), count=2 * count,
                     classes=['a class with a long name, number %d' % number for number in range(count)])
    verify.verify(path)
    html = written(path)
    assert len(re.findall('<td class="(?:right|wrong)', html)) == count ** 2
    assert 'class with a long name, number %d' % (count - 1) in shown(html)


def test_as_a_command_from_elsewhere(made, tmpdir):
    out = str(tmpdir.join('page.html'))
    command = [sys.executable, os.path.join(ROOT, 'report', 'page.py'), '--run', made['lfcW1A1'], '--out', out]
    assert subprocess.check_output(command, cwd=str(tmpdir)).decode('ascii').strip() == out
    with io.open(out, encoding='utf-8') as handle:
        assert handle.read() == written(made['lfcW1A1'])


@browser.needs_chromium
@pytest.mark.parametrize('name', ['cnvW1A1', 'lfcW1A1'])
@pytest.mark.parametrize('width', [360, 1280])
def test_in_a_browser(made, tmpdir, name, width):
    visit = browser.open_page(tmpdir, written(made[name]), width)
    assert visit[:3] == ([], [], 0)
    assert 'What the board answers' in visit.text


@browser.needs_chromium
@pytest.mark.parametrize('name, dark', [('cnvW1A1', False), ('lfcW1A1', False), ('lfcW1A1', True)])
def test_axes_rules_are_kept(made, tmpdir, name, dark):
    assert browser.violations(tmpdir, written(made[name]), dark) == []


@browser.needs_chromium
@chromium.needed
def test_by_keyboard_alone(made, tmpdir):
    """Tab reaches what is wider than a phone, marks it, and the arrow keys scroll it; Tab stops nowhere else."""
    tmpdir.join('page.html').write_text(written(made['cnvW1A1']), 'utf-8')
    with chromium.opened(tmpdir, tmpdir.join('page.html'), width=360) as opened:
        reached = []
        for _ in range(6):
            opened.press('Tab')
            label = opened.evaluate('document.activeElement.ariaLabel')
            if label is None:
                break
            assert opened.evaluate('getComputedStyle(document.activeElement).outlineStyle') != 'none'
            if opened.evaluate('document.activeElement.scrollWidth > document.activeElement.clientWidth'):
                for _ in range(3):
                    opened.press('ArrowRight')
                opened.wait('document.activeElement.scrollLeft > 0')
            reached.append(label)
        assert reached == ['Networks trained on signs', 'Class by class', 'Layers']


@browser.needs_chromium
def test_axe_would_notice(tmpdir):
    found = browser.violations(tmpdir, '<!DOCTYPE html><title>x</title><main><img src="data:,"><h4>deep</h4></main>')
    assert {text.partition(':')[0] for text in found} >= {'html-has-lang', 'image-alt'}


@browser.needs_chromium
def test_a_browser_would_notice(tmpdir):
    visit = browser.open_page(tmpdir, '<!DOCTYPE html><p style="width:500px"><img src="http://127.0.0.1:9/x.png">'
                                      '<script>console.error("heard")</script>', 360)
    assert visit.requests == ['http://127.0.0.1:9/x.png'] and 'heard' in visit.console[0] and visit.overflow > 100
