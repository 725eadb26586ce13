"""Write the parameter folder that an overlay loads, from the parameters that training saved.

    python weights_gen/generate.py --net cnv -wb 1 -ab 1 --params cifar10-1w-1a.npz --out cnvW1A1

DIR appears whole or not at all. One that is there is replaced only where it is empty or itself a parameter folder.
"""
from __future__ import absolute_import, print_function

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common import options, overlays
from common.errors import UserError, run
from common.files import whole_folder
from common.run_folder import RunFolder
from datasets import registry
from weights_gen import classes, folder, parameters, thresholds, weights


class WouldDestroy(UserError):
    """The output path holds something other than a parameter folder."""


def generate(overlay, archive, out, class_file=None):
    """Write an overlay's parameter folder.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    archive : str
        Path of the trained parameters (.npz).
    out : str
        Path of the folder. Only an empty one or an older parameter folder is replaced.
    class_file : str, optional
        Path of the names of the classes, UTF-8, one a line.

    Returns
    -------
    list of unicode str
        The names of the classes.

    Raises
    ------
    parameters.BadArchive, classes.BadClasses, WouldDestroy, EnvironmentError
    """
    out = os.path.realpath(out)
    _check_replaceable(out)
    trained = parameters.read(archive, overlay)
    names = classes.names(overlay, parameters.classes(trained), class_file)
    layers = [folder.LayerMatrices(weights.compute(layer, values), thresholds.compute(layer, values))
              for layer, values in zip(overlay.layers, trained)]
    with whole_folder(out) as temporary:
        folder.write(temporary, overlay, layers, names)
    return names


def _check_replaceable(out):
    if os.path.ismount(out) or (os.path.realpath(os.curdir) + os.sep).startswith(out + os.sep):
        raise WouldDestroy('%s is in use and cannot be replaced: give --out a folder inside it' % out)
    if os.path.isdir(out):
        if os.listdir(out) and not folder.recognise(out):
            raise WouldDestroy('%s is a folder with other things in it: choose another --out, or remove it' % out)
    elif os.path.lexists(out):
        raise WouldDestroy('%s is a file: choose another --out' % out)


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('weights', __doc__.split('\n')[0])
    parser.add_argument('--params', metavar='FILE.npz', help='the trained parameters (default: the run\'s)')
    parser.add_argument('--out', metavar='DIR', help='the parameter folder to write (default: the run\'s)')
    parser.add_argument('--classes', metavar='FILE', help='names of the classes, UTF-8, one a line (default: the run\'s, '
                        'or CIFAR-10\'s for cnv and the digits for lfc)')
    given = parser.parse_args(arguments)
    if given.params and given.out:
        overlay = overlays.find(given.net, given.weight_bits, given.activation_bits)
    elif given.params or given.out:
        parser.error('give both --params and --out, or neither, to use a run\'s')
    else:
        run_folder = RunFolder(registry.run_path(given))
        overlay, given.out, given.params = run_folder.overlay, run_folder.folder, run_folder.needed(run_folder.parameters)
        given.classes = given.classes or run_folder.classes
    names = generate(overlay, given.params, given.out, given.classes)
    print('%s: %d files for %d classes in %s' % (overlay.name, len(folder.layout(overlay)), len(names), given.out))


def documented(net, weight_bits, activation_bits):
    """One of the documents' scripts: without arguments, from the archive here to the folder here.

    Returns
    -------
    int
        The exit status.
    """
    bits = weight_bits, activation_bits
    defaults = ['--net', net, '-wb', '%d' % weight_bits, '-ab', '%d' % activation_bits,
                '--params', '%s-%dw-%da.npz' % ((overlays.NETWORKS[net].dataset,) + bits),
                '--out', '%sW%dA%d' % ((net,) + bits)]
    return run(lambda arguments: main(defaults + arguments))


if __name__ == '__main__':
    sys.exit(run(main))
