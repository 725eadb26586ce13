"""The board kit: what a package carries beside the parameters for use on the board.

    notebook, pictures = files_of('pets', 'cnvW1A1')        # 'notebook.ipynb' and 'pictures.py', as bytes

The notebook is board/notebooks/board.ipynb with the set's name and network filled in. pictures.py is datasets/pictures.py
as it is, so that a photograph is fitted for LFC on the board as it was on the host: it needs numpy and Pillow alone.
"""
from __future__ import absolute_import

import io
import json
import os
import re

from datasets import pictures

_HERE = os.path.dirname(os.path.abspath(__file__))
_SETTINGS = re.compile(r"^(NAME|NETWORK) = '[^']*'")


def files_of(name, network):
    """The kit's files for a set.

    Parameters
    ----------
    name, network : str
        Of the set on the board.

    Returns
    -------
    notebook, pictures : bytes
        In the order of :data:`board.package.KIT`; the same on every Python.
    """
    with io.open(os.path.join(_HERE, 'notebooks', 'board.ipynb'), encoding='utf-8') as handle:
        notebook = json.load(handle)
    values = {'NAME': name, 'NETWORK': network}
    first = next(cell for cell in notebook['cells'] if cell['cell_type'] == 'code')
    first['source'] = [_SETTINGS.sub(lambda found: "%s = '%s'" % (found.group(1), values[found.group(1)]), line)
                       for line in first['source']]
    text = json.dumps(notebook, indent=1, sort_keys=True, separators=(',', ': ')) + '\n'
    with io.open(re.sub('c$', '', pictures.__file__), 'rb') as handle:
        return text.encode('ascii'), handle.read()
