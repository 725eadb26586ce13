"""Downloads from a good server, and from bad ones."""
from __future__ import absolute_import, division

import contextlib
import errno
import fcntl
import hashlib
import multiprocessing
import os
import socket
import threading

import pytest
from six.moves import BaseHTTPServer, socketserver

from datasets import downloads
from datasets.downloads import DownloadError, Source, fetch

CONTENTS = bytes(bytearray(number * 7 % 251 for number in range(300000)))


class Handler(BaseHTTPServer.BaseHTTPRequestHandler):
    """Answers according to the path; the server's `requests` counts them."""

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get('Range')))
        getattr(self, self.path.split('/')[1])()

    def send(self, contents, status=200, length=None):
        self.send_response(status)
        self.send_header('Content-Length', str(len(contents) if length is None else length))
        self.end_headers()
        self.wfile.write(contents)

    def good(self):
        start = self.headers.get('Range')
        if start:
            self.send(CONTENTS[int(start[len('bytes='):-1]):], 206)
        else:
            self.send(CONTENTS)

    def cuts_off(self):
        """The first answer ends half way; the next continues from where it is asked to."""
        if self.headers.get('Range'):
            self.good()
        else:
            self.send(CONTENTS[:len(CONTENTS) // 2], length=len(CONTENTS))

    def ignores_range(self):
        first = len(self.server.requests) == 1
        self.send(CONTENTS[:1000] if first else CONTENTS, length=len(CONTENTS))

    def short_length(self):
        self.send(CONTENTS[:-5])

    def long_length(self):
        self.send(CONTENTS, length=len(CONTENTS) + 1000)

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100):
                self.wfile.write(CONTENTS)
        except EnvironmentError:
            self.server.hung_up = True

    def other_bytes(self):
        self.send(b'x' * len(CONTENTS))

    def stalls(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENTS[:100])
        self.server.over.wait(5)

    def page(self):
        self.send(b'<html>please log in</html>')

    def forbidden(self):
        self.send(b'no', 403)

    def broken(self):
        self.send(b'sorry', 500)

    def recovers(self):
        if len(self.server.requests) == 1:
            self.broken()
        else:
            self.good()

    def log_message(self, *arguments):
        pass


class Server(socketserver.ThreadingMixIn, BaseHTTPServer.HTTPServer):
    daemon_threads = True


@pytest.fixture
def server(monkeypatch):
    server = Server(('127.0.0.1', 0), Handler)
    server.requests, server.over, server.hung_up = [], threading.Event(), False
    thread = threading.Thread(target=server.serve_forever)
    thread.daemon = True
    thread.start()
    monkeypatch.setattr(downloads, 'BACKOFF', .01)
    monkeypatch.setattr(downloads, 'TIMEOUT', .5)
    monkeypatch.delenv('DATASET_MIRRORS', raising=False)
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def address(server, behaviour):
    return 'http://127.0.0.1:%d/%s' % (server.server_address[1], behaviour)


def source(*urls):
    return Source('data.bin', 'cached.bin', len(CONTENTS), hashlib.sha256(CONTENTS).hexdigest(), urls)


@pytest.mark.parametrize('behaviour, requests', [
    ('good', 1), ('cuts_off', 2), ('ignores_range', 2), ('recovers', 2), ('long_length', 1), ('endless', 1)])
def test_a_file_that_comes(server, tmp_path, behaviour, requests):
    path = fetch(source(address(server, behaviour)), str(tmp_path / 'cache'))
    with open(path, 'rb') as handle:
        assert handle.read() == CONTENTS
    assert len(server.requests) == requests
    assert fetch(source(address(server, behaviour)), str(tmp_path / 'cache')) == path
    assert len(server.requests) == requests, 'what is in the cache is not asked for again'
    assert sorted(os.listdir(str(tmp_path / 'cache'))) == ['cached.bin', 'cached.bin.lock']


def test_a_file_system_without_locks(server, tmp_path, monkeypatch):
    def flock(handle, operation):
        raise EnvironmentError(errno.ENOLCK, os.strerror(errno.ENOLCK))
    monkeypatch.setattr(fcntl, 'flock', flock)
    with open(fetch(source(address(server, 'good')), str(tmp_path / 'cache')), 'rb') as handle:
        assert handle.read() == CONTENTS


@pytest.mark.parametrize('behaviour, problem, requests', [
    ('forbidden', 'answered 403', 1), ('broken', 'answered 500', 3), ('other_bytes', 'wrong SHA-256', 1),
    ('short_length', 'was cut short at %d of %d bytes' % (len(CONTENTS) - 5, len(CONTENTS)), 3),
    ('stalls', 'timed out', 3)])
def test_a_file_that_does_not_come(server, tmp_path, behaviour, problem, requests):
    url = address(server, behaviour)
    with pytest.raises(DownloadError) as failed:
        fetch(source(url), str(tmp_path))
    message = str(failed.value)
    assert url in message and problem in message and 'data.bin' in message and '\n' not in message
    assert 'put a copy at %s (SHA-256' % (tmp_path / 'cached.bin') in message
    assert not (tmp_path / 'cached.bin').exists()
    assert len(server.requests) == requests


def test_no_server(server, tmp_path):
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(('127.0.0.1', 0))        # and does not listen
        with pytest.raises(DownloadError) as failed:
            fetch(source('http://127.0.0.1:%d/good' % probe.getsockname()[1]), str(tmp_path))
    assert 'refused' in str(failed.value)


def test_the_next_address(server, tmp_path):
    path = fetch(source(address(server, 'forbidden'), address(server, 'good')), str(tmp_path))
    assert os.path.getsize(path) == len(CONTENTS)


def test_a_page_instead_of_the_file_is_not_held_against_the_next_address(server, tmp_path):
    fetch(source(address(server, 'page'), address(server, 'good')), str(tmp_path))
    assert (tmp_path / 'cached.bin').read_bytes() == CONTENTS


def test_mirrors_come_first(server, tmp_path, monkeypatch):
    monkeypatch.setenv('DATASET_MIRRORS', address(server, 'good') + '/ ' + address(server, 'forbidden'))
    fetch(source(address(server, 'broken')), str(tmp_path))
    assert [path for path, _ in server.requests] == ['/good/data.bin']


def test_it_goes_on_where_it_was_cut_off(server, tmp_path):
    (tmp_path / 'cached.bin.part').write_bytes(CONTENTS[:123456])
    fetch(source(address(server, 'good')), str(tmp_path))
    assert server.requests == [('/good', 'bytes=123456-')]


def test_a_damaged_part_is_thrown_away(server, tmp_path):
    (tmp_path / 'cached.bin.part').write_bytes(b'y' * 1000)
    fetch(source(address(server, 'good')), str(tmp_path))
    assert server.requests == [('/good', 'bytes=1000-'), ('/good', None)]
    assert (tmp_path / 'cached.bin').read_bytes() == CONTENTS


def test_a_damaged_file_in_the_cache_is_replaced(server, tmp_path):
    (tmp_path / 'cached.bin').write_bytes(CONTENTS[:-1] + b'z')
    fetch(source(address(server, 'good')), str(tmp_path))
    assert (tmp_path / 'cached.bin').read_bytes() == CONTENTS


def test_two_at_once(server, tmp_path):
    workers = [multiprocessing.Process(target=fetch, args=(source(address(server, 'good')), str(tmp_path)))
               for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(server.requests) == 1
    assert (tmp_path / 'cached.bin').read_bytes() == CONTENTS


def test_keras_home(monkeypatch, tmp_path):
    monkeypatch.setenv('KERAS_HOME', str(tmp_path))
    assert downloads.cache_folder() == str(tmp_path / 'datasets')
    monkeypatch.delenv('KERAS_HOME')
    monkeypatch.setenv('HOME', '/home/somebody')
    assert downloads.cache_folder() == '/home/somebody/.keras/datasets'
