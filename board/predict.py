"""Predict what the board will answer to a picture: the ranked classes.

    python board/predict.py --package pretrained/mnist-lfcW1A1.tar.gz --images seven.png

The package names its network, and is checked first. A picture gives the answer, the ranked classes and what the network
saw; a folder a table (:mod:`board.folders`); a file of many images one class name a line, with the set and its accuracy
on standard error. --preview writes what was seen.
"""
from __future__ import absolute_import, print_function

import contextlib
import io
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from board import folders, package, seen
from board.simulator import Simulator, answers, print_lines, ranking
from common import options
from common.errors import UserError, run
from common.files import open_regular, temporary_folder, whole_file
from common.overlays import LARGEST_OUTPUT, OVERLAYS
from common.run_folder import PRETRAINED, RunFolder
from datasets import inputs, names, registry, zipped

_EXAMPLES, _SHOWN = 10, 128     # most images of an answer, and of all, in a preview


@contextlib.contextmanager
def unpacked(path):
    """A package's manifest, and a folder that holds its files until the block ends.

    Parameters
    ----------
    path : str
        A package that :mod:`board.package` built.

    Raises
    ------
    board.package.BadPackage, EnvironmentError
    """
    with open_regular(path) as handle:
        try:
            manifest, contents = package.read(handle)
        except package.BadPackage as error:
            raise package.BadPackage('%s: %s' % (path, error))
    with temporary_folder() as folder:
        for part, content in contents.items():
            if not os.path.isdir(os.path.dirname(os.path.join(folder, part))):
                os.makedirs(os.path.dirname(os.path.join(folder, part)))
            with open(os.path.join(folder, part), 'wb') as handle:
                handle.write(content)
        yield manifest, folder


def load(path):
    """A package's manifest, and the simulator with its parameters.

    Raises
    ------
    weights_gen.folder.BadFolder, and what :func:`unpacked` raises
    """
    with unpacked(path) as (manifest, folder):
        return manifest, Simulator(folder, OVERLAYS[manifest['network']])


def fitting(manifest):
    """How training fitted its own pictures, (invert, threshold); None where it read MNIST or the like."""
    made = manifest.get('settings')
    made = made if isinstance(made, dict) else {}
    invert, threshold = made.get('invert'), made.get('threshold')
    return (invert if invert in ('auto', 'yes', 'no') else None,
            threshold if isinstance(threshold, int) and 0 <= threshold <= 255 else None)


def pretrained(files):
    """The path of the project's package for a run of this name, whether it exists or not."""
    return os.path.join(PRETRAINED, files.name + '.tar.gz')


def package_of(given):
    """The package of the user's run, or, where there is none, the one that comes with the project.

    Parameters
    ----------
    given : argparse.Namespace
        The options that name a run: :func:`datasets.registry.run_path`.

    Returns
    -------
    str
        The package's path.

    Raises
    ------
    UserError
        There is neither, or the run is trained but not packed.
    """
    files = RunFolder(registry.run_path(given), exists=False)
    if os.path.exists(files.parameters):
        if not os.path.exists(files.package):
            raise UserError('%s is trained but not packed: run make weights verify package with the same variables'
                            % files.path)
        if os.path.getmtime(files.parameters) > os.path.getmtime(files.package):
            print('%s was made before the last training: run make weights verify package' % files.package,
                  file=sys.stderr)
    for path in (files.package, pretrained(files)):
        if os.path.exists(path):
            return path
    raise UserError('there is neither %s nor %s: run make all with the same NET, WB, AB and DATASET' % (
        files.package, os.path.relpath(pretrained(files), os.path.dirname(PRETRAINED))))


def about(manifest, path):
    """Which set answers and how good it is, in a line."""
    accuracy = manifest.get('accuracy')
    packed = accuracy.get('packed') if isinstance(accuracy, dict) else None
    return package.plain('by %s/%s, trained on %s%s (%s)' % (
        manifest['name'], manifest['network'], manifest.get('dataset'),
        ', %.2f %% of its test images right, packed' % packed if isinstance(packed, (int, float)) else
        ', not verified', os.path.relpath(path)))


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('predict', __doc__.split('\n')[0])
    parser.add_argument('--package', metavar='FILE.tar.gz', help='a package (default: the run\'s, or the one that comes '
                        'with the project)')
    given = parser.parse_args(arguments)
    if not given.images:
        raise UserError('name a picture: make predict IMAGE=docs/seven.png, or --images')
    if given.preview and os.path.isdir(given.preview):
        raise UserError('%s is a folder: name a file, PREVIEW=seen.png' % given.preview)
    path = given.package or package_of(given)
    manifest, simulator = load(path)
    invert, threshold = fitting(manifest)
    images = given.images
    if zipped.is_packed(images):
        images = zipped.unpacked(images)
    if os.path.isdir(images):
        _answer_folder(given, folders.read(images, simulator, invert, threshold), simulator, about(manifest, path))
    else:
        _answer_file(given, inputs.read(images, simulator.overlay.image_shape, invert, threshold, own=True), simulator,
                     about(manifest, path))


def _answer_folder(given, found, simulator, about_set):
    print_lines(folders.lines(found, simulator))
    for line in folders.remarks(found, simulator) + [about_set]:
        print(line, file=sys.stderr)
    if given.preview:
        _write_preview(given, found.images, found.answers, simulator,
                       [os.path.join(found.root, path) for path in found.paths])


def _answer_file(given, images, simulator, about_set):
    overlay, classes = simulator.overlay, simulator.classes
    scores = simulator.scores(images)
    got = answers(overlay, scores)
    if len(images) == 1:
        name = names.text(names.encoded(os.path.basename(given.images)))
        print_lines([u'%s: answer %s' % (name, classes[got[0]]), about_set, u''] + ranking(overlay, classes, scores[0]))
        if overlay.decision != LARGEST_OUTPUT:
            print_lines([u'(a bit for each class, 1 for yes; the board answers the highest that is set)'])
        print_lines([u'', u'what the network saw:'] + seen.lines(images[0], overlay.net, sys.stdout))
    else:
        print_lines(classes[index] for index in got)
        print(about_set, file=sys.stderr)
    if given.preview:
        _write_preview(given, images, got, simulator, [given.images if len(images) == 1 else None] * len(images))


def _write_preview(given, images, got, simulator, paths):
    """A sheet of what the network saw, grouped by answer."""
    from datasets import preview        # predicting alone needs no fonts
    labels = sorted(set(got.tolist()))
    most = max(1, min(_EXAMPLES, _SHOWN // len(labels)))
    examples = [[(paths[index] if _is_picture(paths[index]) else None, images[index])
                 for index in range(len(images)) if got[index] == label][:most] for label in labels]
    stream = io.BytesIO()
    preview.sheet([u'What %s saw of %s' % (simulator.overlay.name, names.text(names.encoded(os.path.basename(
        given.images.rstrip(os.sep)))))], [u'answer %s' % simulator.classes[label] for label in labels], examples,
        simulator.overlay.net).save(stream, 'PNG')
    with whole_file(given.preview) as handle:
        handle.write(stream.getvalue())
    print(given.preview, file=sys.stderr)


def _is_picture(path):
    return path is not None and inputs.is_picture(path)


if __name__ == '__main__':
    sys.exit(run(main))
