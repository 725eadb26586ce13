"""The web page in Chromium, as people use it: it gives the board's scores and fits pictures as Python does."""
from __future__ import absolute_import, division

import glob
import io
import json
import os
import re

import numpy as np
import pytest

from bench import photographs
from board.simulator import Simulator, answers
from common.overlays import OVERLAYS
from datasets import pictures
from datasets.fitting import Fitting
from export import gallery, page, source
from tests.board import networks
from tests.export import chromium
from tests.export.conftest import case
from tests.report import browser
from tests.shared import ROOT

PACKAGE = os.path.join(ROOT, 'pretrained', 'mnist-lfcW1A1.tar.gz')
SEVEN = os.path.join(ROOT, 'docs', 'seven.png')


def write(tmpdir, exported):
    path = str(tmpdir.join('page.html'))
    with open(path, 'wb') as handle:
        handle.write(page.files(exported)['.html'])
    return path


def check(opened, exported):
    scores, answer = chromium.classify(opened, exported.images)
    np.testing.assert_array_equal(scores, exported.scores)
    np.testing.assert_array_equal(answer, answers(exported.source.overlay, exported.scores))


@chromium.needed
def test_random_networks(random_case, tmpdir):
    with chromium.opened(tmpdir, write(tmpdir, random_case.source)) as opened:
        check(opened, random_case)


@chromium.needed
def test_published_networks_ask_for_nothing(published_case, tmpdir):
    path = write(tmpdir, published_case.source)
    with chromium.opened(tmpdir, path) as opened:
        check(opened, published_case)
        assert [url for url in opened.requests if not url.startswith('data:')] == ['file://' + path]
        assert not opened.console


@chromium.needed
@pytest.mark.parametrize('name', ['lfcW1A1', 'cnvW1A1'])
def test_a_thousand_images(random_folder, tmpdir, name):
    overlay = OVERLAYS[name]
    images = networks.images(overlay, 1000, 6)
    scores = Simulator(random_folder[name], overlay).scores(images)
    with chromium.opened(tmpdir, write(tmpdir, source.from_folder(random_folder[name], overlay))) as opened:
        for start in range(0, len(images), 100):
            part = slice(start, start + 100)
            found, answer = chromium.classify(opened, images[part])
            np.testing.assert_array_equal(found, scores[part])
            np.testing.assert_array_equal(answer, answers(overlay, scores[part]))


@chromium.needed
@pytest.mark.parametrize('count', [1, 64])
def test_few_and_many_classes(tmpdir, count):
    overlay = OVERLAYS['cnvW1A2']
    folder = networks.write(str(tmpdir.join('folder')), overlay, networks.parameters(overlay, 5), classes=count)
    exported = case(folder, overlay, networks.images(overlay, 3, 8), count)
    with chromium.opened(tmpdir, write(tmpdir, exported.source)) as opened:
        check(opened, exported)


@pytest.fixture(scope='module')
def digits(tmpdir_factory):
    """The page of the pretrained LFC, opened."""
    tmpdir = tmpdir_factory.mktemp('digits')
    with chromium.opened(tmpdir, write(tmpdir, source.from_package(PACKAGE))) as opened:
        yield opened


@pytest.fixture(scope='module')
def colours(tmpdir_factory):
    tmpdir = tmpdir_factory.mktemp('colours')
    overlay = OVERLAYS['cnvW1A1']
    folder = networks.write(str(tmpdir.join('folder')), overlay, networks.parameters(overlay, 5))
    with chromium.opened(tmpdir, write(tmpdir, source.from_folder(folder, overlay))) as opened:
        yield opened


SIZES = [(28, 28), (64, 64), (20, 33), (300, 200), (31, 240), (100, 3), (500, 431), (32, 32)]


def photograph(size, seed):
    """A picture with smooth parts, edges and noise, uint8 (height, width, 3)."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:size[1], :size[0]] / max(size)
    values = 200 + 30 * np.sin(9 * x + seed)[..., None] + random.normal(0, 6, (size[1], size[0], 3))
    values[(abs(x - y * size[0] / size[1]) < .08) & (y > .1 * size[1] / max(size))] = [40, 60, 30]
    return np.clip(values, 0, 255).astype(np.uint8)


def fitted(opened, image):
    rgba = np.concatenate([image, np.full(image.shape[:2] + (1,), 255, np.uint8)], axis=2)
    chromium.hand_over(opened, 'rgba', rgba)
    return np.array(opened.evaluate('Array.from(bnn.fit({width: %d, height: %d, data: rgba}))' % (
        image.shape[1], image.shape[0])), np.uint8)


@chromium.needed
@pytest.mark.parametrize('size', SIZES, ids='{0[0]}x{0[1]}'.format)
def test_fitting_is_the_projects_own(digits, colours, size):
    from PIL import Image
    for seed in range(3):
        image = photograph(size, seed)
        close(fitted(colours, image), pictures.fit_colour(Image.fromarray(image), size), size)
        image = image if seed else 255 - image
        np.testing.assert_array_equal(
            fitted(digits, image), pictures.fit_photograph(Image.fromarray(image)).ravel())


@chromium.needed
@pytest.mark.parametrize('invert, threshold', [('auto', None), ('yes', 120), ('no', None)])
def test_fitting_of_photographs_is_the_projects_own(digits, invert, threshold):
    exported, random = source.from_package(PACKAGE), np.random.RandomState(4)
    digits.evaluate('Object.assign(bnn.description, %s); 0' % json.dumps({'invert': invert, 'threshold': threshold}))
    try:
        for image in exported.samples[:8]:
            picture = pictures.decode(io.BytesIO(photographs.photograph(image, random)))[0].convert('RGB')
            expected = Fitting('lfc', threshold, invert).black_and_white(pictures.fit_photograph(picture, invert, threshold))
            np.testing.assert_array_equal(fitted(digits, np.asarray(picture)), expected.ravel())
            assert expected.any()
    finally:
        digits.evaluate('Object.assign(bnn.description, {invert: null, threshold: null}); 0')


def close(found, expected, size):
    """The same bytes; nearly, if it is taller than wide: newer Pillows may shrink its sides in the other order."""
    assert abs(found.reshape(expected.shape).astype(int) - expected).max() <= (size[1] > size[0])


@chromium.needed
def test_nothing_drawn_is_black(digits):
    assert not fitted(digits, np.full((50, 50, 3), 255, np.uint8)).any()


def answer(opened):
    opened.wait('document.querySelector("#ranking").children.length')
    return opened.text('#answer')


def clear(opened):
    opened.evaluate('document.querySelector("#clear").click()')


@chromium.needed
def test_a_digit_drawn(digits):
    clear(digits)
    digits.draw([(140, 40), (141, 90), (140, 160), (140, 240)], '#pad')
    assert answer(digits) == '1'
    clear(digits)
    digits.draw([(75, 60), (200, 60), (170, 120), (140, 180), (120, 230)], '#pad')
    assert answer(digits) == '7'


@chromium.needed
def test_a_digit_drawn_by_keyboard(digits):
    clear(digits)
    digits.evaluate('document.querySelector("#pad").focus()')
    for _ in range(10):
        digits.press('ArrowUp')
    digits.press(' ', 'Space', up=False)
    for _ in range(20):
        digits.press('ArrowDown')
    digits.press(' ', 'Space')
    assert answer(digits) == '1'


@chromium.needed
def test_what_is_cleared_stays_cleared(digits):
    digits.evaluate('''new Promise(answer => {
        for (const kind of ['keydown', 'keyup'])
            document.querySelector('#pad').dispatchEvent(new KeyboardEvent(kind, {key: ' '}));
        document.querySelector('#clear').click();
        requestAnimationFrame(() => requestAnimationFrame(answer)); })''')
    assert digits.text('#answer') == u'\u2013' and not digits.evaluate('document.querySelector("#ranking").children.length')


@chromium.needed
def test_a_picture_dropped(digits):
    clear(digits)
    digits.drop(SEVEN)
    assert answer(digits) == '7'
    rank = digits.evaluate('[...document.querySelectorAll("#ranking .name")].map(name => name.textContent)')
    assert rank[0] == '7' and sorted(rank) == sorted('0123456789')


@chromium.needed
def test_what_is_no_picture_is_said(digits, tmpdir):
    tmpdir.join('x.png').write('no picture')
    digits.drop(tmpdir.join('x.png'))
    digits.wait('document.querySelector("#error").textContent')
    assert digits.text('#error') == 'x.png cannot be read by this browser: use a PNG or JPEG.'


@chromium.needed
def test_a_picture_pasted(digits):
    clear(digits)
    with open(SEVEN, 'rb') as handle:
        chromium.hand_over(digits, 'png', np.frombuffer(handle.read(), np.uint8))
    digits.evaluate('''(transfer => { transfer.items.add(new File([png], 'seven.png', {type: 'image/png'}));
        dispatchEvent(new ClipboardEvent('paste', {clipboardData: transfer})); })(new DataTransfer())''')
    assert answer(digits) == '7'


@chromium.needed
def test_the_camera(tmpdir):
    with chromium.opened(tmpdir, write(tmpdir, source.from_package(PACKAGE)), camera=True) as opened:
        clear(opened)
        opened.evaluate('document.querySelector("#camera").click()')
        answer(opened)
        opened.wait('document.querySelector("#speed").textContent.endsWith("from the camera")')
        opened.evaluate('document.querySelector("#camera").click()')
        opened.wait('document.querySelector("#video").hidden')
        assert not opened.console and not opened.text('#error')


@chromium.needed
@pytest.mark.parametrize('width, dark', [(360, False), (360, True), (1280, True)])
def test_on_a_phone_and_in_the_dark(tmpdir, width, dark):
    with chromium.opened(tmpdir, write(tmpdir, source.from_package(PACKAGE)), width, dark) as opened:
        assert opened.evaluate('document.documentElement.scrollWidth') <= width
        ground, text = opened.evaluate('(style => [style.backgroundColor, style.color])(getComputedStyle(document.body))')
        light = [sum(map(int, re.findall(r'\d+', colour))) for colour in (ground, text)]
        assert (light[0] < light[1]) == dark
        opened.wait('document.querySelector("#speed").textContent')        # a test image is shown when it opens
        assert opened.text('#answer') == '7' and 'images/s in this browser' in opened.text('#speed')
        reached = []
        for _ in range(6):
            opened.press('Tab')
            reached.append(opened.evaluate('document.activeElement.id || document.activeElement.ariaLabel'))
        assert reached == ['pad', 'choose', 'camera', 'clear', 'test image 1', 'test image 2']


@chromium.needed
@pytest.mark.parametrize('name, dark', [('mnist-lfcW1A1.html', False), ('mnist-lfcW1A1.html', True), ('index.html', False)])
def test_axes_rules_are_kept(tmpdir, name, dark):
    with chromium.opened(tmpdir, os.path.join(ROOT, gallery.OUT, name), dark=dark) as opened:
        opened.evaluate(browser.axe() + '; 0')
        assert opened.evaluate('axe.run(document).then(found => found.violations.map(rule => rule.id))') == []
        opened.evaluate('document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=data:,><h5>x</h5>"); 0')
        found = opened.evaluate('axe.run(document).then(found => found.violations.map(rule => rule.id))')
        assert {'image-alt', 'heading-order'} <= set(found)         # axe does find faults


def test_names_are_text():
    names = [u'</script><b>', u'"&<', u'\u732b'] + [u'class %d' % number for number in range(7)]
    exported = source.from_package(PACKAGE)._replace(classes=names, name=u'<i>x</i>')
    text = page.files(exported)['.html'].decode('utf-8')
    description = json.loads(re.search('<script type="application/json" id="description">(.*?)</script>', text).group(1))
    assert description['classes'] == names and '<i>' not in text and '<b>' not in text
    assert 'http' not in re.sub('http-equiv', '', text)


def test_same_inputs_same_bytes():
    assert page.files(source.from_package(PACKAGE)) == page.files(source.from_package(PACKAGE))


def test_the_pages_in_docs_are_those_of_the_packages():
    made = gallery.files(glob.glob(os.path.join(ROOT, 'pretrained', '*.tar.gz')))
    folder = os.path.join(ROOT, gallery.OUT)
    assert sorted(os.listdir(folder)) == sorted(made)
    for name, data in made.items():
        with open(os.path.join(folder, name), 'rb') as handle:
            assert handle.read() == data, 'python -m export.gallery makes docs/networks again'
