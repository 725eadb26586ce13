"""GTSRB from small files of the published form."""
from __future__ import absolute_import, division

import os

import numpy as np
import pytest
from PIL import Image

from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)
from datasets import registry
from datasets.images import DatasetError


def refused(name, folder, words, net='cnv'):
    with pytest.raises(DatasetError) as caught:
        registry.load(name, net, folder and str(folder))
    message = str(caught.value)
    assert words in message and '\n' not in message, message


def noise(*shape):
    return np.random.RandomState(sum(shape)).randint(0, 256, shape).astype(np.uint8)


HEAD = 'Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n'


def ppm(folder, name, random):
    width, height = random.randint(15, 60, 2)
    Image.fromarray(random.randint(0, 256, (height, width, 3)).astype(np.uint8)).save(os.path.join(str(folder), name))
    return '%s;%d;%d;5;5;10;10' % (name, width, height)


@pytest.fixture
def signs(tmpdir):
    """Three rows of two pictures for each class, and 86 pictures to test."""
    random = np.random.RandomState(0)
    base = tmpdir.mkdir('GTSRB')
    for label in range(43):
        folder = base.join('Final_Training', 'Images', '%05d' % label).ensure(dir=True)
        lines = ['%s;%d\r\n' % (ppm(folder, '%05d_%05d.ppm' % (row, number), random), label)
                 for row in range(3) for number in range(2)]
        folder.join('GT-%05d.csv' % label).write(HEAD + ''.join(lines))
    folder = base.join('Final_Test', 'Images').ensure(dir=True)
    lines = ['%s;%d\n' % (ppm(folder, '%05d.ppm' % number, random), number % 43) for number in range(86)]
    tmpdir.join('GT-final_test.csv').write((HEAD + ''.join(lines)).replace('\r\n', '\n'))
    return base


def test_gtsrb(tmpdir, signs, capsys):
    data = registry.load('gtsrb', 'cnv', str(tmpdir))
    assert data.name == 'gtsrb' and len(data.class_names) == len(set(data.class_names)) == 43
    assert [part.images.shape for part in data[1:4]] == [(172, 32, 32, 3), (86, 32, 32, 3), (86, 32, 32, 3)]
    assert (np.bincount(data.valid.labels) == 2).all() and (np.bincount(data.test.labels) == 2).all()
    assert 'where the published one has 39209' in capsys.readouterr()[1]
    from datasets import inputs        # a picture of the test set, as the board fits it
    path = signs.join('Final_Test', 'Images', '00050.ppm')
    Image.open(str(path)).save(str(tmpdir.join('50.png')))
    fitted = inputs.read(str(tmpdir.join('50.png')), (32, 32, 3))[0]
    place = [image.tobytes() for image in data.test.images].index(fitted.tobytes())
    assert data.test.labels[place] == 7


def test_no_sign_is_in_two_parts(signs, monkeypatch):
    """The pictures of a row are of one sign: either all validate or none."""
    for label in (0, 42):
        folder = signs.join('Final_Training', 'Images', '%05d' % label)
        for row in range(3):        # both pictures of a row the same, to be known again
            Image.open(str(folder.join('%05d_00000.ppm' % row))).save(str(folder.join('%05d_00001.ppm' % row)))
    data = registry.load('gtsrb', 'cnv', str(signs))
    for label in (0, 42):
        parts = [[image.tobytes() for image in part.images[part.labels == label]] for part in (data.train, data.valid)]
        assert len(parts[0]) == 4 and len(parts[1]) == 2 and parts[1][0] == parts[1][1]
        assert not set(parts[0]) & set(parts[1])


def test_wrong_gtsrb(tmpdir, signs):
    answers = tmpdir.join('GT-final_test.csv')
    good = answers.read()
    for text, words in ((good.replace('00003.ppm', '../../x.ppm'), 'line 5'),
                        (good.replace(';42\n', ';43\n'), 'line 44'),
                        (good.replace('ClassId', 'Class'), 'no columns'), ('', 'no columns'),
                        (good.replace('00003.ppm', '99999.ppm'), '99999.ppm (a link to nothing'),
                        (good.replace('00003.ppm;', ''), 'line 5')):
        answers.write(text)
        refused('gtsrb', tmpdir, words)
    answers.remove()
    refused('gtsrb', tmpdir, 'GTSRB_Final_Test_GT.zip')
    answers.write(good)
    signs.join('Final_Test', 'Images', '00003.ppm').write('P6 nothing')
    refused('gtsrb', tmpdir, '1 pictures cannot be read')
    signs.join('Final_Training', 'Images', '00007', 'GT-00007.csv').remove()
    refused('gtsrb', tmpdir, 'GT-00007.csv is missing')
