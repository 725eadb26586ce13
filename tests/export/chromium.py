"""A page in headless Chromium, used as a person would, over its DevTools protocol (on Python 3).

    with chromium.opened(tmpdir, html, width=360) as page:
        page.evaluate('document.title')
        page.draw([(10, 10), (50, 90)], '#pad')
        page.drop('seven.png')
"""
from __future__ import absolute_import

import base64
import contextlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.report import browser

needed = pytest.mark.skipif(sys.version_info < (3,) or browser.find() is None,
                            reason='Chromium is driven on Python 3, where chromium is on the PATH')


class Page(object):
    """An open page; `requests` and `console` are the URLs it requested and its console messages."""

    def __init__(self, process, to, answers):
        self.process, self.to, self.answers = process, to, answers
        self.number, self.session, self.requests, self.console = 0, None, [], []

    def call(self, method, **parameters):
        """Make a call of the protocol; returns the answer."""
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        self.to.write(json.dumps(message).encode('utf-8') + b'\0')
        self.to.flush()
        while True:
            answer = self._next()
            if answer.get('id') == self.number:
                assert 'error' not in answer, answer
                return answer['result']

    def _next(self):
        message = b''
        while not message.endswith(b'\0'):
            byte = self.answers.read(1)
            assert byte, 'Chromium is gone'
            message += byte
        message = json.loads(message[:-1].decode('utf-8'))
        about = message.get('params', {})
        if message.get('method') == 'Network.requestWillBeSent':
            self.requests.append(about['request']['url'])
        elif message.get('method') in ('Runtime.exceptionThrown', 'Log.entryAdded', 'Runtime.consoleAPICalled'):
            self.console.append(about)
        return message

    def evaluate(self, expression):
        """The value of an expression, or of the promise that it returns."""
        result = self.call('Runtime.evaluate', expression=expression, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in result, result
        return result['result'].get('value')

    def text(self, selector):
        return self.evaluate('document.querySelector(%s).innerText' % json.dumps(selector))

    def wait(self, condition):
        """Wait until an expression holds, five seconds at most."""
        assert self.evaluate('''new Promise(answer => { const until = performance.now() + 5000; (function look() {
            if (%s) answer(true); else if (performance.now() > until) answer(false); else setTimeout(look, 20); })(); })'''
                             % condition), condition

    def draw(self, points, selector):
        """Draw with the mouse through points, relative to the element's corner."""
        box = self.evaluate('(box => [box.left, box.top])(document.querySelector(%s).getBoundingClientRect())'
                            % json.dumps(selector))
        for number, (x, y) in enumerate(points):
            for kind in ['mouseMoved', 'mousePressed'] if not number else ['mouseMoved']:
                self.call('Input.dispatchMouseEvent', type=kind, x=box[0] + x, y=box[1] + y, button='left', buttons=1,
                          clickCount=1)
        self.call('Input.dispatchMouseEvent', type='mouseReleased', x=box[0] + points[-1][0], y=box[1] + points[-1][1],
                  button='left', clickCount=1)

    def press(self, key, code=None, up=True):
        for kind in ['keyDown', 'keyUp'] if up else ['keyDown']:
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=code or key,
                      windowsVirtualKeyCode={'Tab': 9, 'Enter': 13, ' ': 32, 'ArrowRight': 39}.get(key, 0),
                      text={' ': ' ', 'Enter': '\r'}.get(key, ''))

    def drop(self, path):
        """Drop a file on the middle of the page."""
        data = {'items': [], 'files': [str(path)], 'dragOperationsMask': 1}
        for kind in ('dragEnter', 'dragOver', 'drop'):
            self.call('Input.dispatchDragEvent', type=kind, x=100, y=100, data=data)

    def picture(self, path):
        """Save a screenshot of the whole page, as PNG."""
        data = self.call('Page.captureScreenshot', captureBeyondViewport=True, format='png')['data']
        with open(str(path), 'wb') as handle:
            handle.write(base64.b64decode(data))


@contextlib.contextmanager
def opened(tmpdir, path, width=1280, dark=False, camera=False):
    """Open a file and yield its :class:`Page`."""
    here, answers = os.pipe()
    commands, to = os.pipe()

    def wire():
        os.dup2(os.dup(commands), 3)
        os.dup2(os.dup(answers), 4)
    # inherited descriptors above 4 do not matter
    process = subprocess.Popen(
        [browser.find(), '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync', '--disable-quic',
         '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe', '--hide-scrollbars',
         '--user-data-dir=%s' % tmpdir.join('profile-%d' % width)] +
        ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] * camera,
        preexec_fn=wire, close_fds=False, stderr=subprocess.DEVNULL)
    os.close(commands)
    os.close(answers)
    try:
        with os.fdopen(to, 'wb') as writing, os.fdopen(here, 'rb') as reading:
            page = Page(process, writing, reading)
            target = page.call('Target.createTarget', url='about:blank')['targetId']
            page.session = page.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
            for domain in ('Page', 'Runtime', 'Network', 'Log'):
                page.call(domain + '.enable')
            page.call('Emulation.setDeviceMetricsOverride', width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
            page.call('Emulation.setEmulatedMedia',
                      features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
            page.call('Page.navigate', url='file://%s' % path)
            page.wait('document.readyState === "complete" && location.protocol === "file:"')
            yield page
    finally:
        process.kill()
        process.wait()


def hand_over(opened, name, array):
    """Make an array's bytes a variable of the page."""
    opened.evaluate('window.%s = Uint8Array.from(atob("%s"), c => c.charCodeAt(0)); 0' % (
        name, base64.b64encode(array.tobytes()).decode('ascii')))


def classify(opened, images):
    """The scores and answers of an exported page's network."""
    hand_over(opened, 'images', images)
    found = opened.evaluate('Array.from({length: %d}, (_, k) => bnn.classify(images.subarray(k * %d, k * %d + %d)))' % (
        (len(images),) + (images[0].size,) * 3))
    return np.array([one['scores'] for one in found]), np.array([one['answer'] for one in found])
