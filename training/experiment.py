"""One training, from the command line to the trained parameters: what mnist_mod.py and cifar10_mod.py both do."""
from __future__ import absolute_import, division

from training.stopping import STOPPED, Stop, Stopped, from_the_start

if __name__ == '__main__':
    from_the_start()

import collections  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

from common import options, overlays  # noqa: E402
from common.run_folder import PRETRAINED, BadRun  # noqa: E402
from training.log import note, note_if_slow  # noqa: E402


def parse(net, arguments):
    """The options of a training of `net`, 'lfc' or 'cnv'; where it is None, --net says which."""
    network = overlays.NETWORKS.get(net)
    parser = options.parser('train', 'Train %s on %s, or on another data set.' % (net.upper(), network.dataset) if net
                            else 'Train a network.', without=['OUT'] + ['NET'] * bool(net))
    options.add(parser, 'OUT', '--out')
    if net:
        parser.set_defaults(net=net)
    return parser.parse_args(arguments)


def start(given, settings, resumes):
    """The path of the parameters that a training starts from: as the user says; as a resumed run says; or, for the user's
    own pictures, those that come with the project, so that fewer pictures are enough (bench/fine_tuning.py). None for
    random weights.
    """
    from datasets import registry
    if given.init:
        return None if given.init == 'none' else given.init
    if resumes:
        return started_from(settings.files)
    path = os.path.join(PRETRAINED, '%s-%s.npz' % (settings.overlay.network.dataset, settings.overlay.name))
    own = registry.is_path(settings.dataset) and settings.recipe == 'best'
    return os.path.relpath(path) if own and os.path.exists(path) else None


def beginning(given, settings):
    """(Settings, what it starts from, whether it is to be resumed) of a training."""
    def found(resume):
        init = start(given, settings, resume and settings.files.has_checkpoint())
        return settings.fine_tuning() if init else settings, init, resume
    result = found(given.resume != '0')
    if given.resume == 'auto' and not settings.files.can_resume(result[0].deciding()):
        result = found(False)
    return result


def started_from(files):
    """What the run in a folder says that it started from, also where this is not the working directory it speaks of and the
    file comes with the project; None where it says nothing.
    """
    try:
        path = (files.read_settings() or {}).get('init')
    except (BadRun, EnvironmentError):
        return None
    folder, name = os.path.split(path or '')
    own = os.path.join(PRETRAINED, name)
    moved = os.path.basename(folder) == os.path.basename(PRETRAINED) and not os.path.exists(path) and os.path.isfile(own)
    return own if moved else path


def made_from(given, init, fitting):
    """What settings.json says besides the settings: what training started from, and how the user's own pictures were
    fitted, so that others are fitted alike.
    """
    result = collections.OrderedDict([('init', init)] if init else [])
    if fitting and fitting.reads_ink:
        result['threshold'], result['invert'] = fitting.threshold, fitting.invert
    return result


def main(net, arguments):
    """Train; the exit status: 0, or :data:`training.stopping.STOPPED` where the run was asked to stop."""
    with Stop() as stop:
        try:
            train(parse(net, arguments), stop)
        except Stopped as stopped:
            note(stopped)
            return STOPPED
    return 0


def train(given, stop):
    """Train as the options say, until the end or until a signal stops the run."""
    from datasets import preview, registry      # numpy and all else: signals are handled by now
    from datasets.fitting import Fitting
    from training import backend, tensorboard
    from training.settings import Settings
    from weights_gen import parameters

    net = given.net
    settings = Settings(net, given.weight_bits, given.activation_bits, given.dataset, given.epochs,
                        given.train_size, given.seed, given.runs, given.recipe,
                        given.mirrored and given.mirrored == 'yes')
    for line in backend.configure(given.device):
        note('Theano setting from %s' % line)
    files = settings.files
    with files.only_writer():       # a folder that cannot be written is reported before anything is loaded
        settings, init, resume = beginning(given, settings)
        resumes, initial = resume and files.has_checkpoint(), None
        if init:
            initial = parameters.arrays(parameters.read(init, settings.overlay, other_bits=True))
        with note_if_slow('Loading %s' % settings.dataset_name):
            data = registry.load(settings.dataset, net, given.data_dir, given.threshold, given.invert, given.broken)
        stop.check()
        with note_if_slow('Starting Theano'):
            from training import trainer            # Theano reads its configuration when it is imported
        stop.check()
        backend.check()
        if settings.train_size and settings.train_size > len(data.train.labels):
            note('TRAIN_SIZE=%d, but there are only %d training images: all are used'
                 % (settings.train_size, len(data.train.labels)))
        fitting = Fitting(net, given.threshold, given.invert) if registry.is_path(settings.dataset) else None
        run = trainer.Run(settings, data, initial, made_from(given, init, fitting))
        if given.tensorboard:
            run.events = tensorboard.Events(files.path)
        note(told(settings, backend.device()))
        if init and not resumes:
            note('Starting from %s%s%s' % (
                init,
                '; the last layer starts from random weights, as the number of classes differs' * run.last_layer_is_new,
                '' if given.init else '; INIT=none (--init none) starts from random weights'))
        make_room(files, resume)
        if fitting:
            preview.preview(settings.dataset, fitting, files.preview, tell=lambda line: None)
        run(resume, stop)


def told(settings, device):
    """What is trained, where and how, in one line, before the compilation."""
    return '%s on %s, by the recipe %s, seed %d: %d epoch%s in batches of %d, on %s, into %s' % (
        settings.overlay.name, settings.dataset_name, settings.recipe, settings.seed, settings.epochs,
        '' if settings.epochs == 1 else 's', settings.network.batch_size, device, settings.files.path)


def make_room(files, resume):
    """Put aside results that a run would overwrite, and make the run folder."""
    resumes = resume and files.has_checkpoint()
    if resume and not resumes:
        note('There is no checkpoint in %s: the run starts from the beginning' % files.path)
    if not resume or not resumes and os.path.exists(files.parameters):
        aside = files.put_aside()
        if aside:
            note('The results that were in %s are now in %s' % (files.path, aside))
    files.prepare()


if __name__ == '__main__':
    from common.errors import run
    sys.exit(run(lambda arguments: main(None, arguments)))
