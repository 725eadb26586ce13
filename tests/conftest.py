"""Settings for all tests."""
import shutil
import signal

import pytest

# A shell makes background jobs ignore Ctrl-C, and programs that the tests start and stop would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

LEFT = []       # tests left to make test-thorough


def pytest_deselected(items):
    LEFT.extend(item for item in items if not item.get_closest_marker('long') and
                (item.get_closest_marker('thorough') or item.get_closest_marker('once')))


def pytest_terminal_summary(terminalreporter, config):
    if LEFT and not config.getoption('keyword'):
        terminalreporter.write_line('left to make test-thorough: %d' % len(LEFT))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == 'call':
        item.has_passed = outcome.get_result().passed


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    """Delete the files of a test that passed: together they are gigabytes, possibly in memory (scripts/test.sh)."""
    yield
    for name in ('tmpdir', 'tmp_path'):
        if getattr(item, 'has_passed', False) and name in getattr(item, 'funcargs', {}):
            shutil.rmtree(str(item.funcargs[name]), ignore_errors=True)
