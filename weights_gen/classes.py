"""The names of the classes, which the board shows beside its answers."""
from __future__ import absolute_import

from common.errors import UserError
from common.files import open_regular
from common.overlays import MAX_CLASSES
from datasets.names import is_plain

_SIZE_LIMIT = 65536     # bytes


class BadClasses(UserError):
    """The names of the classes do not fit the network."""


def names(overlay, count, path=None):
    """The names of a network's classes.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    count : int
        The network's outputs.
    path : str, optional
        A UTF-8 file with one name a line. Without it: CIFAR-10's names for CNV, the digits for LFC.

    Returns
    -------
    list of unicode str

    Raises
    ------
    BadClasses
        The file is not such a file, or lacks one name for each output of the network.
    """
    if path is not None:
        result = read(path)
        if len(result) != count:
            raise BadClasses('%s has %d names where the network has %d outputs: give one name a line for each'
                             % (path, len(result), count))
    else:
        result = list(overlay.network.classes)
        if len(result) != count:
            raise BadClasses('the network has %d outputs, and only networks with %d have names of their own: '
                             'give a file with one name a line, --classes FILE' % (count, len(result)))
    return result


def read(path):
    """The names in a file, one a line, UTF-8.

    Raises
    ------
    BadClasses
        Not UTF-8 text, a name empty or twice, control characters, no name or more than 64.
    EnvironmentError
        The file cannot be read.
    """
    with open_regular(path) as handle:
        data = handle.read(_SIZE_LIMIT + 1)
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError:
        raise BadClasses('%s is not UTF-8 text: it needs one name a line' % path)
    text = text.replace(u'\r\n', u'\n')
    lines = text[:-1] if text.endswith(u'\n') else text
    result = [line.strip() for line in lines.split(u'\n')]
    if len(result) > MAX_CLASSES or len(data) > _SIZE_LIMIT:
        raise BadClasses('%s has more than %d names, the most an overlay tells apart' % (path, MAX_CLASSES))
    for number, name in enumerate(result, 1):
        if not name:
            raise BadClasses('%s: line %d is empty: it needs one name a line' % (path, number))
        if not is_plain(name):
            raise BadClasses('%s: line %d has control characters: it needs plain text' % (path, number))
        first = result.index(name) + 1
        if first < number:
            raise BadClasses('%s: lines %d and %d have the same name: every class needs its own'
                             % (path, first, number))
    return result
