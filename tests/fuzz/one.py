"""Fuzz one reader with atheris until something is found or the time is over; tests.fuzz.run starts this.

    python -m tests.fuzz.one READER [option of libFuzzer ...] [folder of files ...]

Coverage includes the project's code, and the code of Python and libraries that reads the formats.
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
    """Have atheris instrument every function of that code, as far as it is imported."""
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
    for seed in reader.seeds():         # now modules that are imported late are there
        try:
            read(seed)
        except readers.EXPECTED:
            pass
    instrument()
    warnings.simplefilter('ignore')
    sys.stdout = sys.stderr = open(os.devnull, 'w')     # hide the messages about each file; libFuzzer writes its own

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

    # At exit, Python restores the default signal handlers: libFuzzer's timer would kill it before it has printed all.
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    atheris.Setup(arguments[:1] + arguments[2:], attempt, custom_mutator=change)
    atheris.Fuzz()


if __name__ == '__main__':
    main(sys.argv)
