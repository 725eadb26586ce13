"""The page of a run while it trains: rewritten after every epoch; in a browser it reloads itself.

    python -m report.watch --run runs/mnist-lfcW1A1

Serves nothing and needs no network: the page is report.html in the run folder. It may be started before the training, but
only after it where a finished run is in the folder: else it writes that run's page and ends. It ends when the run is
finished and no training holds the folder; Ctrl-C ends it earlier. Its last page no longer reloads.
"""
from __future__ import absolute_import, division, print_function, unicode_literals

import os
import sys
import time

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from common import options
from common.errors import run
from common.run_folder import BadRun, RunFolder
from datasets import registry
from report.gather import gather
from report.page import write

SECONDS = 2.            # between two looks at the run's files
RELOAD = 5              # seconds between two reloads of the page


def state(folder):
    """What changes when one of a run's files does; the first is None where there is no run yet."""
    found = []
    for path in (folder.settings, folder.history, folder.log, folder.verification):
        try:
            status = os.stat(path)
            found.append((status.st_mtime, status.st_size, status.st_ino))
        except EnvironmentError:
            found.append(None)
    return found


def progress(material):
    """(whether the training is finished, how far it is)."""
    epochs = (material.settings or {}).get('epochs')
    done = len(material.history['epoch']) if material.history else 0
    text = 'epoch %d%s' % (done, ' of %s' % epochs if epochs else '')
    if done:
        text += ', validation error %.2f %%, the best %.2f %% in epoch %d' % (
            material.history['validation_error_rate'][-1], min(material.history['validation_error_rate']),
            material.history['best_epoch'][-1])
    return bool(epochs) and done >= epochs, text


def watch(path, seconds=SECONDS, tell=print):
    """Rewrite a run's page until the run is finished and no training holds its folder.

    Parameters
    ----------
    path : str
        The run folder, which need not be there yet.
    seconds : float
        Between two looks.
    tell : callable
        Takes each line for the user.
    """
    folder, seen, finished, material = RunFolder(path, exists=False), None, False, None
    if not os.path.exists(folder.settings):
        tell('waiting for %s: start make train with the same variables' % path)
    try:
        while True:
            ends = finished and not folder.is_being_written()   # asked first: what is read then is all that was written
            now = state(folder)
            if now == seen or now[0] is None:
                if ends and now[0]:
                    break
                time.sleep(seconds)
                continue
            seen = now
            try:
                material = gather(path)
            except (BadRun, EnvironmentError) as error:     # perhaps a new run is taking the place of this one
                tell('%s' % error)
                continue
            finished, text = progress(material)
            tell('%s: %s' % (write(material, live=None if finished else {'reload': RELOAD, 'progress': text}), text))
        tell('%s is finished: to watch the next training in its place, start that first' % path)
    finally:
        if material and not finished:
            write(material)


def main(arguments):
    """The command line; see --help."""
    given = options.parser('watch', __doc__.split('\n')[0]).parse_args(arguments)
    watch(registry.run_path(given), tell=_tell)


def _tell(line):
    print(line)
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(run(main))
