"""The report's advice, and that there is none if the figures show no problem."""
from __future__ import absolute_import, division, unicode_literals

import collections

import pytest

from report.advice import advice

Material = collections.namedtuple('Material', ['network', 'history', 'settings', 'classes', 'mistakes'])
Network = collections.namedtuple('Network', ['verification'])


def material(confusion=((970, 30), (30, 970)), trained=None, by_rule=None, decision='largest output', errors=(5.,) * 10,
             training=(.3,) * 10, validation=(.35,) * 10, settings=None):
    count, right = sum(map(sum, confusion)), sum(row[index] for index, row in enumerate(confusion))
    packed = 100 * right / count
    by_rule = packed if by_rule is None else by_rule
    best = errors.index(min(errors)) + 1
    return Material(
        Network({'images': count, 'confusion': [list(row) for row in confusion], 'trained_by_board_rule': by_rule,
                 'accuracy': {'packed': packed, 'trained': by_rule if trained is None else trained},
                 'decision': decision}),
        {'epoch': list(range(1, len(errors) + 1)), 'validation_error_rate': list(errors), 'training_loss': list(training),
         'validation_loss': list(validation), 'best_epoch': [best] * len(errors)},
        settings, ['cat', 'dog', 'fox'][:len(confusion)], [])


def told(*arguments, **keywords):
    return [text for text, _ in advice(material(*arguments, **keywords))]


def test_nothing_where_nothing_shows():
    assert told() == []


@pytest.mark.parametrize('words, changes', [
    ('RECIPE=best', {'trained': 98.5, 'by_rule': 96.5}),
    ('\u201ccat\u201d is recognised in 850 of 1000', {'confusion': ((850, 150), (10, 990))}),
    ('More pictures help', {'training': tuple(.3 - .029 * epoch for epoch in range(10))}),
    ('EPOCHS=20', {'errors': tuple(20. - epoch for epoch in range(10))}),
    ('accuracy is 64 to 97 %', {'confusion': ((9, 1), (1, 5))})])
def test_what_shows_is_said(words, changes):
    text, = told(**changes)
    assert words in text


@pytest.mark.parametrize('changes', [
    {'trained': 98.5, 'by_rule': 96.5, 'decision': 'highest output that reaches 0'},    # already trained for it
    {'trained': 97.1, 'by_rule': 97.},                                                  # chance
    {'confusion': ((965, 35), (20, 980))},
    {'training': tuple(.3 - .029 * epoch for epoch in range(10)), 'errors': (1.,) * 10},     # good enough
    {'errors': (20., 10., 9., 8., 7., 6.99, 6.98, 6.97, 6.96, 6.95)}])
def test_what_may_be_chance_is_not(changes):
    assert told(**changes) == []


@pytest.mark.parametrize('epochs, words', [
    (20, '10 of 20 epochs are done. RESUME=1'), (10, 'EPOCHS=20'), (None, 'EPOCHS=20')])
def test_more_epochs_than_planned_only_after_those(epochs, words):
    run = material(errors=tuple(20. - epoch for epoch in range(10)), settings={'epochs': epochs} if epochs else {})
    (text, _), = advice(run)
    assert words in text
    assert [text for text, _ in advice(run, in_training=True)] == [text] * (epochs != 20)


@pytest.mark.parametrize('recipe, mirrored, words', [
    ('original', False, 'help most; then RECIPE=best, which augments them, and MIRRORED=yes if mirrored pictures keep '
     'their class.'),
    ('original', True, 'help most; then RECIPE=best, which augments them.'),
    ('best', False, 'help most; then MIRRORED=yes if mirrored pictures keep their class.'), ('best', True, 'help most.')])
def test_what_the_run_has_already_is_not_advised(recipe, mirrored, words):
    text, = told(training=tuple(.3 - .029 * epoch for epoch in range(10)),
                 settings={'epochs': 10, 'recipe': recipe, 'mirrored': mirrored})
    assert text.endswith(words)
