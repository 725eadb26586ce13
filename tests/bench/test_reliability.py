"""The recorded reliability run: how it counts, and that bench/README.md has its numbers."""
from __future__ import absolute_import

import io
import json
import os

import pytest

from bench import reliability
from common.errors import UserError


def test_bits_that_differ(tmpdir):
    one, other = tmpdir.join('one'), tmpdir.join('other')
    one.write_binary(b'\x00\xff\x01')
    for content, bits in ((b'\x00\xff\x01', 0), (b'\x01\xff\x00', 2), (b'\x00\xff', 24), (b'', 24)):
        other.write_binary(content)
        assert reliability.bits_that_differ(str(one), str(other)) == bits


def results(**changes):
    good = dict(tried=5, lost=0, tracebacks=0, hangs=0)
    made = {'machine': dict(processor='Some', processors=2, python='3.13.0', date='2026-01-01', load='nearly idle'),
            'kills': dict(good, tried=1000, bits=0, trainings=3),
            'faults': [dict(good, command=command, kind='killed', calls=9, untidy=0) for command in ('a', 'b')],
            'fuzz': {'npz': dict(tried=7, tracebacks=0, hangs=0, crashes=0, memory=0, seconds=60., python='3.11')},
            'soak': dict(good, minutes=5.01, dataset='digits', memory_mb=[1., 1.])}
    for name, change in changes.items():
        part = made[name]
        (part[0] if name == 'faults' else part['npz'] if name == 'fuzz' else part).update(change)
    return made


def test_the_table():
    assert reliability.table(results())[4:] == [
        '| a training killed and resumed: 0 bits of its files differ | 1,000 | 0 | 0 | 0 | 0 |',
        '| a command: killed, of 18 calls | 10 | 0 | 0 | 0 | 0 |', '| damaged input: npz | 7 |  | 0 | 0 | 0 |',
        '| epochs of a training of 5.0 minutes, digits | 5 | 0 | 0 | 0 | 0 |']
    assert reliability.bad(results()) == 0
    assert 'not tried' in reliability.table(dict(results(), fuzz=None))[-1]


@pytest.mark.parametrize('part, counts', [
    ('kills', {'bits': 1}), ('kills', {'lost': 1}), ('faults', {'untidy': 1}), ('faults', {'hangs': 1}),
    ('fuzz', {'memory': 1}), ('fuzz', {'tracebacks': 1}), ('soak', {'lost': 1})])
def test_nothing_wrong_is_passed_over(part, counts):
    assert reliability.bad(results(**{part: counts})) == 1


def test_where_the_table_goes(tmpdir):
    page = tmpdir.join('page.md')
    page.write('before\n%s\nold\n%s\nbehind\n' % (reliability.BEGIN, reliability.END))
    for _ in range(2):
        reliability.put([u'new'], str(page))
        assert page.read() == 'before\n%s\nnew\n%s\nbehind\n' % (reliability.BEGIN, reliability.END)
    page.write('no place')
    with pytest.raises(UserError):
        reliability.put([u'new'], str(page))


def test_the_readme_has_the_numbers_of_the_recorded_run():
    with io.open(os.path.join(reliability.RESULTS, 'reliability.json'), encoding='utf-8') as handle:
        recorded = json.load(handle)
    with io.open(reliability.README, encoding='utf-8') as handle:
        told = handle.read().partition(reliability.BEGIN)[2].partition(reliability.END)[0]
    assert told.strip().splitlines() == reliability.table(recorded)
    assert recorded['kills']['tried'] >= 100 and reliability.bad(recorded) == 0


@pytest.mark.long
def test_trainings_that_are_killed(tmpdir):
    counts = reliability.kills(4, str(tmpdir))
    assert counts['tried'] == 4 and not counts['lost'] + counts['bits'] + counts['tracebacks'] + counts['hangs']
