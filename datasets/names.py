"""Names of data sets, files and classes, in whatever alphabet, on Python 2 and 3.

    file_name('photos/My Pets')     # 'My-Pets', for the names of files
    sorted(['10', '9', 'a'], key=natural)       # 9, 10, a
"""
from __future__ import absolute_import

import os
import re
import sys
import unicodedata
import zlib

_LONGEST = 48       # characters: the network's name comes behind
_CONTROL = re.compile(u'[\x00-\x1f\x7f-\x9f\u2028\u2029]')


def file_name(path):
    """The name of a file or folder as part of other files' names.

    Parameters
    ----------
    path : str

    Returns
    -------
    str
        Its own name without .npz or .zip, accents, and whatever else a file name on another machine might not hold: at most
        48 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit.
    """
    name = text(encoded(os.path.basename(os.path.abspath(os.path.expanduser(path)))))
    if name.lower().endswith((u'.npz', u'.zip')):
        name = name[:-4]
    plain = unicodedata.normalize('NFKD', name).encode('ascii', 'ignore').decode('ascii')
    plain = re.sub(u'[^A-Za-z0-9._]+', u'-', plain).strip(u'-._')[:_LONGEST]
    if not plain:       # a name in another alphabet
        plain = u'pictures-%08x' % (zlib.crc32(name.encode('utf-8')) & 0xffffffff)
    return str(plain)


def encoded(path):
    """A path as bytes: what the system's calls take for names of any kind."""
    if isinstance(path, bytes):
        return path
    return path.encode('utf-8') if sys.version_info[0] == 2 else os.fsencode(path)


def text(name):
    """A file's name as unicode, in composed characters; what is not UTF-8 becomes U+FFFD."""
    return unicodedata.normalize('NFC', name.decode('utf-8', 'replace'))


def shown(name):
    """A name, bytes or unicode, as the native str that messages are made of, without control characters."""
    name = one_line(name)
    return name.encode('utf-8') if sys.version_info[0] == 2 else name


def one_line(name):
    """A name, bytes or unicode, as unicode without control characters."""
    return _CONTROL.sub(u'?', text(name) if isinstance(name, bytes) else name)


def is_plain(name):
    """Whether a unicode name is text in one line: what the board's list of classes can hold."""
    return u'\ufffd' not in name and not _CONTROL.search(name)


def natural(name):
    """A key to sort by: numbers within names by their value, letters without regard to case."""
    parts = re.split(u'([0-9]+)', name)
    return [int(part) if number % 2 else part.lower() for number, part in enumerate(parts)], name
