"""Run some training steps of one network on the device that Theano uses, and describe its graph.

    python -m scripts.prove_gpu.compute --network lfcW1A1 --steps 10 --file answers.npz [--nudges 4]

DEVICE or THEANO_FLAGS chooses the device. A nudge trains again, with the last bit of a tenth of the parameters changed and
the images of each batch in another order, which changes only rounding. How far its losses stray shows what rounding alone
can do.
"""
from __future__ import absolute_import, division

import argparse
import collections
import sys

import numpy as np

from common.errors import run
from common.files import whole_file
from common.overlays import OVERLAYS
from training import backend, processes

CLASSES = 10
MASK = (64, 256)        # shape of the dropout mask that is compared bit by bit
VIEWS = ('GpuDimShuffle', 'GpuSubtensor', 'GpuReshape', 'GpuAllocEmpty', 'GpuContiguous', 'Shape', 'Shape_i')  # no launches
TRANSFERS = ('GpuFromHost', 'HostFromGpu')


class Steps(object):
    """A network with its starting parameters and batches: the same on every device.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    steps, batch : int
        Number of batches, and images in each.
    """

    def __init__(self, overlay, steps, batch):
        from training import networks
        from training.learning import Learner
        from training.selftest import start_value
        random, how = np.random.RandomState(1), overlay.network.training
        network = networks.build(overlay, CLASSES, random, how.dropout_in, how.dropout_hidden)
        self.network, self.rate, self.set_values = network, how.LR_start, networks.set_parameter_values
        self.parameters, self.quantized = networks.parameters(network), networks.quantized_layers(network)
        self.values = [start_value(parameter, random) for parameter in self.parameters]
        shape, self.batches = (batch,) + overlay.network.planes, []
        for _ in range(steps):
            images = random.choice([-1., 1.], shape) if overlay.network.black_and_white else random.uniform(-1, 1, shape)
            self.batches.append((images.astype(np.float32), random.randint(0, CLASSES, batch)))
        self.learner = Learner(network)
        self.start = [(variable, variable.get_value()) for variable in self.learner.states]

    def losses(self, nudge=None, after_first=lambda: None):
        """The loss of each step; nudge: a seed, see the module."""
        random, values = np.random.RandomState(nudge), self.values
        for variable, value in self.start:
            variable.set_value(value)
        if nudge is not None:
            values = [np.where(random.uniform(size=value.shape) < .1, np.nextafter(value, np.float32(2)), value)
                      for value in values]
        self.set_values(self.network, values)
        result = []
        for images, labels in self.batches:
            order = slice(None) if nudge is None else random.permutation(len(labels))
            result.append(self.learner.train(images[order], labels[order], self.rate))
            if len(result) == 1:
                after_first()
        return np.array(result)


def compute(overlay, steps, batch, nudges):
    """Results of some steps, and what the graph is made of.

    Returns
    -------
    arrays : OrderedDict of str to array
        'outputs' of evaluation (batch, classes); 'losses' (steps,); 'strayed_N', the losses of a nudge; 'mask' of dropout;
        after the first step, 'parameter_N', in the order in which they are saved, and 'moment_N', Adam's mean of the
        gradient, for those that have one.
    about : dict
        What :func:`counts` returns; 'device'; 'names' of the parameters; 'scales' of their learning rates.
    """
    import theano
    from training import ops
    made, answers = Steps(overlay, steps, batch), collections.OrderedDict()
    made.set_values(made.network, made.values)
    answers['outputs'] = made.learner.outputs(made.batches[0][0])
    state = theano.shared(np.array([12345, 678], np.int64), target='cpu')
    answers['mask'] = theano.function([], ops.dropout(theano.shared(np.ones(MASK, np.float32)), state, .2))()

    def keep():
        moments = {parameter: mean.get_value() for adam in (made.learner.weights_adam, made.learner.others_adam)
                   for parameter, mean in zip(adam.parameters, adam.means)}
        for number, parameter in enumerate(made.parameters):
            answers['parameter_%d' % number] = parameter.get_value()
            if parameter in moments:
                answers['moment_%d' % number] = moments[parameter]
    answers['losses'] = made.losses(after_first=keep)
    for seed in range(nudges):
        answers['strayed_%d' % seed] = made.losses(seed)
    scales = {layer.W: layer.learning_rate_scale for layer in made.quantized}
    about = dict(counts(made.learner.nodes()), device=theano.config.device, names=[one.name for one in made.parameters],
                 scales=[float(scales.get(one, 1)) for one in made.parameters])
    return answers, about


def counts(nodes):
    """What a training step's graph is made of.

    Returns
    -------
    dict
        'operations': their number by name; 'launches': GPU operations that are not views; 'transfers': their number;
        'on_the_host': operations that should be on the GPU. Only sizes and a step's counters may be on the host.
    """
    operations = collections.Counter(type(node.op).__name__ for node in nodes)
    of_the_gpu, on_the_host = collections.Counter(), set()
    for node in nodes:
        name = type(node.op).__name__
        if any(getattr(variable.type, 'context_name', 'cpu') != 'cpu' for variable in node.inputs + node.outputs):
            of_the_gpu[name] += name not in VIEWS + TRANSFERS
        elif any(variable.ndim > 1 or variable.ndim and variable.dtype.startswith('float') for variable in node.outputs):
            on_the_host.add(name)
    return {'operations': operations, 'launches': sum(of_the_gpu.values()), 'on_the_host': sorted(on_the_host),
            'transfers': sum(operations[name] for name in TRANSFERS)}


def main(arguments):
    """The command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--network', choices=list(OVERLAYS), required=True)
    parser.add_argument('--steps', type=int, default=10)
    parser.add_argument('--nudges', type=int, default=0)
    parser.add_argument('--file', required=True)
    given = parser.parse_args(arguments)
    overlay = OVERLAYS[given.network]
    backend.configure()
    import theano  # noqa: F401 (with the configuration above)
    backend.check()
    answers, about = compute(overlay, given.steps, overlay.network.training.batch_size, given.nudges)
    with whole_file(given.file) as handle:
        processes.tell(handle, answers, about)


if __name__ == '__main__':
    sys.exit(run(main))
