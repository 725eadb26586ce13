"""Configures Theano for this process, before any test module imports it."""
from __future__ import absolute_import

import os

from training import backend, removed

_BEFORE = dict(os.environ)
backend.configure()

import theano  # noqa: E402, F401 (reads its configuration now)

os.environ.clear()          # runs that tests start configure themselves
os.environ.update(_BEFORE)
removed.compiler_flags()    # but g++ still needs the variables that this sets
