"""How a network is trained: `original` as the documents say, `best` as measured better in as many epochs.

    make train NET=cnv RECIPE=best
    apply(network, 'best', 'cnv', dataset='cifar10')    # the network's numbers, changed

A recipe changes numbers of :class:`training.settings.Network` and nothing else: the same parameters come out, for the
same overlay. What each change brings was measured (bench/recipes.py; the figures are in bench/README.md).
"""
from __future__ import absolute_import

from common.errors import UserError
from common.overlays import HIGHEST_OUTPUT
from datasets.registry import KNOWN

RECIPES = {
    'original': {'lfc': {}, 'cnv': {}},
    'best': {
        'lfc': dict(schedule='cosine', LR_start=.001, dropout_in=0., dropout_hidden=0., distortion=1.2,
                    decision=HIGHEST_OUTPUT),
        'cnv': dict(schedule='cosine', BN_LR_scale=10, gamma_min=.01, shift=2, mirrored=True),
    },
}

# What changes where training starts from trained parameters (bench/fine_tuning.py; bench/README.md, "Recipes"): a higher
# learning rate soon undoes what they have learned.
FINE_TUNING = {
    'original': {'lfc': {}, 'cnv': {}},
    'best': {'lfc': {}, 'cnv': dict(LR_start=.0003)},
}


def apply(network, recipe, net, dataset, mirrored=None):
    """The numbers of a network as a recipe has them.

    Parameters
    ----------
    network : training.settings.Network
    recipe : str
        One of :data:`RECIPES`.
    net : 'lfc' or 'cnv'
    dataset : str
    mirrored : bool, optional
        Whether images are mirrored at random; by default, the recipe and the data set decide.

    Raises
    ------
    UserError
        For unknown recipes.
    """
    if recipe not in RECIPES:
        raise UserError('there is no recipe %s: choose %s' % (recipe, ' or '.join(sorted(RECIPES, reverse=True))))
    network = network._replace(**RECIPES[recipe][net])
    if mirrored is None:
        mirrored = network.mirrored and dataset in KNOWN and KNOWN[dataset].mirrored    # the user's own: they know
    return network._replace(mirrored=mirrored)
