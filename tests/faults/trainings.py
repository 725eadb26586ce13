"""make train for the table of faults: a network of 16 units, two epochs of two batches, a checkpoint after each."""
import os

from training import backend

backend.configure('cpu')                # before Theano is imported

from common import npz                                      # noqa: E402
from datasets import registry                               # noqa: E402
from tests.faults.commands import Command, content, main    # noqa: E402
from tests.training import runs                             # noqa: E402
from training import checkpoint, experiment, settings, trainer      # noqa: E402
from training.stopping import STOPPED                       # noqa: E402

FILES = [name.replace('made', 'digits') for name in runs.WRITTEN]
Run, Learner, Settings = trainer.Run, trainer.Learner, settings.Settings


class Train(Command):
    """make train; old: results of another seed, which are put aside"""

    stopped = {'interrupted': (STOPPED,), 'terminated': (STOPPED,)}
    resumes = '0', 'auto'       # of the call, and of the next one

    def prepare(self):
        os.mkdir(self.folder)
        self.compile(seed=1)
        if self.old:
            status, lines = self.faults.call(self.call, self.folder)
            assert status == 0, lines
            self.compile(seed=2)

    def compile(self, seed):
        """Do once what all tries share; each does the rest in its own process."""
        settings.Settings = Settings
        wanted = runs.settings(self.folder, seed=seed)._replace(dataset='digits')
        data = runs.dataset()
        run = Run(wanted, data)
        learner = Learner(run.network, wanted.network.decision, run.loss)
        backend.configure = lambda *arguments: []
        registry.load = lambda *arguments: data
        settings.Settings = lambda *arguments: wanted
        trainer.Run, trainer.Learner = lambda *arguments: run, lambda *arguments: learner
        trainer.CHECKPOINT_SECONDS = -1

    def train(self, resume):
        return main(lambda arguments: experiment.main('lfc', arguments), '--dataset', 'digits', '--out', self.folder,
                    '--resume', resume)

    def call(self):
        return self.train(self.resumes[0])

    def again(self):
        return self.train(self.resumes[1])

    def recover(self):
        pass

    def results(self):
        return self.results_in(self.run.path)

    def results_in(self, path):
        """What a run ended with, without times and paths."""
        found = {name: content(os.path.join(path, name)) for name in FILES}
        log = content(os.path.join(path, 'train.log')) or b''
        found['train.log'] = [line for line in log.decode().splitlines() if not line.startswith(('Epoch', 'save_path'))]
        return found

    def problem(self, old, new):
        """Every file is whole, and earlier results are still there."""
        if self.old and old not in (self.results(), self.results_in(self.run.path + '.1')):
            return 'the earlier results are neither there nor put aside'
        for name in os.listdir(self.run.path) if os.path.isdir(self.run.path) else ():
            path = os.path.join(self.run.path, name)
            if not name.startswith(('.', 'checkpoint')) and name.endswith('.npz'):
                npz.read(path, npz.names(path), 2 ** 30)
        self.run.read_settings()
        self.run.read_history()
        if self.run.has_checkpoint():
            checkpoint.load(self.run.checkpoint)


class Resume(Train):
    """make train RESUME=1, for a training that was killed"""

    resumes = '1', '1'

    def prepare(self):
        super().prepare()
        self.faults.call(lambda: self.train('0'), self.folder, 'killed', 400)
        assert self.run.has_checkpoint()
