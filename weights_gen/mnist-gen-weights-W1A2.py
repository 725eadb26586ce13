"""./mnist-1w-2a.npz to ./lfcW1A2, the parameter folder of that overlay (see generate.py)."""
import os
import sys

if __name__ == '__main__':
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    from weights_gen.generate import documented
    sys.exit(documented('lfc', 1, 2))
