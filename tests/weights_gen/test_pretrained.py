"""The trained parameters of pretrained/ are those of the packages beside them."""
from __future__ import absolute_import

import glob
import os
import tarfile

import pytest

from common.overlays import OVERLAYS
from common.quantizers import OFFSET, PACKED_WEIGHTS, WEIGHTS
from common.run_folder import PRETRAINED
from weights_gen import generate, parameters

trained = pytest.mark.parametrize('path', sorted(glob.glob(os.path.join(PRETRAINED, '*.npz'))), ids=os.path.basename)


def _overlay(path):
    return OVERLAYS[os.path.basename(path).split('-')[1][:-len('.npz')]]


@trained
def test_they_give_what_the_package_holds(path, tmpdir, capsys):
    overlay = _overlay(path)
    folder = tmpdir.join('folder')
    generate.main(['--net', overlay.net, '-wb', str(overlay.weight_bits), '-ab', str(overlay.activation_bits),
                   '--params', path, '--out', str(folder)])
    capsys.readouterr()
    with tarfile.open(path[:-len('npz')] + 'tar.gz') as archive:
        packed = {os.path.basename(member.name): archive.extractfile(member).read() for member in archive
                  if member.name.endswith('.bin') and '/samples/' not in member.name}
    assert len(packed) >= 100
    assert packed == {file.basename: file.read_binary() for file in folder.listdir() if file.ext == '.bin'}


@trained
def test_training_starts_from_the_weights_that_are_packed(path):
    # Their weights are rounded; on an edge, training and packing would read different ones.
    bits = _overlay(path).weight_bits
    weights = [array for array in parameters.arrays(parameters.read(path, _overlay(path))) if array.ndim > 1]
    assert len(weights) == 9
    for array in weights:
        assert (WEIGHTS[bits](array, OFFSET) == PACKED_WEIGHTS[bits](array)).all()
