"""make compare: run folders as training leaves them, whole, unfinished and damaged."""
from __future__ import absolute_import

import json
import os
import re
import subprocess
import sys

import pytest

from tests.export import chromium
from tests.report import browser
from tests.shared import ROOT

HEAD = ('epoch,LR,training_loss,validation_loss,validation_error_rate,best_epoch,best_validation_error_rate,test_loss,'
        'test_error_rate\n')
ROWS = ('1,0.003,0.5,0.4,12.0,1,12.0,0.4,13.0\n2,0.001,0.3,0.3,9.5,2,9.5,0.3,10.25\n'
        '3,0.0005,0.2,0.35,11.0,2,9.5,0.3,10.25\n')


def run_folder(out, name, history=HEAD + ROWS, packed=None, **settings):
    folder = out.mkdir(name)
    content = dict(net='cnv', weight_bits=1, activation_bits=2, dataset='pets', epochs=3, train_size=None, seed=1)
    content.update(settings)
    folder.join('settings.json').write(json.dumps(content))
    if history is not None:
        folder.join('history.csv').write(history)
    if packed is not None:
        folder.join('verify.json').write(json.dumps({'accuracy': {'packed': packed}}))
    return str(folder)


def compare(*arguments):
    command = [sys.executable, os.path.join(ROOT, 'report', 'compare.py')] + [str(text) for text in arguments]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = (text.decode('utf-8') for text in program.communicate())
    return program.returncode, output.splitlines(), errors


def test_all_runs_of_a_folder(tmpdir):
    run_folder(tmpdir, 'pets-cnvW1A2.10', packed=89.5)
    run_folder(tmpdir, 'pets-cnvW1A2.9', history=HEAD + ROWS[:ROWS.index('\n') + 1])
    run_folder(tmpdir, 'pets-cnvW1A2', history=None)
    tmpdir.mkdir('else')
    status, lines, errors = compare('--out', tmpdir)
    assert (status, errors) == (0, '')
    assert [re.split('  +', line) for line in lines[:-1]] == [
        ['pets:'], ['run', 'packed accuracy', 'test', 'validation', 'network', 'epochs'],
        ['pets-cnvW1A2', '-', '-', '-', 'cnvW1A2', '0 of 3'],
        ['pets-cnvW1A2.9', '-', '87.00 %', '88.00 %', 'cnvW1A2', '1 of 3'],
        ['pets-cnvW1A2.10', '89.50 %', '89.75 %', '90.50 %', 'cnvW1A2', '3']]
    page = tmpdir.join('compare.html').read_text('utf-8')
    assert page.count('<figure') == 4 and page.count('<polyline') == 4 and 'pets-cnvW1A2.10' in page
    assert not re.search('(src|href)="?(http|/|[a-z]+[.])', page)


def test_named_runs_and_what_differs(tmpdir):
    one, other = run_folder(tmpdir, 'a-cnvW1A2', seed=5), run_folder(tmpdir, '<b>-cnvW1A2', recipe='best')
    status, lines, errors = compare(other, one, '--page', tmpdir.join('page.html'))
    assert status == 0 and [re.split('  +', line)[4:7] for line in lines[1:4]] == [
        ['network', 'recipe', 'seed'], ['cnvW1A2', 'best', '1'], ['cnvW1A2', '-', '5']]
    page = tmpdir.join('page.html').read_text('utf-8')
    assert '&lt;b&gt;-cnvW1A2' in page and '<b>-' not in page


@pytest.mark.parametrize('verified', [
    {'problems': ['weights.bin differs'], 'passed': False},
    {'problems': [], 'accuracy': {'packed': 50.}, 'parameters_sha256': 'of others'}])
def test_what_was_verified_before_does_not_count(tmpdir, verified):
    folder = run_folder(tmpdir, 'pets-cnvW1A2')
    tmpdir.join('pets-cnvW1A2', 'pets-1w-2a.npz').write('trained on')
    tmpdir.join('pets-cnvW1A2', 'verify.json').write(json.dumps(verified))
    status, lines, errors = compare(folder, '--page', tmpdir.join('page.html'))
    assert (status, errors) == (0, '') and re.split('  +', lines[2])[1] == '-'


def test_data_sets_are_kept_apart(tmpdir):
    for name, dataset in (('a-cnvW1A2', 'mnist'), ('b-cnvW1A2', 'pets'), ('c-cnvW1A2', 'mnist')):
        run_folder(tmpdir, name, dataset=dataset)
    status, lines, errors = compare('--out', tmpdir)
    assert (status, errors) == (0, '')
    assert [line.split()[0] for line in lines if line] == [
        'MNIST:', 'run', 'a-cnvW1A2', 'c-cnvW1A2', 'pets:', 'run', 'b-cnvW1A2', 'curves:']
    page = tmpdir.join('compare.html').read_text('utf-8')
    assert re.findall('<h2>(.*?)</h2>', page) == ['MNIST', 'pets'] and page.count('<table') == 2


@browser.needs_chromium
@pytest.mark.parametrize('width', [390, 1280])
def test_in_a_browser_a_click_sorts(tmpdir, width):
    for name, packed in (('a-cnvW1A2', 80.5), ('b-cnvW1A2', None), ('c-cnvW1A2', 91.), ('d-cnvW1A2', 9.5)):
        run_folder(tmpdir, name, packed=packed)
    assert compare('--out', tmpdir)[0] == 0
    act = """
        var result = [], read = function () {
          result.push(Array.from(page.querySelectorAll('tbody th')).map(function (cell) {
            return cell.innerText.trim()[0]; }).join('')
            + ' ' + Array.from(page.querySelectorAll('[aria-sort]')).map(function (head) {
              return head.innerText.trim().split(' ')[0] + ' ' + head.getAttribute('aria-sort'); }).join());
        }, buttons = page.querySelectorAll('th button');
        read(); buttons[1].click(); read(); buttons[1].click(); read(); buttons[0].click(); read();
        return result;"""
    visit = browser.open_page(tmpdir, tmpdir.join('compare.html').read_text('utf-8'), width, act)
    assert (visit.requests, visit.console, visit.overflow) == ([], [], 0)
    assert visit.acted == ['abcd ', 'cadb packed descending', 'dacb packed ascending', 'abcd run ascending']


@browser.needs_chromium
@chromium.needed
def test_by_keyboard_alone(tmpdir):
    for name, packed in (('pets-cnvW1A1', 88.), ('pets-cnvW1A2', 91.)):
        run_folder(tmpdir, name, packed=packed)
    assert compare('--out', tmpdir)[0] == 0
    with chromium.opened(tmpdir, tmpdir.join('compare.html')) as page:
        for heading in ('run', 'packed'):
            page.press('Tab')
            assert page.text(':focus') == heading
        assert page.evaluate('getComputedStyle(document.activeElement).outlineStyle') != 'none'      # it is seen
        for key, first in (('Enter', 'pets-cnvW1A2'), (' ', 'pets-cnvW1A1')):
            page.press(key)
            assert page.text('tbody th') == first
        assert page.evaluate('document.activeElement.parentElement.ariaSort') == 'ascending'


@browser.needs_chromium
def test_axes_rules_are_kept(tmpdir):
    run_folder(tmpdir, 'a-cnvW1A2', packed=80.5)
    run_folder(tmpdir, 'b-lfcW1A1', dataset='mnist')
    assert compare('--out', tmpdir)[0] == 0
    assert browser.violations(tmpdir, tmpdir.join('compare.html').read_text('utf-8')) == []


def test_names_of_any_alphabet(tmpdir):
    folder = os.path.join(str(tmpdir), u'gr\xf6\xdfe-lfcW1A1'.encode('utf-8') if str is bytes else u'gr\xf6\xdfe-lfcW1A1')
    os.rename(run_folder(tmpdir, 'a-lfcW1A1'), folder)
    status, lines, errors = compare('--out', tmpdir)
    assert (status, errors) == (0, '') and lines[2].split()[0].startswith('gr')
    assert u'gr\xf6\xdfe-lfcW1A1' in tmpdir.join('compare.html').read_text('utf-8')


def test_twenty_runs(tmpdir):
    for number in range(20):
        run_folder(tmpdir, 'r%d-cnvW1A2' % number)
    status, lines, errors = compare('--out', tmpdir)
    assert status == 0 and len(lines) == 23 and lines[4].startswith('r2-') and '.s20 {' in tmpdir.join(
        'compare.html').read_text('utf-8')


@pytest.mark.parametrize('name, text, words', [
    ('settings.json', '{', 'damaged'), ('settings.json', '[]', 'damaged'), ('settings.json', None, 'not a run'),
    ('verify.json', '{"accuracy": 1}', 'damaged'), ('history.csv', HEAD + '1,2\n', 'damaged'),
    ('history.csv', HEAD + ROWS.replace('0.3', 'x'), 'damaged')])
def test_damaged_runs(tmpdir, name, text, words):
    folder = run_folder(tmpdir, 'a-cnvW1A2')
    path = tmpdir.join('a-cnvW1A2', name)
    if text is None:
        path.remove()
    else:
        path.write(text)
    status, lines, errors = compare(folder, '--page', tmpdir.join('page.html'))
    assert (status, lines) == (1, []) and errors.count('\n') == 1 and words in errors and 'Traceback' not in errors
    assert not tmpdir.join('page.html').exists()


def test_one_damaged_run_hides_no_other(tmpdir):
    run_folder(tmpdir, 'a-cnvW1A2')
    run_folder(tmpdir, 'b-cnvW1A2', history=HEAD + '1,2\n')
    status, lines, errors = compare('--out', tmpdir)
    assert status == 0 and len(lines) == 4 and lines[2].startswith('a-cnvW1A2')
    assert errors.startswith('left out: ') and 'b-cnvW1A2' in errors and errors.count('\n') == 1
    tmpdir.join('a-cnvW1A2', 'settings.json').write('{')
    status, lines, errors = compare('--out', tmpdir)
    assert (status, lines) == (1, []) and errors.count('\n') == 1 and 'damaged' in errors


def test_nothing_to_compare(tmpdir):
    for out in (tmpdir, tmpdir.join('nothing')):
        status, lines, errors = compare('--out', out)
        assert (status, lines) == (1, []) and 'run make train first' in errors
