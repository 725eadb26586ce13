"""A packed network in other forms, for what is no PYNQ: each computes, exactly, what the board does.

    python export/export.py --run runs/cifar10-cnvW1A2 --format onnx --format c
    python export/export.py --package pretrained/mnist-lfcW1A1.tar.gz --format all --out exported

The files appear in the run folder, or in --out, named after the data set and the network.
"""
from __future__ import absolute_import, print_function

import importlib
import os
import re
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common.errors import ArgumentParser, UserError, run
from common.files import whole_file
from common.overlays import OVERLAYS
from export import source

FORMATS = {     # the module with files(source): {ending: bytes}
    'onnx': 'export.standard',
    'c': 'export.c_source',
    'page': 'export.page',
}


class MissingPackage(UserError):
    """A package that only a format needs is not installed."""


def export(network, formats, out):
    """Write a network in some formats.

    Parameters
    ----------
    network : export.source.Source
    formats : sequence of str
        Of :data:`FORMATS`.
    out : str
        The folder; made where it is not there.

    Returns
    -------
    list of str
        The files.

    Raises
    ------
    MissingPackage, EnvironmentError
    """
    contents = [(network.name + ending, data) for name in formats
                for ending, data in sorted(load(name).files(network).items())]
    if not os.path.isdir(out):
        os.makedirs(out)
    for name, data in contents:
        with whole_file(os.path.join(out, name)) as handle:
            handle.write(data)
    return [os.path.join(out, name) for name, _ in contents]


def load(name):
    try:
        return importlib.import_module(FORMATS[name])
    except ImportError as error:
        package = re.match("No module named '?([a-zA-Z0-9_]+)", str(error))
        if package is None:
            raise
        raise MissingPackage('%s needs the package %s: make export FORMAT=%s installs it in an environment of its own; '
                             'or pip install -r requirements/export.txt' % (name, package.group(1), name))


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument('--run', metavar='DIR', help='the run folder')
    origin.add_argument('--package', metavar='FILE.tar.gz', help='what make package made')
    origin.add_argument('--params', metavar='DIR', help='a parameter folder alone, with --net')
    parser.add_argument('--net', choices=list(OVERLAYS), metavar='NET', help='with --params: ' + ', '.join(OVERLAYS))
    parser.add_argument('--format', action='append', required=True, choices=sorted(FORMATS) + ['all'],
                        help='may be given several times')
    parser.add_argument('--out', metavar='DIR', help='where to write (default: the run folder; otherwise here)')
    options = parser.parse_args(arguments)
    formats = sorted(FORMATS) if 'all' in options.format else sorted(set(options.format))
    if bool(options.params) != bool(options.net):
        parser.error('--params and --net belong together')
    network = (source.from_run(options.run) if options.run else
               source.from_package(options.package) if options.package else
               source.from_folder(options.params, OVERLAYS[options.net]))
    for path in export(network, formats, options.out or options.run or '.'):
        print('%s: %d bytes' % (path, os.path.getsize(path)))


if __name__ == '__main__':
    sys.exit(run(main))
