"""The user's own Theano settings, in THEANO_FLAGS and .theanorc: what they are, and which of them no training can use.

    settings = read()
    settings['device']                  # Setting('device', 'cuda', '/home/somebody/.theanorc')
    problems(settings)                  # a line for each that no training can use
    told(settings, {'openmp': 'True'})  # a line for each that decides speed or results, and is not as usual

Theano's own precedence: THEANO_FLAGS before the files, a later file of THEANORC before an earlier one.
"""
from __future__ import absolute_import

import collections
import os
import re
import shlex

try:
    import configparser
except ImportError:         # Python 2
    import ConfigParser as configparser

from common.errors import UserError

Setting = collections.namedtuple('Setting', ['name', 'value', 'source'])

# Setting, values that no training can use, what to write: what users of the original have set, and what each does here.
_CANNOT = (
    ('device', 'gpu.*', 'Theano 1.0 calls a GPU cuda: write device = cuda, which needs pygpu, or device = cpu'),
    ('device', '(?!cpu$|cuda[0-9]*$|opencl[0-9]+:[0-9]+$).*', 'write device = cpu, or cuda where pygpu is installed'),
    ('mode', '(?!Mode$|FAST_RUN$).*', 'only Mode and FAST_RUN compile this network: leave mode out'),
    ('linker', '(vm|py).*', 'this network has only C code: leave linker out'),
    ('cxx', '', 'Theano compiles C++ for every step: leave cxx out, or name a compiler'),
    ('compute_test_value', '(?!off$|ignore$).*', 'there are no test values here: leave compute_test_value out'))

# What changes how fast a training is, or its numbers in the last digits.
_DECIDE = re.compile('device|floatx|openmp|allow_gc|mode|linker|cxx|optimizer|optimizer_.*|deterministic|gcc[.].*|blas[.].*|'
                     'lib[.]amdlibm|dnn[.].*|gpuarray[.].*|conv[.].*|profile$')


def read():
    """The user's settings.

    Returns
    -------
    dict of str to Setting
        By name in lower case: 'device', 'floatx', 'blas.ldflags'.

    Raises
    ------
    UserError
        A file, or THEANO_FLAGS, cannot be read.
    """
    settings = collections.OrderedDict()

    def add(name, value, source):
        settings[name.lower()] = Setting(name, value.strip(), source)

    for path in os.environ.get('THEANORC', '~/.theanorc').split(os.pathsep):
        path = os.path.expanduser(path)
        parser = configparser.RawConfigParser()
        try:
            parser.read([path])
            for section in parser.sections():
                for option, value in parser.items(section):
                    add(option if section == 'global' else '%s.%s' % (section, option), value, path)
        except (configparser.Error, UnicodeDecodeError) as error:
            raise UserError('%s cannot be read: correct or remove it (%s)' % (path, ' '.join(str(error).split())))
    flags = shlex.shlex(os.environ.get('THEANO_FLAGS', ''), posix=True)
    flags.whitespace, flags.whitespace_split = ',', True
    try:
        for word in flags:
            if '=' in word:
                add(*[part.strip() for part in word.split('=', 1)] + ['THEANO_FLAGS'])
    except ValueError as error:
        raise UserError('THEANO_FLAGS cannot be read: correct or unset it (%s)' % error)
    return settings


def problems(settings):
    """What no training can use, a line each."""
    lines, found = [], set()
    for name, values, advice in _CANNOT:
        if name in settings and name not in found and re.match('(?:%s)$' % values, settings[name].value):
            found.add(name)
            lines.append('%s: %s' % (shown(settings[name]), advice))
    return lines


def told(settings, usual):
    """What decides speed or results, and is not as usual (name to value), a line each."""
    return [shown(setting) + (', which is ignored: training computes in float32' if name == 'floatx' else '')
            for name, setting in settings.items()
            if _DECIDE.match(name) and setting.value != usual.get('floatX' if name == 'floatx' else name)]


def shown(setting):
    """'~/.theanorc: device = gpu'"""
    home = os.path.expanduser('~')
    source = setting.source
    if home != '/' and source.startswith(home + os.sep):
        source = '~' + source[len(home):]
    return '%s: %s = %s' % (source, setting.name, setting.value)
