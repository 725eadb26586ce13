"""./cifar10-1w-1a.npz to ./cnvW1A1, the parameter folder of that overlay (see generate.py)."""
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from weights_gen.generate import documented
    sys.exit(documented('cnv', 1, 1))
