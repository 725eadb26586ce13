"""The trained parameters of pretrained/ are those of the packages beside them."""
from __future__ import absolute_import

import glob
import os
import tarfile

import pytest

from common.overlays import OVERLAYS
from common.run_folder import PRETRAINED
from weights_gen import generate


@pytest.mark.parametrize('path', sorted(glob.glob(os.path.join(PRETRAINED, '*.npz'))), ids=os.path.basename)
def test_they_give_what_the_package_holds(path, tmpdir, capsys):
    overlay = OVERLAYS[os.path.basename(path).split('-')[1][:-len('.npz')]]
    folder = tmpdir.join('folder')
    generate.main(['--net', overlay.net, '-wb', str(overlay.weight_bits), '-ab', str(overlay.activation_bits),
                   '--params', path, '--out', str(folder)])
    capsys.readouterr()
    with tarfile.open(path[:-len('npz')] + 'tar.gz') as archive:
        packed = {os.path.basename(member.name): archive.extractfile(member).read() for member in archive
                  if member.name.endswith('.bin') and '/samples/' not in member.name}
    assert len(packed) >= 100
    assert packed == {file.basename: file.read_binary() for file in folder.listdir() if file.ext == '.bin'}
