"""The progress of a training: a bar on a terminal, a line a minute elsewhere.

    with Progress('epoch 1 of 2', done=0, images=50000, later=50000, say=print) as progress:
        progress.update(100, loss=.5)       # images/s, running loss, time left for the whole run
"""
from __future__ import absolute_import, division

import sys

from common.machine import clock

LINE_SECONDS = 60           # between two lines where there is no terminal


class Progress(object):
    """Of one epoch.

    Parameters
    ----------
    title : str
    done, images : int
        Images of this epoch that were done before, and in all.
    later : int
        Images of the epochs after it.
    say : callable
        Takes the lines.
    """

    def __init__(self, title, done, images, later, say):
        self.title, self.done, self.images, self.later, self.say = title, done, images, later, say
        self.bar = None
        self.start = self.last_line = clock()
        self.here = 0           # images since the start

    def __enter__(self):
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm
            self.bar = tqdm(total=self.images, initial=self.done, leave=False, unit=' images',
                            desc=self.title.capitalize(), dynamic_ncols=True)
        return self

    def __exit__(self, *exception):
        self._draw(lambda bar: bar.close())

    def update(self, images, loss):
        """Count more images as done; `loss`: the epoch's mean so far."""
        self.here += images
        self.done += images
        now = clock()
        rate = self.here / max(now - self.start, 1e-9)
        left = 'loss %.4f, %s left for the run' % (loss, duration((self.images - self.done + self.later) / rate))
        if self.bar is not None:
            self._draw(lambda bar: bar.set_postfix_str(left, refresh=False))
            self._draw(lambda bar: bar.update(images))
        elif now - self.last_line > LINE_SECONDS:
            self.last_line = now
            self.say('  %s: %d of %d images, %.0f images/s, %s' % (self.title, self.done, self.images, rate, left))

    def _draw(self, change):
        """On the bar, until its terminal is closed."""
        try:
            if self.bar is not None:
                change(self.bar)
        except EnvironmentError:
            self.bar = None


def duration(seconds):
    """'1:02:03', hours, minutes and seconds."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return '%d:%02d:%02d' % (hours, minutes, seconds)
