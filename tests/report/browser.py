"""A page in headless Chromium, as a reader has it: what it asks for, what it complains of, how wide it gets.

    visit = open_page(tmpdir, html, width=360)
    visit.requests, visit.console, visit.overflow
"""
from __future__ import absolute_import, unicode_literals

import collections
import io
import json
import os
import re
import subprocess

import pytest

from markupsafe import escape

Visit = collections.namedtuple('Visit', [
    'requests',     # URLs that the page asked for, beside itself and data:
    'console',      # lines of the console
    'overflow',     # pixels that the page is wider than its window
    'text'])        # that it shows

_SCRIPT = '''<script>
addEventListener('load', function () {
  var page = document.querySelector('iframe').contentDocument, root = page.documentElement;
  document.querySelector('pre').textContent = JSON.stringify(
    {overflow: root.scrollWidth - root.clientWidth, text: page.body.innerText});
});
</script>'''


def find():
    """Chromium's path, or None."""
    for name in ('chromium', 'chromium-browser', 'google-chrome'):
        for folder in os.environ.get('PATH', os.defpath).split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
    return None


needs_chromium = pytest.mark.skipif(find() is None, reason='no Chromium: chromium is not on the PATH')


def open_page(tmpdir, html, width):
    """Show a page in a frame of this width: a window of Chromium's cannot be as narrow as a phone.

    Parameters
    ----------
    tmpdir : py.path.local
    html : str
    width : int
        Pixels.

    Returns
    -------
    Visit
    """
    frame = '<iframe srcdoc="%s" style="border:0;height:800px;width:%dpx"></iframe>' % (escape(html), width)
    outer, log = tmpdir.join('frame.html'), tmpdir.join('net.json')
    with io.open(str(outer), 'w', encoding='utf-8') as handle:
        handle.write('<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><pre></pre>')
        handle.write(frame + _SCRIPT)
    process = subprocess.Popen(
        [find(), '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update', '--window-size=1400,1000',
         '--user-data-dir=%s' % tmpdir.join('profile'), '--enable-logging=stderr', '--log-net-log=%s' % log,
         '--dump-dom', 'file://%s' % outer], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    printed, errors = [data.decode('utf-8', 'replace') for data in process.communicate()]
    assert process.returncode == 0, errors
    found = re.search('<pre>(.*?)</pre>', printed, re.DOTALL).group(1)
    for entity, character in (('&lt;', '<'), ('&gt;', '>'), ('&nbsp;', '\xa0'), ('&amp;', '&')):
        found = found.replace(entity, character)
    seen = json.loads(found)
    return Visit(_requests(str(log)), [line for line in errors.splitlines() if 'CONSOLE' in line],
                 seen['overflow'], seen['text'])


def _requests(path):
    """What pages asked for; Chromium's own requests have no origin."""
    with io.open(path, encoding='utf-8', errors='replace') as handle:
        text = handle.read().rstrip().rstrip(',')
    log = json.loads(text if text.endswith('}') and '"polledData"' in text else text + ']}')
    return sorted({event['params']['url'] for event in log['events']
                   if event.get('params', {}).get('initiator', 'not an origin') != 'not an origin' and
                   not event['params'].get('url', 'data:').startswith('data:')})
