"""A page in headless Chromium, as a reader sees it: its requests, console messages and width.

    visit = open_page(tmpdir, html, width=360)
    visit.requests, visit.console, visit.overflow
"""
from __future__ import absolute_import, unicode_literals

import collections
import io
import json
import os
import re
import shutil
import subprocess

import pytest

from markupsafe import escape

from common import machine

Visit = collections.namedtuple('Visit', [
    'requests',     # URLs that the page requested, except itself and data:
    'console',      # console messages
    'overflow',     # by how many pixels the page is wider than its window
    'text',         # text that it shows
    'acted'])       # what `act` returned

_SCRIPT = '''<script>
addEventListener('load', function () {
  var page = document.querySelector('iframe').contentDocument, root = page.documentElement;
  document.querySelector('pre').textContent = JSON.stringify(
    {overflow: root.scrollWidth - root.clientWidth, text: page.body.innerText,
     acted: (function () { ACT })() || null});
});
</script>'''
_AXE = '''<script>%s</script><pre id="axe"></pre><script>
addEventListener('load', function () {
  axe.run(document, {resultTypes: ['violations']}).then(function (found) {
    document.getElementById('axe').textContent = JSON.stringify(found.violations.map(function (rule) {
      return rule.id + ': ' + rule.nodes.map(function (node) { return node.html; }).slice(0, 3).join(' ');
    }));
  });
});
</script>'''
AXE = machine.cache_folder('axe')


def find():
    """Chromium's path, or None."""
    return machine.program('chromium') or machine.program('chromium-browser') or machine.program('google-chrome')


needs_chromium = pytest.mark.skipif(find() is None, reason='no Chromium: chromium is not on the PATH')


def open_page(tmpdir, html, width, act=''):
    """Show a page in a frame of this width, because Chromium's windows cannot be as narrow as a phone.

    Parameters
    ----------
    tmpdir : py.path.local
    html : str
    width : int
        Pixels.
    act : str
        JavaScript that acts on ``page``, the document, and returns a value.

    Returns
    -------
    Visit
    """
    frame = '<iframe srcdoc="%s" style="border:0;height:800px;width:%dpx"></iframe>' % (escape(html), width)
    outer, log = tmpdir.join('frame.html'), tmpdir.join('net.json')
    with io.open(str(outer), 'w', encoding='utf-8') as handle:
        handle.write('<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><pre></pre>')
        handle.write(frame + _SCRIPT.replace('ACT', act))
    printed, errors = _chromium(tmpdir, outer, '--log-net-log=%s' % log)
    seen = json.loads(_content('<pre>', printed))
    return Visit(_requests(str(log)), [line for line in errors.splitlines() if 'CONSOLE' in line],
                 seen['overflow'], seen['text'], seen['acted'])


def axe():
    """axe-core's source, which npm fetches once; if it cannot, the test is skipped."""
    script = os.path.join(AXE, 'node_modules', 'axe-core', 'axe.min.js')
    if not os.path.exists(script):
        if not os.path.isdir(AXE):
            os.makedirs(AXE)
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), AXE)
        try:
            subprocess.check_output(['npm', 'ci', '--no-audit', '--no-fund', '--prefix', AXE], stderr=subprocess.STDOUT)
        except EnvironmentError:
            pytest.skip('no npm, which fetches axe-core')
        except subprocess.CalledProcessError as error:
            pytest.skip('npm cannot fetch axe-core: %s' % error.output.decode('utf-8', 'replace')[-200:])
    with io.open(script, encoding='utf-8') as handle:
        return handle.read()


def violations(tmpdir, html, dark=False):
    """What axe-core's rules find wrong with a page, one text for each rule.

    The page's Content-Security-Policy, which would stop axe-core, is removed.
    """
    source = axe().replace('</script', '<\\/script')
    html = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', '', html)
    page = tmpdir.join('axe.html')
    with io.open(str(page), 'w', encoding='utf-8') as handle:
        handle.write(html.replace('</main>', '</main>' + _AXE.replace('%s', source)))
    printed, _ = _chromium(tmpdir, page, '--virtual-time-budget=120000',
                           '--blink-settings=preferredColorScheme=%d' % (0 if dark else 1))
    return json.loads(_content('<pre id="axe">', printed))


def _chromium(tmpdir, page, *options):
    """The document that Chromium prints for a page, and its standard error."""
    process = subprocess.Popen(
        [find(), '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update', '--window-size=1400,1000',
         '--user-data-dir=%s' % tmpdir.join('profile'), '--enable-logging=stderr'] + list(options) +
        ['--dump-dom', 'file://%s' % page], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    printed, errors = [data.decode('utf-8', 'replace') for data in process.communicate()]
    assert process.returncode == 0, errors
    return printed, errors


def _content(tag, printed):
    found = re.search(tag + '(.*?)</pre>', printed, re.DOTALL).group(1)
    for entity, character in (('&lt;', '<'), ('&gt;', '>'), ('&nbsp;', '\xa0'), ('&amp;', '&')):
        found = found.replace(entity, character)
    return found


def _requests(path):
    """The requests of pages; Chromium's own have no origin."""
    with io.open(path, encoding='utf-8', errors='replace') as handle:
        text = handle.read().rstrip().rstrip(',')
    log = json.loads(text if text.endswith('}') and '"polledData"' in text else text + ']}')
    return sorted({event['params']['url'] for event in log['events']
                   if event.get('params', {}).get('initiator', 'not an origin') != 'not an origin' and
                   not event['params'].get('url', 'data:').startswith('data:')})
