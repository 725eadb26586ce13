"""How long it takes to turn a folder of photographs into a data set: JPEGs of 4000x3000, decoded, and then from the cache.

    python bench/pictures.py [--count 300] [--of 10000] [--json]

This makes the pictures in a temporary folder, all different and as large as a phone's, and reads them as training does, with
the same progress bar or lines. The time for --count pictures is scaled to --of pictures: all pictures cost the same. Other
programs on the machine affect processor time least. For CNV, a JPEG is decoded at an eighth of each side (libjpeg's draft
mode), for LFC whole.
"""
from __future__ import absolute_import, division, print_function

import json
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from common import machine
from common.errors import ArgumentParser, run
from common.files import temporary_folder
from common.options import Whole
from common.overlays import NETWORKS
from datasets import folder
from datasets.fitting import Fitting
from datasets.messages import progress

SIZE = 4000, 3000       # pixels
CLASSES = ('left', 'right')
_BLOBS, _GRAIN = 24, 6      # colour patches along a side; standard deviation of the noise in grey levels


def make(root, count, size=SIZE):
    """Write `count` photographs in all, into class folders; returns their bytes.

    Parameters
    ----------
    root : str
    count : int
    size : (int, int)
        Width and height.

    Returns
    -------
    int
    """
    from PIL import Image
    random = np.random.RandomState(0)
    grain = random.normal(0, _GRAIN, (size[1], size[0], 1)).astype(np.float32)
    for number in progress(range(count), count, 'Photographing'):
        where = os.path.join(root, CLASSES[number % len(CLASSES)])
        if not os.path.isdir(where):
            os.makedirs(where)
        scene = Image.fromarray(random.randint(20, 236, (_BLOBS, _BLOBS, 3)).astype(np.uint8)).resize(size, Image.BICUBIC)
        noisy = np.array(scene, np.float32) + np.roll(grain, number * 1009, axis=0)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(
            os.path.join(where, '%d.jpg' % number), quality=90, subsampling=2)
    return sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(root) for name in names)


def measured(root, net):
    """Seconds to read a folder the first and the second time: (clock, processor) for each."""
    times = []
    for _ in range(2):
        started, used = machine.clock(), sum(os.times()[:2])
        folder.load(root, Fitting(net))
        times.append((machine.clock() - started, sum(os.times()[:2]) - used))
    return times


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--count', type=Whole(6, 100000, ''), default=300, metavar='N', help='pictures read (default: 300)')
    parser.add_argument('--of', type=Whole(1, 10 ** 9, ''), default=10000, metavar='N',
                        help='pictures to scale the time to (default: 10000)')
    parser.add_argument('--json', action='store_true', help='print the figures as JSON')
    given = parser.parse_args(arguments)
    before = os.environ.get('XDG_CACHE_HOME')
    result = {'size': list(SIZE), 'count': given.count, 'of': given.of, 'processors': machine.processors(), 'seconds': {}}
    with temporary_folder() as temporary:
        os.environ['XDG_CACHE_HOME'] = temporary
        try:
            root = os.path.join(temporary, 'photographs')
            result['megabytes each'] = round(make(root, given.count) / given.count / 1e6, 2)
            for net in sorted(NETWORKS):
                result['seconds'][net] = {}
                for which, (seconds, used) in zip(('first', 'again'), measured(root, net)):
                    result['seconds'][net].update({
                        which: round(seconds, 3), which + ', processor': round(used, 3),
                        which + ', scaled': round(seconds * given.of / given.count, 1),
                        which + ', processor, scaled': round(used * given.of / given.count, 1)})
        finally:
            os.environ.pop('XDG_CACHE_HOME')
            if before is not None:
                os.environ['XDG_CACHE_HOME'] = before
    if given.json:
        print(json.dumps(result, indent=1, sort_keys=True))
        return
    print('%d JPEGs of %dx%d, %.1f MB each, %d processors' % (
        (given.count,) + SIZE + (result['megabytes each'], result['processors'])))
    for net, times in sorted(result['seconds'].items()):
        print('%s: %.1f s, from the cache %.1f s; scaled to %d: %.0f s and %.0f s; processor time: %.0f s and %.0f s' % (
            net, times['first'], times['again'], given.of, times['first, scaled'], times['again, scaled'],
            times['first, processor, scaled'], times['again, processor, scaled']))


if __name__ == '__main__':
    sys.exit(run(main))
