"""Frames of one video, recognised by their names, stay in one part; other pictures are divided one by one."""
from __future__ import absolute_import, division

import collections

import numpy as np
import pytest
from PIL import Image

from datasets import folder, splits
from datasets.fitting import Fitting
from datasets.folder import tracks
from tests.datasets.drawings import own_cache  # noqa: F401 (a fixture)

CNV = Fitting('cnv')


def groups(names):
    """The groups of the names, as sets."""
    found = collections.defaultdict(set)
    for name, track in zip(names, tracks.of_class([name.encode('utf-8') for name in names])):
        found[track if track is not None else name].add(name)
    return sorted(map(sorted, found.values()))


def videos(form, videos, frames):
    return [[form % (video, frame) for frame in range(frames)] for video in videos]


@pytest.mark.parametrize('form', [
    '%05d_%05d.ppm', '00014_%05d_%05d.png', 'clip%d_%03d.jpg', 'park %d - frame %04d.png', 'walk-%d.frame%d.jpg',
    'track_%02d/%06d.jpg', 'a/video%d/x%d.png', 'v%d_frm%d.bmp'])
def test_videos(form):
    expected = videos(form, range(7), 6)
    assert groups(sum(expected, [])) == sorted(map(sorted, expected))


def test_a_frame_may_be_missing_or_broken():
    names = sum(videos('%05d_%05d.ppm', range(7), 30), [])
    del names[100], names[33]
    assert len(groups(names)) == 7


def test_variations_of_one_picture_by_roboflow():
    names = ['%s_jpg.rf.%032x.jpg' % (one, seed) for one in ('a', 'b', 'c') for seed in range(3)]
    assert groups(names) == [names[:3], names[3:6], names[6:]]


@pytest.mark.parametrize('names', [
    ['IMG_%04d.jpg' % number for number in range(2000, 2040)], ['cat.%d.jpg' % number for number in range(40)],
    ['cat_%d.jpg' % number for number in range(40)], ['%d.png' % number for number in range(40)],
    ['n02085620_%d.JPEG' % (number * 37) for number in range(40)],                             # ImageNet's
    ['IMG_20240%d0%d_1%02d000.jpg' % (1 + number % 3, 1 + number % 5, number) for number in range(40)],
    ['aeroplane_s_%06d.png' % number for number in range(40)], ['%s.jpg' % ('%032x' % number) for number in range(40)],
    ['0_%d.png' % number for number in range(40)], ['%d_7.png' % number for number in range(40)],   # label and number
    ['DSC%05d_%d.jpg' % (number * 3, 5 + number % 7) for number in range(40)]])
def test_what_are_no_videos(names):
    assert groups(names) == sorted([name] for name in names)


def frames(root, title, form, count, of):
    """Write `count` videos of `of` frames each, all frames different."""
    where = root.join(title).ensure(dir=True)
    for video in range(count):
        random = np.random.RandomState(sum(map(ord, title)) * 100 + video)
        for frame in range(of):
            path = where.join(*(form % (video, frame)).split('/'))
            path.dirpath().ensure(dir=True)
            Image.fromarray(random.randint(0, 256, (32, 32, 3)).astype(np.uint8)).save(str(path))


def parts_of(root, tell=lambda line: None):
    """{(class, video): {part: pictures}}"""
    found = collections.defaultdict(collections.Counter)
    for picture in folder.collect(str(root), CNV, tell=tell)[1]:
        found[picture.label, picture.track][picture.part] += 1
    return found


@pytest.mark.parametrize('form', ['%05d_%05d.png', 'clip%d/%d.png'])
def test_videos_are_divided_whole_and_it_is_said(tmpdir, form):
    frames(tmpdir.join('own'), 'stop', form, 20, 6)
    frames(tmpdir.join('own'), 'yield', form, 10, 6)
    told = []
    found = parts_of(tmpdir.join('own'), told.append)
    assert len(found) == 30 and all(len(parts) == 1 for parts in found.values())
    for label, count in ((0, 2), (1, 1)):       # a tenth of 20, and of 10
        for part in ('valid', 'test'):
            assert sum(part in parts for (one, _), parts in found.items() if one == label) == count
    assert any('180 pictures are frames of 30 videos (' in line and 'stay in one part' in line for line in told)


def test_videos_in_one_class_alone(tmpdir):
    frames(tmpdir.join('own'), 'clips', '%05d_%05d.png', 10, 6)
    frames(tmpdir.join('own'), 'single', 'IMG_%d%03d.png', 10, 2)
    found = parts_of(tmpdir.join('own'))
    assert len(found) == 11 and found[1, None] == {'train': 16, 'valid': 2, 'test': 2}


def test_too_few_videos_are_divided_by_picture_and_it_is_said(tmpdir):
    frames(tmpdir.join('own'), 'few', 'clip%d_frame%03d.png', 2, 10)
    frames(tmpdir.join('own'), 'many', 'clip%d_frame%03d.png', 5, 4)
    told = []
    found = parts_of(tmpdir.join('own'), told.append)
    assert sum((found[0, track] for _, track in found if _ == 0), collections.Counter()) == {
        'train': 16, 'valid': 2, 'test': 2}
    assert any('too few videos in few/' in line and 'from different videos' in line for line in told)
    assert any('20 pictures are frames of 5 videos' in line for line in told)


def test_given_parts_that_tear_videos_are_told(tmpdir):
    root = tmpdir.join('own')
    frames(root, 'all', '%05d_%05d.png', 6, 4)
    for number, path in enumerate(sorted(root.join('all').listdir())):
        where = root.join('test' if number % 4 == 2 else 'train', 'stop').ensure(dir=True)
        path.move(where.join(path.basename))
    root.join('all').remove()
    told = []
    folder.collect(str(root), CNV, tell=told.append)
    line, = [line for line in told if 'in more than one of train/' in line]
    assert '6 videos, such as stop: 0000' in line and 'keep all frames of a video in one' in line
    root.join('test').remove()
    frames(root.join('test'), 'stop', '%05d_%05d.png', 3, 4)       # other videos, also numbered from 0
    told[:] = []
    folder.collect(str(root), CNV, tell=told.append)
    assert not [line for line in told if 'in more than one of' in line]


def test_validation_is_taken_video_by_video_too(tmpdir):
    frames(tmpdir.join('own', 'train'), 'stop', '%05d_%05d.png', 10, 6)
    frames(tmpdir.join('own', 'test'), 'stop', 'x%d%d.png', 5, 2)
    found = parts_of(tmpdir.join('own'))
    assert sorted(len(parts) for parts in found.values()) == [1] * 11
    assert sum(parts['valid'] for parts in found.values()) == 6


def test_a_long_video_is_trained_on():
    labels, videos = [0] * 130, ['long'] * 100 + [str(number // 10) for number in range(30)]
    parts = splits.divide(labels, [b'%d' % number for number in range(130)],
                          [splits.order(b'%d' % number) for number in range(130)], ('valid', 'test'), videos)
    assert set(parts[:100]) == {'train'} and parts.count('valid') == parts.count('test') == 10


def test_looks_and_videos_are_kept_together_at_once():
    """a, b and c are of one video; c and d look alike."""
    looks = [b'a', b'b', b'c', b'c'] + [b'%d' % number for number in range(20)]
    videos = ['one', 'one', 'one', None] + [None] * 20
    for salt in range(20):
        parts = splits.divide([0] * 24, looks, [splits.order(b'%d-%d' % (salt, number)) for number in range(24)],
                              ('valid', 'test'), videos)
        assert len(set(parts[:4])) == 1
