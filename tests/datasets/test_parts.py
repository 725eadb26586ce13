# -*- coding: utf-8 -*-
"""Folders of parts and classes with all names and at all depths, and other files: understood, or rejected."""
from __future__ import absolute_import, division

import os
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets import folder, preview
from datasets.fitting import Fitting
from datasets.folder import find
from datasets.folder.parts import part_of
from datasets.images import DatasetError
from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)

CNV = Fitting('cnv')


def put(root, *places, **options):
    """Write `count` pictures, all different, into each of these folders below a root."""
    for place in places:
        where = root.join(*place.split('/')).ensure(dir=True)
        random = np.random.RandomState(zlib.crc32(place.encode('ascii')) & 0xffffffff)
        for index in range(options.get('count', 5)):
            Image.fromarray(random.randint(0, 256, (32, 32, 3)).astype(np.uint8)).save(str(where.join('%d.png' % index)))
    return str(root)


def refused(path, words):
    with pytest.raises(DatasetError) as caught:
        folder.load(path, CNV)
    message = str(caught.value)
    assert words in message and '\n' not in message, message


def sizes(path):
    data = folder.load(path, CNV)
    return data.class_names, [len(part.labels) for part in data[1:4]]


@pytest.mark.parametrize('part, given', [
    ('train', u'train Training TRAIN training_set seg_train Train-Images images_train train2017 01_train Final_Training '
              u'trainset my_train_data Trainingsdaten Entra\xeenement apprentissage trainval'),
    ('valid', u'valid val Validation validation_set dev VAL-images Validierung valid.images'),
    ('test', u'test Testing test_set seg_test Test-Images testdata Testbilder jeu_de_test holdout 3-test evaluation'),
    (None, u'tests1 contest latest trainer training_shoes test_tube bullet-train cat images data junk seg_pred test_2 '
           u'Train(1)')])
def test_names_of_parts(part, given):
    for name in given.split():
        assert part_of(name.encode('utf-8')) == part, name


@pytest.mark.parametrize('train, valid, test', [
    ('Training', 'Validation', 'Testing'), ('data/train_images', 'data/val_images', 'data/test_images'),
    ('seg_train/seg_train', 'seg_dev/seg_dev', 'seg_test/seg_test'), ('a/b/TRAIN', 'a/b/VALID', 'a/b/TEST'),
    ('Trainingsdaten', 'Validierung', 'Testdaten'), ('train/images', 'valid/images', 'test/images')])
def test_three_parts(tmpdir, train, valid, test):
    path = put(tmpdir.join('own'), *[part + '/' + title for part in (train, valid, test) for title in ('cats', 'dogs')])
    assert sizes(path) == ([u'cats', u'dogs'], [10, 10, 10])


def test_clutter_of_zip_programs_and_notebooks(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'Train/cats', 'Train/dogs', 'Test/cats', 'Test/dogs')
    for place in ('__MACOSX/Train/cats', '.ipynb_checkpoints', 'Train/.ipynb_checkpoints', 'Train/cats/.ipynb_checkpoints',
                  '$RECYCLE.BIN', 'System Volume Information', 'Train/@eaDir'):
        put(root, place)
    for place in ('Thumbs.db', 'Train/desktop.ini', 'Train/cats/Thumbs.db', 'Train/cats/._0.png', '.DS_Store', 'Icon\r'):
        root.join(*place.split('/')).write('x')
    assert sizes(str(root)) == ([u'cats', u'dogs'], [8, 2, 10])
    told = capsys.readouterr()[1]
    assert 'ignored' not in told and 'no pictures' not in told


def test_spelling_of_a_class_in_another_part(tmpdir):
    put(tmpdir.join('own'), 'train/Cat', 'train/DOG', 'test/cat', 'test/dog')
    assert sizes(str(tmpdir.join('own'))) == ([u'Cat', u'DOG'], [8, 2, 10])
    put(tmpdir.join('two'), 'train/Cat', 'train/cat', 'test/CAT')       # ambiguous
    refused(str(tmpdir.join('two')), 'the class CAT has no picture in train/')


def test_parts_of_ten_classes_that_are_only_folders(tmpdir):
    """Parts with strange names, recognised by their folders."""
    put(tmpdir.join('own'), *['%s/%s' % (part, title) for part in ('learn', 'exam') for title in ('cats', 'dogs')])
    refused(str(tmpdir.join('own')), 'the folders exam/, learn/ hold no pictures, only folders (cats/, dogs/)')


@pytest.mark.parametrize('places, words', [
    (('cats', 'dogs', 'Test'), 'holds Test/ with pictures in it, beside cats/, dogs/'),
    (('cats', 'dogs', 'validation'), 'holds validation/ with pictures in it'),
    (('Training', 'junk'), 'holds Training/ with pictures in it, beside junk/'),
    (('training_set', 'cats'), 'need a folder for each class'),
    (('train', 'val'), 'holds train/, val/ and no test/: rename val/ to test/'),
    (('train', 'test'), 'holds 5 pictures and no class folders'),
    (('train/cats', 'train/dogs', 'valid/cats', 'valid/dogs', 'third/cats'), 'and no test/, beside third/: rename valid/'),
    (('train/cats', 'train/dogs', 'Test'), 'Test holds 5 pictures and no class folders: sort them'),
    (('train/cats', 'Train_Images/cats', 'test/cats'), 'give one folder for each'),
    (('cats/train', 'cats/test', 'dogs'), 'the folders cats/ hold no pictures, only folders (test/, train/)'),
    (('images/train/a', 'images/test/a', 'masks'), 'the folders images/ hold no pictures, only folders (test/, train/)'),
    (('images',), 'holds images/, which does not name a class'), (('Images', 'masks'), 'holds Images/, which'),
    (('train/images', 'test/images', 'train/x', 'test/x'), 'holds images/, which'),
    (('groups/big/cats', 'groups/big/dogs'), 'holds the one folder groups with folders in it'),
    (('pets/cats', 'pets/dogs', 'birds/jay', 'birds/tit'), 'the folders birds/, pets/ hold no pictures')])
def test_what_is_not_plain_is_refused(tmpdir, places, words):
    refused(put(tmpdir.join('own'), *places), words)


def test_letters_are_classes_and_one_class_is_told(tmpdir, capsys):
    assert sizes(put(tmpdir.join('own'), *u'abcd'))[0] == list(u'abcd')
    assert sizes(put(tmpdir.join('one'), 'cats')) == ([u'cats'], [3, 1, 1])
    assert 'there is one class, cats' in capsys.readouterr()[1]


def test_folders_within_one_class_are_of_it(tmpdir):
    put(tmpdir.join('own'), 'cats', 'dogs/small', 'dogs/large')
    assert sizes(str(tmpdir.join('own'))) == ([u'cats', u'dogs'], [11, 2, 2])


def test_every_file_is_counted_somewhere(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'in/train/cats', 'in/train/dogs', 'in/test/cats', 'in/test/dogs', 'in/more/x', 'in/train', 'in')
    for place in ('README', 'in/labels.csv', 'in/train/list.txt', 'in/test/cats/notes.txt'):
        root.join(*place.split('/')).write('x')
    assert sizes(str(root))[1] == [8, 2, 10]
    told = capsys.readouterr()[1]
    for line in ('1 other files are above the class folders and are ignored:\n  README',
                 '5 pictures are beside test/, train/ and',
                 'these folders are ignored: more (5 files)', '1 other files are beside test/, train/',
                 '5 pictures are beside the class folders and are ignored:\n  in/train/0.png',
                 '1 other files are beside the class folders', '1 files are not pictures'):
        assert line in told, told
    found = find.find(str(root).encode('ascii'))
    everything = sum(len(files) for _, _, files in os.walk(str(root)))
    assert len(found.paths) + sum(map(len, found.unused.values())) == everything


def test_pictures_of_one_colour(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    Image.fromarray(np.full((40, 40, 3), 9, np.uint8)).save(str(root.join('cats', 'blank.png')))
    folder.load(str(root), CNV)
    assert '1 of 11 pictures are of one colour to the network:\n  cats/blank.png' in capsys.readouterr()[1]
    for index in range(10):     # a drawing program's 0 and 1
        bits = np.random.RandomState(index).randint(0, 2, (50, 50)).astype(np.uint8)
        Image.fromarray(bits).save(str(tmpdir.join('bits', 'ab'[index % 2]).ensure(dir=True).join('%d.png' % index)))
    refused(str(tmpdir.join('bits')), 'all 10 pictures are of one colour to the network, the first a/0.png: if their values '
            'are 0 and 1')


def test_12_bits_in_files_of_16_are_said_for_cnv_alone(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    grey = np.random.RandomState(5).randint(0, 4096, (60, 60)).astype(np.uint16)
    for name, image in (('deep', grey), ('whole', grey * 16), ('black', grey // 4096)):
        Image.fromarray(image).save(str(root.join('dogs', name + '.png')))
    for _ in range(2):      # decoded, then from the cache
        folder.load(str(root), CNV)
        told = capsys.readouterr()[1]
        assert '1 of 13 pictures are nearly black' in told and told.count('\n  dogs/deep.png\n') == 1
        assert 'whole' not in told and told.count('\n  dogs/black.png\n') == 1      # the latter is of one colour
    folder.load(str(root), Fitting('lfc'))
    assert 'nearly black' not in capsys.readouterr()[1]


def test_transparency_is_said_for_cnv_alone(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    clear = np.random.RandomState(5).randint(0, 256, (60, 60, 4)).astype(np.uint8)
    Image.fromarray(clear).save(str(root.join('dogs', 'clear.png')))
    for _ in range(2):      # decoded, then from the cache
        folder.load(str(root), CNV)
        told = capsys.readouterr()[1]
        assert 'transparency is ignored' in told and '\n  dogs/clear.png\n' in told and '0.png' not in told
    folder.load(str(root), Fitting('lfc'))
    assert 'transparen' not in capsys.readouterr()[1]


# --- what a check names ----------------------------------------------------------------------------------------------

def test_a_class_whose_pictures_are_broken_is_named_with_them(tmpdir):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    for index in range(3):
        root.join('birds').ensure(dir=True).join('%d.png' % index).write('no')
    refused(str(root), 'the class birds has no picture that can be read (birds/0.png, birds/1.png, and 1 more): put some')


def test_what_looks_alike_is_named(tmpdir, capsys):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    for alpha, place in ((200, 'cats'), (100, 'dogs')):         # which the network ignores
        clear = np.random.RandomState(5).randint(0, 256, (32, 32, 4)).astype(np.uint8)
        clear[..., 3] = alpha
        Image.fromarray(clear).save(str(root.join(place, 'clear.png')))
    folder.load(str(root), CNV)
    told = capsys.readouterr()[1]
    assert '2 of 12 pictures look to the network like one of another class, such as cats/clear.png and dogs/' in told
    assert 'THRESHOLD' not in told


def test_too_few_are_named_with_the_way_out(tmpdir):
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    root.join('dogs').remove()
    put(root, 'dogs', count=2)
    refused(str(root), 'the class dogs has 2 pictures')


def test_the_preview_tells_all_that_a_training_would_refuse(tmpdir, capsys):
    from common.errors import run
    root = tmpdir.join('own')
    put(root, 'cats', 'dogs')
    root.join('birds').mkdir()
    put(root, 'fish', count=2)
    out = tmpdir.join('sheet.png')
    assert run(preview.main, [str(root), '--net', 'cnv', '--out', str(out)]) == 1
    told = capsys.readouterr()[1]
    assert 'cats: 3 to train on, 1 to validate, 1 to test' in told and 'a training needs ' in told
    assert told.count('make train would refuse this: ') == 2 and 'the class birds has no picture' in told
    assert 'the class fish has 2 pictures' in told.splitlines()[-1] and out.check()
    refused(str(root), 'the class birds has no picture')
    root.join('birds').remove()
    root.join('fish').remove()
    assert run(preview.main, [str(root), '--net', 'cnv', '--out', str(out)]) == 0
    assert 'refuse' not in capsys.readouterr()[1]
