"""What would make a network better, where its figures show it: sentences, the most useful first.

Each rule says nothing where the difference may be chance: intervals are those of common/statistics.py.
"""
from __future__ import absolute_import, division, unicode_literals

import math

from common.overlays import HIGHEST_OUTPUT
from report.render import number
from common.statistics import by_class, share, wilson

WIDE = 6.               # points: an interval as wide says little
OVERFITTED = 2.5        # times that the validation loss is above the training loss
ENOUGH = 2.             # percent of validation error, below which more pictures bring little
RISING = .1             # of the epochs at the end: where the best epoch is among them, training may have ended early


def advice(material, in_training=False):
    """Sentences that say what to do next.

    Parameters
    ----------
    material : report.gather.Material
    in_training : bool
        Whether a training is known to be writing the run.

    Returns
    -------
    list of (str, list of report.gather.Sample)
        With pictures to look at, if any.
    """
    verification, history, settings = material.network.verification, material.history, material.settings or {}
    done, planned = len(history['epoch']) if history else 0, settings.get('epochs', 0)
    found = []
    if 0 < done < planned and not in_training:
        found.append(('%d of %d epochs are done. RESUME=1 resumes a training that was stopped.' % (done, planned), []))
    if verification:
        found += _rule(verification) + _classes(material, verification)
    if history:
        found += _more_pictures(history, settings)
        if done >= planned:
            found += _more_epochs(history)
    if verification:
        found += _more_tests(verification)
    return found


def _rule(verification):
    """The points that the board's rule of the highest bit costs."""
    lost = verification['accuracy']['trained'] - verification['trained_by_board_rule']
    chance = 100 / math.sqrt(verification['images'])       # two standard errors of a difference, generously
    if verification.get('decision') == HIGHEST_OUTPUT or lost < max(.3, chance / 4):
        return []
    return [('%.1f points are lost to the board\u2019s rule: it answers the highest class whose output reaches 0, where '
             'training took the largest output. RECIPE=best trains for the board\u2019s rule.' % lost, [])]


def _classes(material, verification):
    """Classes that are recognised less often than all together, beyond chance."""
    names, counts = material.classes, by_class(verification['confusion'])
    right = sum(one.right for one in counts)
    if len(names) != len(counts):
        return []
    low, _ = wilson(right, verification['images'])
    found = []
    for index, one in enumerate(counts):
        if one.images and wilson(one.right, one.images)[1] < low:
            pictures = [sample for sample in material.mistakes if sample.label == index]
            found.append((share(one.right, one.images), '\u201c%s\u201d is recognised in %d of %d test images, less often '
                          'than other classes. Look at its pictures (the mistakes below, and its folder): are some in the '
                          'wrong class, is it drawn in several ways, are there too few?' % (
                              names[index], one.right, one.images), pictures))
    return [(text, pictures) for _, text, pictures in sorted(found, key=lambda item: item[0])[:3]]


def _more_pictures(history, settings):
    """The network is overfitted."""
    best = int(history['best_epoch'][-1]) - 1
    training, validation = history['training_loss'][-1], history['validation_loss'][-1]
    if not (validation > OVERFITTED * training and history['validation_error_rate'][best] > ENOUGH and len(
            history['epoch']) >= 5 and history['training_loss'][-1] < history['training_loss'][0] / 2):
        return []
    further = []
    if settings.get('recipe') != 'best':
        further.append('RECIPE=best, which augments them')
    if not settings.get('mirrored'):
        further.append('MIRRORED=yes if mirrored pictures keep their class')
    return [('The loss is %s times as high on validation images as in training: the network overfits. More '
             'pictures help most%s%s.' % (
                 number(validation / training, 2), '; then ' if further else '', ', and '.join(further)), [])]


def _more_epochs(history):
    """The best epoch is among the last, and the error was still falling."""
    epochs, best = len(history['epoch']), int(history['best_epoch'][-1])
    errors = history['validation_error_rate']
    before = min(errors[:max(1, int(epochs * (1 - 2 * RISING)))])
    if epochs < 3 or best <= epochs * (1 - RISING) or before - errors[best - 1] < max(.2, .05 * before):
        return []
    return [('The validation error was still falling at the end: %.1f %% before, %.1f %% in epoch %d of %d. '
             'Train for longer: EPOCHS=%d.' % (before, errors[best - 1], best, epochs, 2 * epochs), [])]


def _more_tests(verification):
    """The interval is wide."""
    count = verification['images']
    low, high = wilson(int(round(verification['accuracy']['packed'] * count / 100)), count)
    if high - low < WIDE:
        return []
    return [('With %d test images, the 95 %% interval of the accuracy is %.0f to %.0f %%: runs that differ by less may be '
             'equally good. More test pictures narrow it.' % (count, low, high), [])]
