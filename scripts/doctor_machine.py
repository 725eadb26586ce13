"""Whether this machine has room for a training, and data, and a clock that is right."""
from __future__ import absolute_import, division

import os
import re
import tempfile
import time

from scripts.doctor_report import failure, ok, warning

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GIGABYTE = 1e9
ROOM = 2 * GIGABYTE             # a data set, a compile cache, and a run with its checkpoints


def folders(given):
    """Room and write access where a run, compiled code and downloads go."""
    runs = os.path.abspath(given.runs)
    compiled = re.search(r'base_compiledir=([^,]+)', os.environ.get('THEANO_FLAGS', ''))
    places = [('runs', runs), ('compiled code', os.path.expanduser(compiled.group(1) if compiled else '~/.theano')),
              ('downloads', os.path.expanduser(os.environ.get('KERAS_HOME') or '~/.keras'))]
    for what, folder in places:
        there = folder
        while not os.path.isdir(there):
            there = os.path.dirname(there)
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except (IOError, OSError) as error:
            variable = {'runs': 'OUT=', 'compiled code': 'THEANO_FLAGS=base_compiledir=', 'downloads': 'KERAS_HOME='}
            yield failure('%s: %s cannot be written (%s)' % (what, folder, error.strerror),
                          '%sanother folder, or chown %d %s' % (variable[what], os.getuid(), there))
            continue
        state = os.statvfs(there)
        free = state.f_bavail * state.f_frsize
        text = '%s: %s can be written, %.1f GB free' % (what, folder, free / GIGABYTE)
        yield ok(text) if free > ROOM else warning(text, 'free some space, or another folder')


def data(given):
    folder = given.data_dir
    keras = os.path.join(os.path.expanduser(os.environ.get('KERAS_HOME') or '~/.keras'), 'datasets')
    for name, cached in (('mnist', 'mnist.npz'), ('cifar10', 'cifar-10-batches-py')):
        if folder:
            path = os.path.join(folder, name + '.npz')
            yield ok('%s: %s' % (name, path)) if os.path.isfile(path) else warning(
                '%s: no %s' % (name, path), 'DATA_DIR= of another folder, or none: then it is downloaded')
        elif os.path.exists(os.path.join(keras, cached)):
            yield ok('%s: downloaded, in %s' % (name, keras))
        else:
            yield ok('%s: will be downloaded to %s; digits needs no download' % (name, keras))


def clock(given):
    """A clock that is wrong breaks downloads (certificates) and what make and Theano hold for new."""
    newest = max(os.path.getmtime(os.path.join(ROOT, name)) for name in ('Makefile', 'requirements', 'training'))
    now = time.time()
    with tempfile.NamedTemporaryFile() as handle:
        skew = os.path.getmtime(handle.name) - now
    if now < newest - 60:
        yield failure('the clock says %s, which is before this project\'s files' % time.strftime('%Y-%m-%d %H:%M'),
                      'timedatectl set-ntp true')
    elif abs(skew) > 60:
        yield warning('the clock and the file system differ by %.0f s' % skew, 'timedatectl set-ntp true, on both')
    else:
        yield ok('clock: ' + time.strftime('%Y-%m-%d %H:%M:%S %Z'))
