"""Execute docs/train_your_own.ipynb from top to bottom, as a reader would, with a small set of pictures.

    python scripts/run_notebook.py [EXECUTED.ipynb]     (with the packages of requirements/notebook.txt)

Programs that a cell starts get this process's PATH and folders. The exit status is 1 if a cell fails.
"""
import os
import sys
import tempfile
import zipfile

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CLASSES, PICTURES, EPOCHS = ('bars', 'dots', 'rings'), 40, 2       # 96 pictures to train on: a batch of CNV is 50


def picture(title, random):
    """A picture of a class: a pattern of random size, place and colour on a light background, 64x64 RGB."""
    rows, columns = np.mgrid[:64, :64]
    size, (row, column) = random.uniform(8, 14), random.uniform(20, 44, 2)
    distance = np.hypot(rows - row, columns - column)
    inside = {'bars': (columns + column) % size < size / 2, 'dots': distance < size,
              'rings': abs(distance - 1.5 * size) < size / 3}[title]
    ink, paper = random.randint(0, 120, 3), random.randint(180, 256, 3)
    return Image.fromarray(np.where(inside[..., None], ink, paper).astype(np.uint8))


def write_pictures(path):
    """A zip file with a folder for each class."""
    random = np.random.RandomState(1)
    with zipfile.ZipFile(path, 'w') as archive:
        for title in CLASSES:
            for number in range(PICTURES):
                with archive.open('%s/%d.png' % (title, number), 'w') as file:
                    picture(title, random).save(file, 'PNG')


def settings(source, pictures):
    """The settings cell's source with these pictures and few epochs."""
    for before, after in (("PICTURES = ''", 'PICTURES = %r' % pictures), ('EPOCHS = 30', 'EPOCHS = %d' % EPOCHS)):
        assert source.count(before) == 1, 'the notebook has no line %s' % before
        source = source.replace(before, after)
    return source


def main(executed=None):
    notebook = nbformat.read(os.path.join(ROOT, 'docs', 'train_your_own.ipynb'), as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        pictures = os.path.join(folder, 'patterns.zip')
        write_pictures(pictures)
        cell = next(cell for cell in notebook.cells if cell.cell_type == 'code')
        cell.source = settings(cell.source, pictures)
        try:
            NotebookClient(notebook, timeout=1800, resources={'metadata': {'path': os.path.join(ROOT, 'docs')}}).execute()
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            if executed:
                nbformat.write(notebook, executed)
    print('executed every cell of docs/train_your_own.ipynb')
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
