"""One reader under atheris, until it has a find or the time is over: what tests.fuzz.run starts.

    python -m tests.fuzz.one READER [option of libFuzzer ...] [folder of files ...]

The code that is searched is the project's, and Python's and the libraries' own that reads the formats.
"""
import atexit
import os
import random
import signal
import sys
import tempfile
import types
import warnings

import atheris

from tests.fuzz import forms, readers

SEARCHED = ('board', 'common', 'datasets', 'training', 'weights_gen', 'zipfile', 'gzip', 'csv', 'json', 'pickle',
            'numpy.lib.format', 'numpy.lib.utils', 'scipy.io', 'PIL')


def instrument():
    """Have atheris watch every function of what is searched, as far as it is imported."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith(SEARCHED) and name.split('.')[0] in {part.split('.')[0] for part in SEARCHED}:
            for value in list(vars(module).values()):
                for function in [value] + (list(vars(value).values()) if isinstance(value, type) else []):
                    if isinstance(function, types.FunctionType) and function.__module__ == name:
                        atheris.instrument_func(function)


def main(arguments):
    reader = readers.READERS[arguments[1]]
    folder = tempfile.mkdtemp(prefix='bnn-')
    read = reader.make(folder)
    for seed in reader.seeds():         # what is imported late is there now
        try:
            read(seed)
        except readers.EXPECTED:
            pass
    instrument()
    warnings.simplefilter('ignore')
    sys.stdout = sys.stderr = open(os.devnull, 'w')     # what is told of each file; libFuzzer writes by itself

    @atheris.instrument_func
    def attempt(data):
        try:
            read(data)
        except readers.EXPECTED as error:
            message = str(error)
            assert message.strip() and '\n' not in message and '\r' not in message, repr(message)

    def change(data, most, seed):
        changed = forms.change(reader.form, data, atheris.Mutate, random.Random(seed))
        return changed if len(changed) <= most else atheris.Mutate(data, most)

    # As Python ends, its signals get their first meaning again: libFuzzer's clock would then kill it before it has told all.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    atheris.Setup(arguments[:1] + arguments[2:], attempt, custom_mutator=change)
    atheris.Fuzz()


if __name__ == '__main__':
    main(sys.argv)
