"""These tests read files and run shell scripts: one Python 3 is enough."""
import sys

if sys.version_info < (3,):
    collect_ignore_glob = ['*']
