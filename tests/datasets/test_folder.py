# -*- coding: utf-8 -*-
"""Folders of real pictures of all kinds, intact, broken and misplaced.

The file is long because the folders that it makes serve most of its tests.
"""
from __future__ import absolute_import, division

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from datasets import folder, inputs, preview, registry
from tests.datasets import drawings
from tests.shared import ROOT
from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)
from datasets.fitting import Fitting
from datasets.folder import decode, find
from datasets.images import DatasetError, encode

CNV, LFC = Fitting('cnv'), Fitting('lfc')


@pytest.fixture(scope='module')
def shapes(tmpdir_factory):
    return drawings.folder(str(tmpdir_factory.mktemp('own').join('shapes')), 36)


@pytest.fixture
def small(tmpdir):
    return drawings.folder(str(tmpdir.join('small')), 6)


def rows(part):
    return {image.tobytes() for image in part.images}


def refused(path, words, fitting=CNV, **options):
    with pytest.raises(DatasetError) as caught:
        folder.load(path, fitting, **options)
    message = str(caught.value)
    assert words in message and '\n' not in message, message


@pytest.mark.parametrize('fitting, shape', [(CNV, (32, 32, 3)), (LFC, (28, 28))])
def test_every_kind_of_picture(shapes, fitting, shape):
    data = registry.load(shapes, fitting.net)
    assert data.name == 'shapes' and list(data.class_names) == [u'circle', u'square', u'star']
    assert sum(len(part.images) for part in data[1:4]) == 108
    for part in data[1:4]:
        assert part.images.dtype == part.labels.dtype == np.uint8 and part.images.shape[1:] == shape
        assert set(part.labels) == {0, 1, 2} and len(part.labels) == len(part.images)
    if fitting.net == 'lfc':
        assert set(np.unique(data.train.images)) == {0, 255}
    assert not (rows(data.train) & rows(data.test) or rows(data.train) & rows(data.valid) or
                rows(data.valid) & rows(data.test))
    assert len(data.test_files) == len(set(data.test_files)) == len(data.test.images)
    for name, image, label in zip(data.test_files, data.test.images, data.test.labels):
        np.testing.assert_array_equal(inputs.read(os.path.join(shapes, name), fitting.shape)[0], image)
        assert name.split('/')[0] == data.class_names[label]
    assert min(np.bincount(data.train.labels[:30], minlength=3)) > 3        # shuffled: the first N are of all classes


def test_cnv_sees_what_the_board_sees(shapes):
    found, chosen = folder.collect(shapes, CNV)
    compared = 0
    for picture in chosen:
        path = os.path.join(shapes.encode('ascii'), picture.path).decode('ascii')
        if not picture.path.startswith(b'circle') or Image.open(path).mode.startswith('I'):
            continue        # the board's software cannot read 16 bits
        compared += 1
        np.testing.assert_array_equal(picture.image, inputs.read(path, (32, 32, 3))[0])
    assert compared >= 30


def test_lfc_sees_what_the_simulator_sees(shapes):
    found, chosen = folder.collect(shapes, LFC)
    for picture in chosen[::5]:
        path = os.path.join(shapes.encode('ascii'), picture.path).decode('ascii')
        if not Image.open(path).mode.startswith('I'):
            expected = inputs.read(path, (28, 28))
            np.testing.assert_array_equal(encode(picture.image[None], 'lfc'), encode(expected, 'lfc'))


def test_16_bits_are_8(tmpdir):
    grey = np.arange(1024, dtype=np.uint16).reshape(32, 32) * 64
    tmpdir.mkdir('a')
    for name, array in (('deep.png', grey), ('plain.png', (grey // 256).astype(np.uint8))):
        Image.fromarray(array).save(str(tmpdir.join('a', name)))
    one, other = [decode.read_all(str(tmpdir).encode('ascii'), find.Found(
        ['a'], [b'a/' + name], [0], [None], {}), CNV).images[0] for name in (b'deep.png', b'plain.png')]
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation(tmpdir, orientation):
    """A picture rotated and marked so is the same picture."""
    upright = Image.fromarray(np.dstack([np.tile(np.arange(0, 240, 2, dtype=np.uint8), (60, 1))] * 3))
    upright.paste((200, 0, 0), (0, 0, 30, 20))
    back = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
            6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
    turned = upright.transpose(back[orientation]) if orientation > 1 else upright
    tmpdir.mkdir('a')
    exif = b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0' + bytearray([orientation]) + b'\0\0\0\0\0\0'
    turned.save(str(tmpdir.join('a', 'turned.jpg')), quality=100, subsampling=0, exif=bytes(exif))
    turned.save(str(tmpdir.join('a', 'turned.tif')), tiffinfo={0x112: orientation})
    upright.save(str(tmpdir.join('a', 'upright.jpg')), quality=100, subsampling=0)
    found = find.find(str(tmpdir).encode('ascii'))
    one, tiff, other = decode.read_all(str(tmpdir).encode('ascii'), found._replace(
        paths=found.paths[-3:]), CNV).images.astype(int)
    assert abs(one - other).max() < 12 and abs(tiff - other).max() < 12 and other[9, 2, 0] > 150 > 100 > other[9, 2, 1]


def test_damaged_exif_does_not_matter(small):
    path = os.path.join(small, 'star', 'exif.jpg')
    drawings.shape(u'star', np.random.RandomState(5)).save(path, exif=b'Exif\0\0MM\0*\xff\xff\xff\xff')
    assert b'star/exif.jpg' in [picture.path for picture in folder.collect(small, CNV)[1]]


def test_threshold_and_inversion(tmpdir):
    paper = np.full((28, 28), 200, np.uint8)
    paper[8:20, 8:12] = 30
    paper[8:20, 12:16] = 120
    picture = Image.fromarray(paper)

    def ink(**choices):
        fitting = Fitting('lfc', **choices)
        return int((fitting.black_and_white(fitting.picture(picture, picture.size)) == 255).sum())

    assert ink() == ink(invert='yes') == 12 * 8             # 255 - 120 is ink, 255 - 30 too, 255 - 200 not
    assert ink(threshold=136) == 12 * 4 and ink(threshold=0) == 784 and ink(threshold=55) == 784
    assert ink(invert='no') == 784 - 12 * 8


@pytest.mark.parametrize('net, choices', [('cnv', dict(threshold=3)), ('cnv', dict(invert='no')),
                                          ('lfc', dict(threshold=256)), ('lfc', dict(threshold=-1)),
                                          ('lfc', dict(invert='maybe'))])
def test_wrong_choices(net, choices):
    with pytest.raises(DatasetError):
        Fitting(net, **choices)


def test_choices_are_for_own_pictures():
    with pytest.raises(DatasetError):
        registry.load('digits', 'lfc', threshold=10)


# --- parts -----------------------------------------------------------------------------------------------------------

def test_the_same_parts_wherever_and_whenever(shapes, tmpdir):
    first = folder.load(shapes, CNV)
    moved = str(tmpdir.join('moved'))
    shutil.copytree(shapes, moved)
    for title in os.listdir(moved):
        os.rename(os.path.join(moved, title, '1.jpg'), os.path.join(moved, title, 'zz.jpg'))
    again = folder.load(moved, CNV)
    for one, other in zip(first[1:4], again[1:4]):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.labels, other.labels)


def test_given_parts(tmpdir, capsys):
    root = str(tmpdir.join('given'))
    for seed, part in enumerate(('Training', 'val', 'test')):
        drawings.folder(os.path.join(root, part), 12, seed=seed)
    data = folder.load(root, CNV)
    assert [len(part.images) for part in data[1:4]] == [36, 36, 36]
    shutil.rmtree(os.path.join(root, 'val'))
    data = folder.load(root, CNV)
    assert [len(part.images) for part in data[1:4]] == [33, 3, 36]
    for title in drawings.SHAPES:       # a copy in test/ is left out of training
        shutil.copy(os.path.join(root, 'test', title, '2.png'), os.path.join(root, 'Training', title, 'copy.png'))
    capsys.readouterr()
    again = folder.load(root, CNV)
    assert rows(again.train) == rows(data.train) and rows(again.test) == rows(data.test)
    assert '3 pictures occur more than once' in capsys.readouterr()[1]


def test_parts_that_lack_something(tmpdir):
    root = str(tmpdir)
    drawings.folder(os.path.join(root, 'train'), 4)
    refused(root, 'no test/')
    drawings.folder(os.path.join(root, 'test'), 2, seed=1)
    os.rename(os.path.join(root, 'train', 'star'), os.path.join(root, 'train', 'moon'))
    refused(root, 'the class star has no picture in train/')
    drawings.folder(os.path.join(root, 'training'), 1)
    refused(root, 'one folder for each')


def test_copies_count_once_and_contradictions_not_at_all(small, capsys):
    picture = Image.open(os.path.join(small, 'star', '2.png'))
    picture.save(os.path.join(small, 'star', 'copy.bmp'))           # other bytes, same pixels
    Image.open(os.path.join(small, 'circle', '2.png')).save(os.path.join(small, 'square', 'what.png'))
    data = folder.load(small, CNV)
    assert sum(len(part.images) for part in data[1:4]) == 17
    told = capsys.readouterr()[1]
    assert 'star/2.png = star/copy.bmp' in told and 'circle/2.png = square/what.png' in told


# --- what is found and what is expected ------------------------------------------------------------------------------

def test_no_folder_no_classes(tmpdir):
    refused(str(tmpdir.join('nothing')), 'no such folder')
    refused(str(tmpdir), '0 pictures and no folders')
    drawings.shape(u'star', np.random.RandomState(0)).save(str(tmpdir.join('a.png')))
    refused(str(tmpdir), '1 pictures and no folders')


def test_empty_class(small):
    os.mkdir(os.path.join(small, 'empty'))
    refused(small, 'the class empty has no picture')
    open(os.path.join(small, 'empty', 'notes.txt'), 'w').close()
    refused(small, 'the class empty has no picture')


@pytest.mark.parametrize('count', [1, 2])
def test_too_few_pictures_of_a_class(small, count):
    for name in os.listdir(os.path.join(small, 'star'))[count:]:
        os.remove(os.path.join(small, 'star', name))
    refused(small, 'the class star has %d pictures that' % count)


def test_three_pictures_of_a_class_will_do(tmpdir):
    data = folder.load(drawings.folder(str(tmpdir.join('three')), 3), CNV)
    assert [sorted(part.labels) for part in data[1:4]] == [[0, 1, 2]] * 3


def test_one_class_and_64_but_no_65(tmpdir):
    titles = [u'c%d' % number for number in range(65)]
    root = drawings.folder(str(tmpdir.join('many')), 3, titles, kinds=[('L', 'png')])
    refused(root, '65 class folders')
    shutil.rmtree(os.path.join(root, 'c7'))
    data = folder.load(root, CNV)
    assert len(data.class_names) == 64 and data.test.labels.max() == 63
    assert data.class_names[7:10] == [u'c8', u'c9', u'c10']
    one = drawings.folder(str(tmpdir.join('one')), 5, [u'circle'])
    assert list(folder.load(one, CNV).class_names) == [u'circle']


def test_a_folder_too_high(tmpdir):
    drawings.folder(str(tmpdir.join('data', 'shapes')), 3)
    refused(str(tmpdir.join('data')), 'if those are the classes, give %s' % tmpdir.join('data', 'shapes'))


def test_clutter_is_passed_over(small, capsys):
    for name in ('.DS_Store', 'Thumbs.db', 'labels.csv', 'BM-is-the-beginning'):
        with open(os.path.join(small, 'star', name), 'wb') as handle:
            handle.write(b'BM nothing')
    os.mkdir(os.path.join(small, '.git'))
    os.mkdir(os.path.join(small, '__MACOSX'))
    os.mkfifo(os.path.join(small, 'star', 'pipe'))
    data = folder.load(small, CNV)
    assert len(data.class_names) == 3
    told = capsys.readouterr()[1]
    assert '3 files are not pictures' in told and 'cannot be read' not in told


def test_folders_within_a_class_and_links_in_circles(small, tmpdir):
    os.mkdir(os.path.join(small, 'star', 'more'))
    path = os.path.join(small, 'star', 'more', 'x.png')
    drawings.shape(u'star', np.random.RandomState(9)).save(path)
    os.symlink('..', os.path.join(small, 'star', 'more', 'up'))
    os.symlink('self', os.path.join(small, 'star', 'self'))
    os.symlink(small, os.path.join(small, 'star', 'all'))
    os.symlink(os.path.join(small, 'circle'), os.path.join(small, 'ring'))
    os.remove(os.path.join(small, 'star', 'all'))
    shutil.rmtree(os.path.join(small, 'square'))
    os.remove(os.path.join(small, 'ring'))
    found = find.find(small.encode('ascii'))
    assert found.paths.count(b'star/more/x.png') == 1 and len(found.paths) == 6 + 7 + 1     # the last is a link to itself


def test_names_in_other_alphabets(tmpdir):
    titles = [u'Stra\xdfe', u'\u732b', u'10 m', u'9 m', u'cafe\u0301']
    root = str(tmpdir.join('names'))
    random = np.random.RandomState(0)
    for title in titles:
        where = os.path.join(root.encode('ascii'), title.encode('utf-8'))
        os.makedirs(where)
        for index in range(3):
            with open(os.path.join(where, u'\xfc{}.png'.format(index).encode('utf-8')), 'wb') as handle:
                drawings.shape(u'star', random).save(handle, 'PNG')
    with open(os.path.join(root.encode('ascii'), titles[1].encode('utf-8'), b'\xff\xfe.png'), 'wb') as handle:
        handle.write(b'broken')
    data = folder.load(root, CNV)
    assert data.class_names == [u'9 m', u'10 m', u'caf\xe9', u'Stra\xdfe', u'\u732b']
    from weights_gen import classes
    with open(str(tmpdir.join('classes.txt')), 'wb') as handle:
        handle.write(u'\n'.join(data.class_names).encode('utf-8'))
    assert classes.read(str(tmpdir.join('classes.txt'))) == data.class_names


@pytest.mark.parametrize('name', [b'caf\xe9', b'a\nb', b' '])
def test_names_that_cannot_be_classes(small, name):
    os.mkdir(os.path.join(small.encode('ascii'), name))
    refused(small, 'rename it')


def test_two_folders_of_one_name(small):
    for name in (u'caf\xe9', u'cafe\u0301'):
        os.mkdir(os.path.join(small.encode('ascii'), name.encode('utf-8')))
    refused(small, 'two folders named')


# --- broken pictures -------------------------------------------------------------------------------------------------

def breakages(folder):
    with open(os.path.join(folder, '1.jpg'), 'rb') as handle:
        whole = handle.read()
    for name, data in (('cut.jpg', whole[:len(whole) // 2]), ('empty.png', b''), ('text.gif', b'hello'),
                       ('noise.bmp', b'BM' + b'\x77' * 300), ('bomb.png', bomb())):
        with open(os.path.join(folder, name), 'wb') as handle:
            handle.write(data)
    os.symlink('nowhere.png', os.path.join(folder, 'link.png'))


def bomb():
    from tests.datasets.test_inputs import bomb_png
    return bomb_png(60000)


@pytest.mark.parametrize('fitting', [CNV, LFC])
def test_broken_pictures_are_listed_and_left_out(small, capsys, fitting):
    breakages(os.path.join(small, 'star'))
    for _ in range(2):      # decoded, then from the cache
        data = folder.load(small, fitting)
        told = capsys.readouterr()[1]
        assert '6 files cannot be read' in told
        for line in ('star/cut.jpg', 'star/empty.png: an empty file', 'star/text.gif: not a picture', 'star/noise.bmp',
                     'star/bomb.png: ', 'star/link.png: a broken link'):
            assert line in told
        assert sum(len(part.images) for part in data[1:4]) + told.count(' = ') <= 18


def test_broken_pictures_stop_the_run(small):
    breakages(os.path.join(small, 'star'))
    refused(small, '6 of 24 files cannot be read, the first star/', broken='stop')


def test_formats_that_are_not_read_are_named(small, capsys):
    with open(os.path.join(small, 'star', 'scan.avif'), 'wb') as handle:
        handle.write(b'\0\0\0\x18ftypavif')
    folder.load(small, CNV)
    assert 'star/scan.avif: an unsupported format' in capsys.readouterr()[1]


def test_classes_without_a_picture_of_their_own(small):
    shutil.copytree(os.path.join(small, 'star'), os.path.join(small, 'stars'))
    refused(small, 'the class star is left: all its pictures are in other classes too')


def parted(tmpdir):
    """A folder with train/ and test/, without common pictures."""
    root = tmpdir.mkdir('parted')
    for seed, part in enumerate(('train', 'test')):
        drawings.folder(str(root.join(part)), 6, seed=seed)
    return root


def test_classes_that_are_only_tested(tmpdir):
    root = parted(tmpdir)
    root.join('test', 'star').remove()
    root.join('train', 'star').copy(root.join('test', 'star'))
    refused(str(root), 'the class star is left: all that are in train/')


def test_a_part_without_pictures(tmpdir):
    root = parted(tmpdir)
    for title in drawings.SHAPES:
        root.join('test', title).remove()
        root.join('test', title).mkdir()
    refused(str(root), 'no picture to test that can be read')


def test_folders_beside_the_parts_are_named(tmpdir, capsys):
    root = parted(tmpdir)
    root.mkdir('extra')
    folder.load(str(root), CNV)
    assert 'these folders are ignored: extra' in capsys.readouterr()[1]


# --- parts under other names, and what lies beside the classes -------------------------------------------------------

def parts_named(tmpdir, train, test, classes=drawings.SHAPES[:2]):
    for seed, part in enumerate((train, test)):
        drawings.folder(str(tmpdir.join('own', part)), 6, classes, seed=seed, kinds=[('RGB', 'png')])
    return str(tmpdir.join('own'))


@pytest.mark.parametrize('train, test', [
    ('training_set', 'test_set'), ('training_set/training_set', 'test_set/test_set'),
    ('seg_train/seg_train', 'seg_test'), ('pets/Training', 'pets/Testing'), ('train-images', 'testset')])
def test_parts_under_other_names(tmpdir, train, test):
    data = folder.load(parts_named(tmpdir, train, test), CNV)
    assert data.class_names == [u'circle', u'square'] and data.name == 'own'
    assert [len(part.images) for part in data[1:4]] == [10, 2, 12]


def test_parts_within_classes_are_no_classes(tmpdir):
    for title in drawings.SHAPES[:2]:
        drawings.folder(str(tmpdir.join('own', title)), 4, ['train', 'test'])
    refused(str(tmpdir.join('own')), 'the folders circle/, square/ hold no pictures, only folders (test/, train/)')


def test_train_as_the_name_of_a_class(tmpdir):
    data = folder.load(drawings.folder(str(tmpdir.join('own')), 6, [u'bus', u'car', u'train']), CNV)
    assert data.class_names == [u'bus', u'car', u'train']


@pytest.mark.parametrize('folders, words', [
    (('Training/circle', 'Training/square', 'junk'), 'holds Training/ and no test/, beside junk/'),
    (('train/circle', 'train/square', 'val/circle', 'val/square', 'more'), 'rename val/ to test/'),
    (('test/circle', 'test/square', 'junk'), 'and no train/')])
def test_parts_of_which_one_lacks(tmpdir, folders, words):
    for name in folders:
        drawings.folder(str(tmpdir.join('own', os.path.dirname(name))), 3, [os.path.basename(name)])
    refused(str(tmpdir.join('own')), words)


def test_one_folder_within_each_class(tmpdir):
    for title in drawings.SHAPES[1:]:
        drawings.folder(str(tmpdir.join('own', title)), 4, ['images'], seed=title == u'star')
    assert folder.load(str(tmpdir.join('own')), CNV).class_names == [u'square', u'star']


def test_pictures_beside_the_class_folders_are_counted(small, tmpdir, capsys):
    drawings.save(drawings.shape(u'star', np.random.RandomState(7)), os.path.join(small, 'c0.png'))
    folder.load(small, CNV)
    told = capsys.readouterr()[1]
    assert '1 pictures are beside the class folders and are ignored:\n  c0.png' in told
    root = parts_named(tmpdir, 'train', 'test')
    drawings.folder(root, 5, [u'extra'])
    folder.load(root, CNV)
    assert 'these folders are ignored: extra (5 files)' in capsys.readouterr()[1]


def test_a_test_folder_without_classes(tmpdir):
    root = parts_named(tmpdir, 'train', 'other')
    shutil.move(os.path.join(root, 'other', 'circle'), os.path.join(root, 'Test'))
    shutil.rmtree(os.path.join(root, 'other'))
    refused(root, 'Test holds 6 pictures and no class folders')


# --- the cache -------------------------------------------------------------------------------------------------------

def cached(tmpdir):
    return [path for path in tmpdir.join('cache', 'bnn-pynq-training', 'pictures').listdir() if path.ext == '.npz']


def test_decoded_once(small, tmpdir, monkeypatch):
    first = folder.load(small, CNV)
    original, decoded = decode.pictures.decode, []
    monkeypatch.setattr(decode.pictures, 'decode',
                        lambda *rest, **options: decoded.append(1) or original(*rest, **options))
    again = folder.load(small, CNV)
    assert not decoded
    for one, other in zip(first[1:4], again[1:4]):
        np.testing.assert_array_equal(one.images, other.images)
    drawings.shape(u'star', np.random.RandomState(9)).save(os.path.join(small, 'star', '2.png'))
    os.remove(os.path.join(small, 'star', '1.jpg'))
    changed = folder.load(small, CNV)
    assert len(decoded) == 1 and sum(len(part.images) for part in changed[1:4]) == 17
    folder.load(small, LFC)
    assert len(cached(tmpdir)) == 2
    decoded[:] = []
    folder.load(small, Fitting('lfc', threshold=90))
    assert len(decoded) == 17 and len(cached(tmpdir)) == 3      # the threshold is applied to the whole picture


def test_what_a_file_holds_decides_whether_it_is_decoded_again(small, tmpdir, monkeypatch):
    """Not its name or date, nor where the folder is."""
    first = folder.load(small, CNV)
    original, decoded = decode.pictures.decode, []
    monkeypatch.setattr(decode.pictures, 'decode',
                        lambda *rest, **options: decoded.append(1) or original(*rest, **options))
    os.utime(os.path.join(small, 'star', '1.jpg'), (10 ** 9, 10 ** 9))
    os.rename(os.path.join(small, 'star', '2.png'), os.path.join(small, 'star', 'renamed.png'))
    folder.load(small, CNV)
    moved = str(tmpdir.mkdir('elsewhere').join(os.path.basename(small)))
    shutil.move(small, moved)
    again = folder.load(moved, CNV)
    assert not decoded and len(cached(tmpdir)) == 2
    for one, other in zip(first[1:4], again[1:4]):
        np.testing.assert_array_equal(one.images, other.images)
    path = os.path.join(moved, 'star', '1.jpg')
    size = os.path.getsize(path)
    with open(path, 'r+b') as handle:       # other contents, with the same size and date
        handle.seek(size // 2)
        byte = handle.read(1)
        handle.seek(size // 2)
        handle.write(b'\x00' if byte != b'\x00' else b'\x01')
    os.utime(path, (10 ** 9, 10 ** 9))
    folder.load(moved, CNV)
    assert len(decoded) == 1


def test_what_may_be_readable_the_next_time_is_not_kept(small, monkeypatch, capsys):
    def without_memory(*arguments, **options):
        raise MemoryError
    with monkeypatch.context() as patch:
        patch.setattr(decode.pictures, 'decode', without_memory)
        refused(small, 'no picture')
    assert 'not enough memory for it' in capsys.readouterr()[1]
    assert sum(len(part.images) for part in folder.load(small, CNV)[1:4]) == 18


def test_what_a_package_can_read_is_read_once_it_is_there(small, monkeypatch, capsys):
    os.rename(os.path.join(small, 'star', '1.jpg'), os.path.join(small, 'star', '1.heic'))
    with monkeypatch.context() as patch:
        patch.setattr(decode.pictures, 'is_heif', lambda beginning: beginning.startswith(b'\xff\xd8'))
        patch.setitem(sys.modules, 'pillow_heif', None)
        folder.load(small, CNV)
    assert 'star/1.heic: HEIC: scripts/in_env.sh pip install pillow-heif' in capsys.readouterr()[1]
    assert sum(len(part.images) for part in folder.load(small, CNV)[1:4]) == 18


@pytest.mark.parametrize('damage', [b'', b'PK\x03\x04 nothing', None])
def test_a_damaged_cache_is_made_again(small, tmpdir, damage):
    first = folder.load(small, CNV)
    path, = cached(tmpdir)
    path.write_binary(path.read_binary()[:-100] if damage is None else damage)
    np.testing.assert_array_equal(folder.load(small, CNV).train.images, first.train.images)
    assert path.size() > 10000


def test_without_a_cache_it_goes_on(small, tmpdir, capsys):
    tmpdir.join('cache').write('a file in its place')
    assert len(folder.load(small, CNV).train.images)
    assert 'not kept for the next time' in capsys.readouterr()[1]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_decoding(tmpdir, number):
    """It prints one line, leaves no half-written file, and keeps what was decoded."""
    root = drawings.folder(str(tmpdir.join('large')), 3)
    noise = np.random.RandomState(0).randint(0, 256, (1500, 1500, 3)).astype(np.uint8)
    for index in range(60):
        noise[0, 0, 0] = index
        Image.fromarray(noise).save(os.path.join(root, 'star', 'x%d.bmp' % index))
    program = subprocess.Popen([sys.executable, '-m', 'datasets.preview', root, '--net', 'lfc', '--out',
                                str(tmpdir.join('out.png'))], cwd=ROOT, stderr=subprocess.PIPE,
                               env=dict(os.environ, OMP_NUM_THREADS='1'))
    while program.poll() is None and len(os.listdir('/proc/%d/task' % program.pid)) < 4:
        time.sleep(.01)         # until its threads decode
    program.send_signal(number)
    errors = program.communicate()[1].decode('utf-8')
    if program.returncode == 0:
        pytest.skip('this machine decodes 60 pictures before it can be stopped')
    assert program.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number] and errors.endswith('stopped\n')
    assert 'Traceback' not in errors and not tmpdir.join('out.png').exists()
    if tmpdir.join('cache').exists():
        assert not [path for path in tmpdir.join('cache').visit() if path.basename.endswith('.tmp')]


def test_a_preview_of_what_cannot_be_divided(tmpdir):
    """With this threshold all pictures look alike to the network, which the preview must show."""
    own, out = str(tmpdir.join('own')), tmpdir.join('preview.png')
    drawings.folder(own, 6, classes=drawings.SHAPES[:2])
    fitting, told = Fitting('lfc', threshold=0), []
    with pytest.raises(DatasetError):
        folder.load(own, fitting)
    preview.preview(own, fitting, str(out), tell=told.append)
    assert out.check() and any('of 12 pictures look' in line for line in told)
