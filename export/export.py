"""Export a packed network for other targets than a PYNQ: each form computes exactly what the board does.

    python -m export.export --run runs/cifar10-cnvW1A2 --format onnx --format c
    python -m export.export --package pretrained/mnist-lfcW1A1.tar.gz --format all --out exported

The files appear in the run folder, or in --out, named after the data set and the network.
"""
from __future__ import absolute_import, print_function

import importlib
import os
import re
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import predict
from common import options
from common.errors import UserError, run
from common.files import whole_file
from common.overlays import OVERLAYS
from common.run_folder import RunFolder
from datasets import registry
from export import source

FORMATS = {     # the module with files(source): {ending: bytes}
    'onnx': 'export.standard',
    'qonnx': 'export.qonnx_file',
    'c': 'export.c_source',
    'page': 'export.page',
    'finn': 'export.finn_estimate',
}
ALL = sorted(set(FORMATS) - {'finn'})       # FINN's packages take over a gigabyte
NAMED = ', '.join(ALL + ['finn'])


class MissingPackage(UserError):
    """A package that only a format needs is not installed."""


def export(network, formats, out, **told):
    """Write a network in some formats.

    Parameters
    ----------
    network : export.source.Source
    formats : sequence of str
        Of :data:`FORMATS`.
    out : str
        The folder; made where it is not there.
    **told : dict
        By the format's name, more arguments of its ``files``.

    Returns
    -------
    list of str
        The files.

    Raises
    ------
    MissingPackage, EnvironmentError
    """
    contents = {}
    for name in formats:
        contents.update(load(name).files(network, **told.get(name, {})))
    if not os.path.isdir(out):
        os.makedirs(out)
    files = [(os.path.join(out, network.name + ending), contents[ending]) for ending in sorted(contents)]
    _write(files)
    return [path for path, _ in files]


def _write(files):
    """Write files, (path, bytes); none appears before all of them are written."""
    if files:
        path, data = files[0]
        with whole_file(path) as handle:
            handle.write(data)
            handle.flush()
            _write(files[1:])


def load(name):
    """The module of a format."""
    try:
        return importlib.import_module(FORMATS[name])
    except ImportError as error:
        package = re.match("No module named '?([a-zA-Z0-9_]+)", str(error))
        if package is None:
            raise
        raise MissingPackage('{0} needs the package {1}: make export FORMAT={0} installs it in an environment of its own, '
                             'as does scripts/in_env.sh --for {2} python export/export.py, which takes --package and '
                             '--params; or pip install --no-deps -r requirements/{2}.txt'
                             .format(name, package.group(1), 'finn' if name == 'finn' else 'export'))


def of_run(given):
    """The network of the user's run, or, where nothing is trained, of the package that comes with the project."""
    files = RunFolder(registry.run_path(given), exists=False)
    package = predict.pretrained(files)
    if given.run or os.path.exists(files.parameters):
        return source.from_run(files.path)
    if os.path.exists(package):
        return source.from_package(package)
    raise UserError('there is neither %s nor %s: run make train weights with the same NET, WB, AB and DATASET first'
                    % (files.parameters, package))


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('export', __doc__.split('\n')[0], without=['FORMAT'])
    options.add(parser, 'FORMAT', action='append')
    parser.add_argument('--package', metavar='FILE.tar.gz', help='a package, instead of a run')
    parser.add_argument('--params', metavar='DIR', help='a parameter folder alone, with --overlay, instead of a run')
    parser.add_argument('--overlay', choices=list(OVERLAYS), metavar='NAME', help='with --params: ' + ', '.join(OVERLAYS))
    parser.add_argument('--out', metavar='DIR', help='where to write (default: the run folder; without a run, here)')
    given = parser.parse_args(arguments)
    formats = sorted({name for text in given.format or () for name in text.replace(',', ' ').split()})
    if not formats:
        raise UserError('name a format, FORMAT= or --format: %s, several with commas, or all (without finn)'
                        % NAMED)
    for name in formats:
        if name not in FORMATS and name != 'all':
            raise UserError('there is no format %s (FORMAT, --format): choose from %s, or all' % (name, NAMED))
    if bool(given.params) != bool(given.overlay):
        parser.error('--params and --overlay belong together')
    out = given.out or '.'
    if given.params:
        network = source.from_folder(given.params, OVERLAYS[given.overlay])
    elif given.package:
        network = source.from_package(given.package)
    else:
        network, out = of_run(given), given.out or registry.run_path(given)
    formats = sorted(set(formats) - {'all'} | set(ALL)) if 'all' in formats else formats
    for path in export(network, formats, out, finn={'board': given.fpga}):
        print('%s: %d bytes' % (path, os.path.getsize(path)))


if __name__ == '__main__':
    sys.exit(run(main))
