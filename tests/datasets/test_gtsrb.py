"""GTSRB from small files in the published format."""
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
    """Three tracks (rows) of two pictures for each class, and 86 test pictures."""
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
    """The pictures of a row show one sign: all or none are for validation."""
    for label in (0, 42):
        folder = signs.join('Final_Training', 'Images', '%05d' % label)
        for row in range(3):        # both pictures of a row the same, to recognise them
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
                        (good.replace('00003.ppm', '99999.ppm'), '99999.ppm (a broken link'),
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


# --- in torchvision's and Kaggle's format ----------------------------------------------------------------------------

def kaggle(base, signs, tmpdir):
    """Train/0 to 42, Test/ and Test.csv, as PNG, from the published format."""
    for label in range(43):
        where = base.join('Train', '%d' % label).ensure(dir=True)
        for path in signs.join('Final_Training', 'Images', '%05d' % label).listdir('*.ppm'):
            Image.open(str(path)).save(str(where.join('%05d_%s.png' % (label, path.purebasename))))
    lines = ['Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n']
    base.join('Test').ensure(dir=True)
    for line in tmpdir.join('GT-final_test.csv').read().splitlines()[1:]:
        values = line.split(';')
        name = 'Test/%s.png' % values[0][:-4]
        Image.open(str(signs.join('Final_Test', 'Images', values[0]))).save(str(base.join(name)))
        lines.append(','.join(values[1:] + [name]) + '\n')
    base.join('Test.csv').write(''.join(lines))
    base.join('Train.csv').write('not needed')
    base.join('Meta').ensure(dir=True)
    return base


def rows_of(part):
    return sorted((label, image.tobytes()) for image, label in zip(part.images, part.labels))


def test_every_form_is_the_same(tmpdir, signs):
    expected = registry.load('gtsrb', 'cnv', str(tmpdir))
    forms = [kaggle(tmpdir.join('one'), signs, tmpdir), kaggle(tmpdir.join('two', 'archive'), signs, tmpdir).dirpath()]
    base = tmpdir.join('three', 'gtsrb')                            # torchvision's
    signs.join('Final_Training', 'Images').copy(base.join('GTSRB', 'Training').ensure(dir=True))
    signs.join('Final_Test').copy(base.join('GTSRB', 'Final_Test').ensure(dir=True))
    tmpdir.join('GT-final_test.csv').copy(base)
    forms.append(base.dirpath())
    sorted_test = tmpdir.join('four', 'GTSRB')                      # by somebody's script
    kaggle(sorted_test, signs, tmpdir)
    for line in sorted_test.join('Test.csv').read().splitlines()[1:]:
        values = line.split(',')
        where = sorted_test.join('testing', values[-2]).ensure(dir=True)
        sorted_test.join(values[-1]).move(where.join(values[-1].split('/')[1]))
    sorted_test.join('Test').remove()
    sorted_test.join('Test.csv').remove()
    forms.append(sorted_test.dirpath())
    for folder in forms:
        data = registry.load('gtsrb', 'cnv', str(folder))
        assert rows_of(data.test) == rows_of(expected.test)
        assert sorted(rows_of(data.train) + rows_of(data.valid)) == sorted(
            rows_of(expected.train) + rows_of(expected.valid))
        assert (np.bincount(data.valid.labels) == 2).all()


def test_rows_of_kaggle_s_names_stay_together(tmpdir, signs):
    base = kaggle(tmpdir.join('one'), signs, tmpdir)
    for row in range(3):
        for path in base.join('Train', '5').listdir():
            if path.basename.startswith('00005_%05d' % row):
                Image.new('RGB', (32, 32), (row, 0, 0)).save(str(path))
    data = registry.load('gtsrb', 'cnv', str(base))
    valid, train = [{int(image[0, 0, 0]) for image in part.images[part.labels == 5]} for part in (data.valid, data.train)]
    assert len(valid) == 1 and len(train) == 2 and not valid & train


def test_a_tenth_of_the_rows_validates(tmpdir, signs):
    random = np.random.RandomState(1)
    folder = signs.join('Final_Training', 'Images', '00009')
    lines = ['%s;9\r\n' % ppm(folder, '%05d_%05d.ppm' % (row, number), random) for row in range(40) for number in range(3)]
    folder.join('GT-00009.csv').write(HEAD + ''.join(lines))
    data = registry.load('gtsrb', 'cnv', str(tmpdir))
    assert (data.valid.labels == 9).sum() == 12


def test_what_is_there_and_what_lacks(tmpdir, signs):
    signs.join('Final_Test').remove()
    refused('gtsrb', tmpdir, 'GTSRB holds Final_Training/Images/ and lacks the test pictures (Final_Test/Images or Test/)')
    base = kaggle_training = tmpdir.join('other')
    base.join('Test').ensure(dir=True)
    Image.new('RGB', (9, 9)).save(str(base.join('Test', '00000.png')))
    refused('gtsrb', kaggle_training, 'holds Test/ and lacks the training pictures')
    refused('gtsrb', tmpdir.mkdir('nothing'), 'does not hold the unpacked folder GTSRB')


def test_as_a_folder_of_one_s_own_it_is_recognised(tmpdir, signs):
    base = kaggle(tmpdir.join('Kaggle'), signs, tmpdir)
    with pytest.raises(DatasetError) as caught:
        registry.load(str(base), 'cnv')
    assert 'DATASET=gtsrb DATA_DIR=%s' % base in str(caught.value)
    data = registry.load(str(base.join('Train')), 'cnv')       # its training pictures alone: tracks stay together
    assert data.class_names[:3] == [u'0', u'1', u'2'] and len(data.class_names) == 43
    assert [len(part.labels) for part in data[1:4]] == [86, 86, 86]
