"""These look at files and run shell scripts: the tests on one Python say all, and need a Python 3."""
import sys

if sys.version_info < (3,):
    collect_ignore_glob = ['*']
