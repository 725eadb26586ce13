"""Train CNV on CIFAR-10: python training/cifar10_mod.py -wb 1 -ab 2 --epochs 10 (--help lists the options)."""
from __future__ import absolute_import

import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from training.stopping import from_the_start
    from_the_start()
    from common.errors import run
    from training.experiment import main

    sys.exit(run(lambda arguments: main('cnv', arguments)))
