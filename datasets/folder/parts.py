# -*- coding: utf-8 -*-
"""Which folder names mean a part: train/, training_set/, seg_test, Test-Images, 01_val, Trainingsdaten, train2017.

    part_of(b'Test-Images')     # 'test'
    part_of(b'test tube')       # None
"""
from __future__ import absolute_import

import re
import unicodedata

from datasets import names

# What people add to a part's name, in words of their own or joined to it.
_ADDED = frozenset(u'''
    seg my the set sets data dataset datasets image images img imgs picture pictures pic pics photo photos foto fotos split
    splits folder dir sample samples file files final original raw cropped resized augmented aug bild bilder daten datensatz
    jeu donnees d de'''.split())
# Names of folders that only hold images.
_HOLDERS = frozenset(u'images image imgs img pictures pics photos fotos bilder data dataset jpegimages'.split())
_JOINED = u'set|sets|data|dataset|images?|imgs?|pictures?|pics|photos?|split|folder|samples|files|bilder|daten|datensatz'
_WORD = re.compile(u'(?:my|seg)?(?:(?P<train>train|training|trainings|trainval|entrainement|apprentissage)|'
                   u'(?P<valid>val|valid|validation|validierung|validierungs|dev|development)|'
                   u'(?P<test>test|tests|testing|eval|evaluation|holdout))(?:%s)?\\Z' % _JOINED)
_YEAR = re.compile(u'(?:19|20)[0-9]{2}\\Z')


def part_of(name):
    """'train', 'valid' or 'test' where a folder's name (bytes) is that of a part, else None."""
    plain = unicodedata.normalize('NFKD', names.text(name)).encode('ascii', 'ignore').decode('ascii').lower()
    words = [word for word in re.findall(u'[a-z]+', plain) if word not in _ADDED]
    matched = [_WORD.match(word) for word in words]
    kinds = {found.lastgroup for found in matched if found}
    numbers = re.findall(u'[0-9]+', plain.lstrip(u'0123456789'))       # those in front are for sorting
    if len(kinds) != 1 or not all(matched) or not all(map(_YEAR.match, numbers)):
        return None
    return str(kinds.pop())


def is_holder(name):
    """Whether a folder's name (bytes) says only that there are images in it: images/, data/."""
    return names.text(name).strip().lower() in _HOLDERS
