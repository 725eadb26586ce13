"""Whether this machine has disk space for a training, the data sets, and a correct clock."""
from __future__ import absolute_import, division

import os
import re
import tempfile
import time

from common.errors import UserError
from scripts.doctor_report import failure, ok, warning

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GIGABYTE = 1e9
ROOM = 2 * GIGABYTE             # for a data set, a compile cache, and a run with its checkpoints


def folders(given):
    """Free space and write access for runs, compiled code and downloads."""
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
        yield ok(text) if free > ROOM else warning(text, 'free some space, or use another folder')


def data(given):
    """Whether the data sets can be read, as a training reads them, or downloaded."""
    if given.data_dir:
        for name, net in (('mnist', 'lfc'), ('cifar10', 'cnv')):
            yield _read(name, net, given.data_dir)
        return
    from datasets import downloads      # reading files needs no six
    keras = downloads.cache_folder()
    for name, source in (('mnist', downloads.MNIST), ('cifar10', downloads.CIFAR10)):
        if os.path.exists(os.path.join(keras, source.cached_as)):
            yield ok('%s: downloaded, in %s' % (name, keras))
        else:
            yield ok('%s: will be downloaded to %s; digits needs no download' % (name, keras))


def _read(name, net, folder):
    try:
        from datasets import registry
    except ImportError as error:        # no numpy, or no Pillow
        return warning('%s: cannot be checked without its packages (%s)' % (name, error))
    try:
        return ok('%s: %d training images in %s' % (name, len(registry.load(name, net, folder).train[0]), folder))
    except UserError as error:
        return warning('%s: %s' % (name, error))


def clock(given):
    """A wrong clock breaks downloads (certificates), and make and Theano, which compare file times."""
    newest = max(os.path.getmtime(os.path.join(ROOT, name)) for name in ('Makefile', 'requirements', 'training'))
    now = time.time()
    with tempfile.NamedTemporaryFile() as handle:
        skew = os.path.getmtime(handle.name) - now
    if now < newest - 60:
        yield failure('the clock says %s, earlier than this project\'s files' % time.strftime('%Y-%m-%d %H:%M'),
                      'timedatectl set-ntp true')
    elif abs(skew) > 60:
        yield warning('the clock and the file system differ by %.0f s' % skew, 'timedatectl set-ntp true, on both machines')
    else:
        yield ok('clock: ' + time.strftime('%Y-%m-%d %H:%M:%S %Z'))
