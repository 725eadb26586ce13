"""A network's model card: what it is, how it was trained, how good it is, where it fails, how to make it again.

    text = card(overlay, 'original', 'mnist', settings, verification, classes)

Every package carries its card as ``card.md`` (Mitchell et al., "Model cards for model reporting", 2019, arXiv:1810.03993).
"""
from __future__ import absolute_import, division

import os
import re

from common import statistics
from common.overlays import NETWORKS
from common.run_folder import BadRun
from datasets import names
from datasets.registry import KNOWN

_MISTAKES, _WEAKEST = 5, 3      # that are listed
_UNKNOWN = u'not recorded'


def card(overlay, name, dataset, settings, verification, classes, note=None):
    """The card of a packed run.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    name, dataset : str
        The set's name on the board, the data set's.
    settings, verification : dict
        What settings.json and verify.json hold; empty where there is none.
    classes : list of unicode
    note : unicode, optional
        Another limit that users of the network must know.

    Returns
    -------
    unicode
        Markdown.

    Raises
    ------
    BadRun
        The verification's confusion matrix does not fit the classes.
    """
    confusion = _confusion(verification, len(classes))
    return u'\n'.join(
        [u'# %s, %s' % (_plain(name), overlay.name), u''] + _what_it_is(overlay, classes) +
        [u'', u'|   |   |', u'|---|---|'] +
        [u'| %s | %s |' % row for row in (
            (u'data', _data(dataset, settings)), (u'licence of the data', _licence(dataset)),
            (u'training', _training(settings)), (u'made by', _versions(settings)),
            (u'accuracy', _accuracy(confusion)))] +
        [u'', u'## Mistakes', u''] + _mistakes(confusion, classes) +
        [u'', u'## Limits', u''] + [u'- ' + limit for limit in _limits(overlay, len(classes), note)] +
        [u'', u'## How to reproduce it', u'', u'    ' + _command(overlay, dataset, settings), u'',
         u'All randomness comes from the seed; on one machine the result is bit-identical for any number of threads.', u''])


def _what_it_is(overlay, classes):
    kinds = [layer.kind for layer in overlay.layers]
    layers = [u'%d %s' % (kinds.count(kind), word) for kind, word in (
        (u'conv', u'convolutions'), (u'dense', u'dense layers')) if kind in kinds]
    colours = u'black and white' if overlay.network.black_and_white else u'colour'
    return [u'%s with %d-bit weights and %d-bit activations (%s), for the BNN-PYNQ overlay %s. It sees a %s picture of '
            u'%dx%d pixels and answers one of %d classes: %s.' % (
                overlay.net.upper(), overlay.weight_bits, overlay.activation_bits, u', '.join(layers), overlay.name, colours,
                overlay.image_shape[1], overlay.image_shape[0], len(classes), u', '.join(map(_plain, classes)))]


def _data(dataset, settings):
    title = KNOWN[dataset].title if dataset in KNOWN else dataset
    counts = [settings.get(part + '_images') for part in ('train', 'valid', 'test')]
    if not all(isinstance(count, int) for count in counts):
        return _plain(title)
    return u'%s: %s images for training, %s for validation, %s for testing' % (
        (_plain(title),) + tuple(u'{:,}'.format(count) for count in counts))


def _licence(dataset):
    return KNOWN[dataset].licence if dataset in KNOWN else u'ask whoever took the pictures'


def _training(settings):
    facts = [(u'recipe %s', ['recipe']), (u'%s epochs', ['epochs']), (u'batches of %s', ['batch_size']),
             (u'seed %s', ['seed']), (u'learning rate from %s to %s', ['LR_start', 'LR_fin']),
             (u'started from %s', ['init'])]
    settings = dict(settings, init=_start(settings))
    return u', '.join(text % tuple(_plain(settings[key]) for key in keys) for text, keys in facts
                      if all(settings.get(key) is not None for key in keys)) or _UNKNOWN


def _start(settings):
    """The parameters that training started from, as a command names them; None for random weights."""
    if settings.get('init') is None:
        return None
    folder, name = os.path.split(u'%s' % settings['init'])
    return u'pretrained/' + name if os.path.basename(folder) == u'pretrained' else u'FILE.npz'


def _versions(settings):
    versions = settings.get('versions')
    if not isinstance(versions, dict):
        return _UNKNOWN
    return u', '.join(u'%s %s' % (_plain(program), _plain(versions[program])) for program in sorted(versions))


def _confusion(verification, count):
    """The matrix; None where no image was verified."""
    confusion = verification.get('confusion')
    if confusion is None:
        return None
    if not statistics.is_confusion(confusion, count):
        raise BadRun('verify.json is damaged (its confusion matrix): run make verify')
    return confusion if any(map(any, confusion)) else None


def _accuracy(confusion):
    if not confusion:
        return u'not verified: make verify package'
    right, images = sum(row[index] for index, row in enumerate(confusion)), sum(map(sum, confusion))
    digits = statistics.decimals(images)
    low, high = statistics.wilson(right, images)
    return u'%.*f %% of %s test images (95 %% interval %.*f to %.*f), by the packed parameters, as the board answers' % (
        digits, 100 * right / images, u'{:,}'.format(images), digits, low, digits, high)


def _mistakes(confusion, classes):
    if not confusion:
        return [u'Not known: the packed network was not verified.']
    shares = sorted((statistics.share(each.right, each.images), index)
                    for index, each in enumerate(statistics.by_class(confusion)) if each.images)
    lines = [u'Least often right: %s.' % u', '.join(
        u'%s (%.1f %%)' % (_plain(classes[index]), value) for value, index in shares[:_WEAKEST])]
    pairs = statistics.confused(confusion, _MISTAKES)
    if pairs:
        lines += [u'', u'Most often confused: %s.' % u', '.join(
            u'%s answered as %s (%d)' % (_plain(classes[label]), _plain(classes[answer]), count)
            for label, answer, count in pairs)]
    return lines


def _limits(overlay, classes, note):
    limits = [u'Whatever it is shown, it answers one of its %d classes; its outputs are not probabilities.' % classes,
              u'The accuracy is that of test images from the same source as the training images. Pictures of another '
              u'camera, light or background can be much harder: try your own before you rely on it.']
    if overlay.network.black_and_white:
        limits.append(u'It sees only black and white: photographs are thresholded first, and make predict shows the '
                      u'result.')
    return limits + ([_plain(note)] if note else [])


def _command(overlay, dataset, settings):
    own, mirrored = NETWORKS[overlay.net].dataset, settings.get('mirrored')
    could_be = dataset in KNOWN and KNOWN[dataset].mirrored     # by some recipe, unless the user says no
    given = [(u'DATASET', dataset if dataset in KNOWN and dataset != own else None if dataset == own else u'FOLDER'),
             (u'INIT', _start(settings) or (None if dataset in KNOWN else u'none')),
             (u'RECIPE', settings.get('recipe')), (u'EPOCHS', settings.get('epochs')),
             (u'TRAIN_SIZE', settings.get('train_size')), (u'SEED', settings.get('seed')),
             (u'THRESHOLD', settings.get('threshold')),
             (u'INVERT', settings.get('invert') if settings.get('invert') in (u'yes', u'no') else None),
             (u'MIRRORED', u'yes' if mirrored else u'no' if mirrored is False and could_be else None)]
    return u' '.join([u'make all NET=%s WB=%d AB=%d' % (overlay.net, overlay.weight_bits, overlay.activation_bits)] +
                     [u'%s=%s' % (variable, _plain(value)) for variable, value in given if value is not None])


def _plain(value):
    """Any text, on one line, with Markdown's special characters escaped."""
    text = names.one_line(value if isinstance(value, bytes) else u'%s' % (value,))
    return re.sub(u'([\\\\`*_{}\\[\\]<>|#])', u'\\\\\\1', text)
