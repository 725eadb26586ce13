"""TENSORBOARD=1: TensorBoard reads the history, each value once, however often the run was resumed."""
from __future__ import absolute_import

import os
import struct
import sys

import pytest

from common.errors import UserError
from common.run_folder import HISTORY
from tests.shared import ROOT
from training import tensorboard

ROWS = [(1, .003, .5, .4, 12., 1, 12., .4, 13.), (2, .001, .25, .375, 9.5, 2, 9.5, .3125, 10.25),
        (3, .0005, .125, .5, 11., 2, 9.5, .3125, 10.25)]


def scalars(folder):
    """{(name, step): value} of the event files in a folder, which must contain each once."""
    event_pb2 = pytest.importorskip('tensorboardX.proto.event_pb2')
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as handle:
            data = handle.read()
        while data:             # a TFRecord: length, its CRC, the event, its CRC
            length, = struct.unpack('<Q', data[:8])
            event = event_pb2.Event.FromString(data[12:12 + length])
            data = data[16 + length:]
            for value in event.summary.value:
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = value.simple_value
    return found


def test_the_history_is_what_tensorboard_reads(tmpdir):
    pytest.importorskip('tensorboardX')
    write = tensorboard.Events(str(tmpdir))
    write(ROWS[:1])
    write(ROWS[:2])
    resumed = tensorboard.Events(str(tmpdir))
    resumed(ROWS)
    expected = {(name, row[0]): value for row in ROWS for name, value in zip(HISTORY[1:], row[1:])}
    assert scalars(str(tmpdir.join('tensorboard'))) == pytest.approx(expected)


@pytest.mark.parametrize('version, name', [
    ((2, 7), 'py27'), ((3, 8), 'py3'), ((3, 11, 7), 'py3'), ((3, 12), 'py312'), ((3, 14), 'py312')])
def test_without_tensorboardx_it_is_said(tmpdir, monkeypatch, version, name):
    monkeypatch.setitem(sys.modules, 'tensorboardX', None)
    monkeypatch.setattr(tensorboard, 'sys', type('', (), {'version_info': version}))
    with pytest.raises(UserError) as caught:
        tensorboard.Events(str(tmpdir))
    path = 'requirements/%s-tensorboard.txt' % name
    assert 'tensorboardX' in str(caught.value) and str(caught.value).endswith(' -r ' + path)
    assert os.path.exists(os.path.join(ROOT, path))
