"""Where golden files and real data are, beside the project, if at all."""
from __future__ import absolute_import

import os

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get('BNN_SHARED') or os.path.join(os.path.dirname(ROOT), 'shared')
GOLDEN = os.path.join(SHARED, 'golden')

needs_golden = pytest.mark.skipif(not os.path.isdir(GOLDEN), reason='no golden files: %s is not there' % GOLDEN)
