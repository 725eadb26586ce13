"""TENSORBOARD=1: a run's history as TensorBoard's event files, in the run folder's tensorboard/.

    write = Events('runs/mnist-lfcW1A1')
    write(run.history)          # after every epoch; the rows that are new are added

The scalars have the names of history.csv's columns, the step is the epoch. A run that resumes writes its history again from
the first epoch, so that what was written after its checkpoint is not there twice.
"""
from __future__ import absolute_import

import os
import sys

from common.errors import UserError
from common.run_folder import HISTORY


class Events(object):
    """The event files of one run.

    Parameters
    ----------
    folder : str
        The run folder.

    Raises
    ------
    UserError
        tensorboardX is not installed.
    """

    def __init__(self, folder):
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            of = 'py27' if sys.version_info < (3,) else 'py3' if sys.version_info < (3, 12) else 'py312'
            raise UserError('TENSORBOARD=1 needs tensorboardX (%s): make train TENSORBOARD=1 installs it, or pip install '
                            '--require-hashes -r requirements/%s-tensorboard.txt' % (error, of))
        self.folder, self.new_writer = os.path.join(folder, 'tensorboard'), SummaryWriter
        self.writer, self.written = None, 0

    def __call__(self, history):
        """Add the rows that are new, each in the order of :data:`common.run_folder.HISTORY`."""
        if self.writer is None:
            for name in os.listdir(self.folder) if os.path.isdir(self.folder) else ():
                if name.startswith('events.out.tfevents.'):
                    os.remove(os.path.join(self.folder, name))
            self.writer = self.new_writer(self.folder)
        for row in history[self.written:]:
            values = dict(zip(HISTORY, row))
            for name in HISTORY[1:]:
                self.writer.add_scalar(name, values[name], int(values['epoch']))
        self.written = len(history)
        self.writer.flush()
