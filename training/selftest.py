"""Check that this machine's GPU computes what the CPU does: a step of each network on both, and how fast.

    make selftest                                   # in the image: selftest, as its first word
    python -m training.selftest --only lfcW1A1      # one of the five

Each network starts from the same random numbers, computes its outputs for a batch, and trains one step on it, with the
documents' dropout; then outputs, loss, gradients and parameters are compared. Without a GPU the CPU's kernels are compared
with their twins in plain Theano, which a GPU computes too. OUT/selftest.json has the lines too, to be sent.

Exit status: 0 where everything agrees and a GPU was there, or DEVICE=cpu asked for none; 3 where the CPU agrees with plain
Theano, but no GPU was there; 1 where something differs or fails.
"""
from __future__ import absolute_import, division, print_function

import collections
import ctypes
import json
import os
import platform
import sys

import numpy as np
import six

from common import options
from common.errors import UserError, run
from common.files import whole_file
from common.machine import clock, processors
from common.overlays import OVERLAYS
from training import backend, cuda, processes

NO_GPU = 3
CLASSES = 10
SECONDS = 3.            # of steps that are timed
REPORT = 'selftest.json'
KINDS = collections.OrderedDict([('cuda', 'the GPU'), ('cpu', 'the CPU'), ('twins', 'plain Theano')])

# What may differ. Sums are rounded in other orders, so an activation at its quantiser's edge may fall on the other side of
# it: then one image's outputs differ, and all gradients a little. A wrong computation differs in everything.
LIMITS = collections.OrderedDict([
    ('loss', 1e-3),             # as a share of the loss
    ('images', .05),            # the share of images whose outputs differ
    ('gradients', .05),         # root mean square, as a share of the layer's own, of the worst layer
    ('parameters', .02)])       # the share that is elsewhere after the step: of biases, whose gradient is 0, many
CLOSE = 1e-4

# What takes long and belongs on the GPU; if one is left on the host, its data is copied there and back.
_HEAVY = ('Dot22', 'Dot22Scalar', 'Dot', 'Gemm', 'BatchedDot', 'CorrMM', 'CorrMM_gradWeights', 'CorrMM_gradInputs',
          'AbstractConv2d', 'AbstractConv2d_gradWeights', 'AbstractConv2d_gradInputs', 'Pool', 'MaxPoolGrad')


# --- in a process of its own: Theano has one device -------------------------------------------------------------------

def compute(overlay, seconds=SECONDS):
    """One network's numbers on the device that Theano has.

    Parameters
    ----------
    overlay : common.overlays.Overlay
    seconds : float
        How long further steps are timed.

    Returns
    -------
    arrays : list of arrays
        Outputs (batch, classes), loss, then the gradient of each layer's weights, then all parameters after the step.
    about : dict
        'layers', 'images_per_second', 'first_step_seconds', 'operations' by name, and what the device is.
    """
    from training import networks
    from training.learning import Learner
    random, how = np.random.RandomState(1), overlay.network.training
    network = networks.build(overlay, CLASSES, random, how.dropout_in, how.dropout_hidden)
    networks.set_parameter_values(network, [start_value(parameter, random) for parameter in networks.parameters(network)])
    images = random.choice([-1., 1.], (how.batch_size,) + overlay.network.planes) if overlay.network.black_and_white else (
        random.uniform(-1, 1, (how.batch_size,) + overlay.network.planes))
    images, labels = images.astype(np.float32), random.randint(0, CLASSES, how.batch_size)

    learner = Learner(network)
    outputs = learner.outputs(images)
    started = clock()
    loss = learner.train(images, labels, how.LR_start)
    first = clock() - started
    arrays = [outputs, np.array(loss)] + [mean.get_value() for mean in learner.weights_adam.means]
    layers = len(arrays) - 2
    arrays += networks.parameter_values(network)
    steps, started = 0, clock()
    while not steps or clock() - started < seconds:
        learner.train(images, labels, how.LR_start)
        steps += 1
    about = {'layers': layers, 'images_per_second': steps * how.batch_size / max(clock() - started, .01),
             'first_step_seconds': first, 'operations': collections.Counter(learner.operations())}
    about.update(_device(about['operations']))
    return arrays, about


def start_value(parameter, random):
    """A value as in the middle of a training: at its beginning every sum is whole, and many lie on the quantisers' edges."""
    shape = parameter.get_value(borrow=True).shape
    low, high = {'W': (-1, 1), 'b': (-1, 1), 'beta': (-.3, .3), 'gamma': (.5, 1.5), 'mean': (-1, 1),
                 'inv_std': (.1, .5)}[parameter.name.rsplit('.', 1)[-1]]
    return np.asarray(random.uniform(low, high, shape), np.float32)


def _device(operations):
    import theano
    if theano.config.device == 'cpu':
        return {'device': 'cpu'}
    from theano.gpuarray import dnn, type as contexts
    context = contexts.get_context(None)
    heavy = sorted(set(operations) & set(_HEAVY))
    cudnn = dnn.dnn_available(None)
    return {'device': context.devname.decode() if isinstance(context.devname, bytes) else context.devname,
            'cudnn': 'used' if any(name.startswith('GpuDnn') for name in operations) else
            'not used' if cudnn else 'not there: %s' % str(dnn.dnn_available.msg).split('. ')[0],
            'on_the_host': heavy}


def child(kind, overlay, path):
    """Compute as one of KINDS, and write it to a file that :func:`answers` reads."""
    backend.configure('cpu' if kind != 'cuda' else None if backend.opencl() else 'cuda')
    if kind == 'twins':
        from training import ops
        ops.available = lambda: False
    import theano  # noqa: F401 (as it was configured)
    backend.check()
    arrays, about = compute(overlay)
    with whole_file(path) as handle:
        processes.tell(handle, {'%d' % number: array for number, array in enumerate(arrays)}, about)


def answers(kind, overlay):
    """What a child answers, as :func:`compute` returns it; UserError where it fails."""
    arrays, about = processes.ask(None, '-m', 'training.selftest', '--compute', kind, '--only', overlay.name)
    return [arrays['%d' % number] for number in range(len(arrays))], about


# --- the comparison ---------------------------------------------------------------------------------------------------

def differences(one, other, layers):
    """How far two answers are apart, by the names of LIMITS.

    Parameters
    ----------
    one, other : list of arrays
        As :func:`compute` returns them; `other` is the measure.
    layers : int
        How many gradients there are.

    Returns
    -------
    OrderedDict of str to float
        Infinite where a value is not finite or a shape differs.
    """
    if [array.shape for array in one] != [array.shape for array in other] or not all(
            np.isfinite(array).all() for array in one):
        return collections.OrderedDict((name, float('inf')) for name in LIMITS)
    outputs, expected = one[0], other[0]
    apart = np.abs(outputs - expected) > CLOSE * max(1., np.abs(expected).max())
    gradients = [np.sqrt(np.mean((mine - theirs) ** 2)) / max(np.sqrt(np.mean(theirs ** 2)), 1e-30)
                 for mine, theirs in zip(one[2:2 + layers], other[2:2 + layers])]
    elsewhere = [np.sum(np.abs(mine - theirs) > CLOSE) for mine, theirs in zip(one[2 + layers:], other[2 + layers:])]
    return collections.OrderedDict([
        ('loss', float(abs(one[1] - other[1]) / abs(other[1]))), ('images', float(apart.any(axis=1).mean())),
        ('gradients', float(max(gradients))),
        ('parameters', float(sum(elsewhere) / sum(array.size for array in other[2 + layers:])))])


def compared(overlay, kinds):
    """One network by two of KINDS: its part of the report, of which 'line' is the line and 'agrees' the answer."""
    report = collections.OrderedDict([('network', overlay.name), ('agrees', False)])
    by_kind = []
    for kind in kinds:
        try:
            by_kind.append(answers(kind, overlay))
        except UserError as error:
            report['line'] = '%s: %s fails: %s' % (overlay.name, KINDS[kind], error)
            return report
        report[kind] = by_kind[-1][1]
    (one, about), (other, _) = by_kind
    apart = report['apart'] = differences(one, other, about['layers'])
    beyond = [name for name, limit in LIMITS.items() if not apart[name] <= limit]
    if about.get('on_the_host'):
        beyond.append('%s on the host' % ', '.join(about['on_the_host']))
    report['agrees'] = not beyond
    first, second = (KINDS[kind] for kind in kinds)
    words = ['%s: %s %s %s (%s apart)' % (
        overlay.name, first, 'differs from' if beyond else 'matches', second,
        ', '.join('%s %.1g' % item for item in apart.items()))]
    if beyond:
        words.append('beyond the limit: ' + ', '.join(beyond))
    if 'cudnn' in about:
        words.append('cuDNN %s' % about['cudnn'])
    words.append(', '.join('%s %.0f images/s' % (KINDS[kind], report[kind]['images_per_second']) for kind in kinds))
    report['line'] = '; '.join(words)
    return report


# --- what is here -----------------------------------------------------------------------------------------------------

def no_gpu():
    """Why no GPU can be used here, or None."""
    try:
        import pygpu        # noqa: F401
    except ImportError as error:
        return 'pygpu cannot be imported: %s' % error
    if backend.opencl():
        return None
    try:
        driver = cuda.load('cuda')
    except OSError as error:
        return 'there is no driver: %s' % error
    number = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number)) or not number.value:
        return 'the driver finds no GPU'
    return None


def versions():
    """What is installed, and what the libraries that are loaded say of themselves: name to version, and to file."""
    from importlib import import_module
    found, files = collections.OrderedDict([('Python', platform.python_version())]), collections.OrderedDict()
    for name in ('numpy', 'pygpu'):
        try:
            found[name] = import_module(name).__version__
        except ImportError:
            found[name] = 'none'
    for library in cuda.LIBRARIES:
        try:
            said = cuda.versions(library)
        except (OSError, AttributeError):
            continue
        found.update(('lib%s' % name, version) for name, version in said.items())
        files['lib%s' % library] = cuda.path(library)
    return found, files


def main(arguments):
    """The command line; see --help."""
    parser = options.parser('selftest', __doc__.split('\n')[0])
    parser.add_argument('--only', choices=list(OVERLAYS), metavar='NETWORK', help='one network: %s' % ', '.join(OVERLAYS))
    parser.add_argument('--compute', choices=list(KINDS), help='internal: what to compute')
    parser.add_argument('--file', help='internal: where to write it')
    given = parser.parse_args(arguments)
    if given.compute:
        return child(given.compute, OVERLAYS[given.only], given.file)
    device = given.device or backend.asked_for()
    if not os.path.isdir(given.runs):
        os.makedirs(given.runs)
    path = os.path.join(given.runs, REPORT)

    found, files = versions()
    say('ok', ', '.join('%s %s' % item for item in found.items()))
    for name, file in files.items():
        say('ok', '%s: %s' % (name, file))
    say('ok', 'the CPU: %s, %d processors' % (platform.machine(), processors()))
    reason = 'DEVICE=cpu asks for none' if device == 'cpu' else no_gpu()
    if reason:
        say('ok' if device == 'cpu' else 'warning', 'no GPU: %s; the CPU is compared with plain Theano' % reason)
    kinds = ('cpu', 'twins') if reason else ('cuda', 'cpu')
    reports = []
    for overlay in [OVERLAYS[given.only]] if given.only else OVERLAYS.values():
        reports.append(compared(overlay, kinds))
        say('ok' if reports[-1]['agrees'] else 'failure', reports[-1]['line'])
    status = 1 if not all(report['agrees'] for report in reports) else NO_GPU if reason and device != 'cpu' else 0
    text = json.dumps(collections.OrderedDict([
        ('status', status), ('no_gpu', reason), ('versions', found), ('files', files), ('processors', processors()),
        ('limits', LIMITS), ('networks', reports)]), indent=2, separators=(',', ': '))
    with whole_file(path, 'w') as handle:
        handle.write(six.ensure_text(text) + u'\n')
    say('ok', 'report to send: %s' % path)
    return status


def say(state, text):
    """A line, at once."""
    print('%-8s %s' % (state, text))
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(run(main))
