# -*- coding: utf-8 -*-
"""The card that every package carries."""
from __future__ import absolute_import, unicode_literals

import glob
import io
import os

import pytest

from board import kit, package
from board.card import card
from common.overlays import OVERLAYS
from common.run_folder import BadRun
from tests.shared import ROOT

SETTINGS = {'recipe': 'best', 'epochs': 20, 'batch_size': 50, 'seed': 7, 'LR_start': .001, 'LR_fin': 3e-07,
            'train_images': 45000, 'valid_images': 5000, 'test_images': 100, 'versions': {'python': '2.7.18'}}


def of(confusion=None, classes=('cat', 'dog'), dataset='cifar10', settings=SETTINGS, note=None, overlay='cnvW1A2'):
    verification = {} if confusion is None else {'confusion': confusion}
    return card(OVERLAYS[overlay], 'pets', dataset, settings, verification, list(classes), note)


def test_what_it_says():
    text = of([[40, 10], [5, 45]], note='Photographed indoors.')
    for line in ('# pets, cnvW1A2',
                 '| data | CIFAR-10: 45,000 images for training, 5,000 for validation, 100 for testing |',
                 '| training | recipe best, 20 epochs, batches of 50, seed 7, learning rate from 0.001 to 3e-07 |',
                 'Least often right: cat (80.0 %), dog (90.0 %).',
                 'Most often confused: cat answered as dog (10), dog answered as cat (5).',
                 '- Photographed indoors.',
                 '    make all NET=cnv WB=1 AB=2 RECIPE=best EPOCHS=20 SEED=7'):
        assert line in text.split('\n')
    assert '| accuracy | 85.0 % of 100 test images (95 % interval 76.7 to 90.7), by the packed parameters' in text
    assert 'WB=1 AB=1 DATASET=digits' in of(dataset='digits', overlay='lfcW1A1')
    assert 'DATASET=FOLDER' in of(dataset='my-pets') and '| licence of the data | ask whoever took' in of(dataset='my-pets')


def test_what_is_not_known_is_said():
    text = of(settings={})
    assert '| training | not recorded |' in text and 'not verified: make verify package' in text
    assert '| accuracy | 100.0 % of 1 test images' in of([[1, 0], [0, 0]]) and 'confused' not in of([[1, 0], [0, 0]])


def test_names_are_text_and_stay_on_their_line():
    text = of([[1, 0], [2, 0]], ['a|b*', 'Käfer\x1b[31m'], note='one\n# two')
    assert 'a\\|b\\*' in text and 'Käfer?\\[31m answered as a\\|b\\*' in text and '- one?\\# two' in text


@pytest.mark.parametrize('confusion', [[[1]], [[1, 2], [3]], [[1, -1], [0, 0]], [[1, 'a'], [0, 0]], 'ab', {}, 3])
def test_a_damaged_matrix(confusion):
    with pytest.raises(BadRun, match='verify.json is damaged'):
        of(confusion)


@pytest.mark.parametrize('path', sorted(glob.glob(os.path.join(ROOT, 'pretrained', '*.tar.gz'))), ids=os.path.basename)
def test_every_pretrained_network_has_one(path):
    with io.open(path, 'rb') as handle:
        manifest, contents = package.read(handle)
    text = contents[package.CARD].decode('utf-8')
    assert '%.2f %% of 10,000 test images' % manifest['accuracy']['packed'] in text
    assert 'EPOCHS=%d' % manifest['settings']['epochs'] in text
    assert (manifest.get('note') or '') in text
    assert [contents[part] for part in package.KIT] == list(kit.files_of('original', manifest['network']))


@pytest.mark.parametrize('dataset, init, command, said', [
    ('cifar10', None, 'AB=2 RECIPE', False), ('shapes', None, 'DATASET=FOLDER INIT=none RECIPE', False),
    ('shapes', '../pretrained/a.npz', 'DATASET=FOLDER INIT=pretrained/a.npz RECIPE', 'pretrained/a.npz'),
    ('cifar10', '/home/me/a.npz', 'AB=2 INIT=FILE.npz RECIPE', 'FILE.npz')])
def test_what_it_started_from(dataset, init, command, said):
    text = of(dataset=dataset, settings=dict(SETTINGS, **({'init': init} if init else {})))
    assert command in text and '/home' not in text
    assert 'started from %s |' % said in text if said else 'started from' not in text


@pytest.mark.parametrize('dataset, settings, command', [
    ('pets', {'mirrored': True, 'threshold': 100, 'invert': 'yes'}, 'SEED=7 THRESHOLD=100 INVERT=yes MIRRORED=yes'),
    ('pets', {'mirrored': False, 'threshold': None, 'invert': 'auto'}, 'SEED=7'),
    ('cifar10', {}, 'SEED=7'), ('cifar10', {'mirrored': False}, 'SEED=7 MIRRORED=no'),
    ('cifar10', {'mirrored': True}, 'SEED=7 MIRRORED=yes')])
def test_what_decides_how_pictures_are_read_is_in_the_command(dataset, settings, command):
    assert of(dataset=dataset, settings=dict(SETTINGS, **settings)).split('\n')[-4].endswith(' ' + command)
