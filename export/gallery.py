"""The networks of pretrained/ as web pages, and one page of links to them: docs/networks/.

    python -m export.gallery [--out docs/networks]

Run it after a package of pretrained/ has changed: a test compares docs/networks/ with them.
"""
from __future__ import absolute_import, print_function

import glob
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common.errors import ArgumentParser, run
from common.files import whole_file
from common.run_folder import PRETRAINED
from export import page, source, templating

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join('docs', 'networks')


def files(packages):
    """The pages of packages, and index.html.

    Parameters
    ----------
    packages : list of str

    Returns
    -------
    dict of str to bytes
        By the file's name.
    """
    networks = [source.from_package(path) for path in sorted(packages)]
    result = {network.name + ending: data for network in networks for ending, data in page.files(network).items()}
    index = templating.render('gallery.html', networks=networks, style=templating.render('page.css'))
    return dict(result, **{'index.html': index.encode('utf-8')})


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', metavar='DIR', default=os.path.join(ROOT, OUT), help='default: %s' % OUT)
    out = parser.parse_args(arguments).out
    if not os.path.isdir(out):
        os.makedirs(out)
    for name, data in sorted(files(glob.glob(os.path.join(PRETRAINED, '*.tar.gz'))).items()):
        with whole_file(os.path.join(out, name)) as handle:
            handle.write(data)
        print('%s: %d bytes' % (os.path.join(out, name), len(data)))


if __name__ == '__main__':
    sys.exit(run(main))
