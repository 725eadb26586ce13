"""Start Python with the preloaded library io_faults.c, and call functions with faults.

    library.preloaded(['-m', 'tests.faults'])       # starts Python again with it; returns its exit status
    faults = library.Faults()
    status, lines = faults.call(function, folder, 'full', 3)
"""
import ctypes
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import traceback

KINDS = ('killed', 'interrupted', 'terminated', 'full', 'broken')       # in the order of io_faults.c
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'io_faults.c')
SECONDS = 60                # more counts as a hang
HANGS = -signal.SIGALRM     # a hang's status


class State(ctypes.Structure):
    """The state shared with io_faults.c."""
    _fields_ = [('count', ctypes.c_int64), ('at', ctypes.c_int64), ('kind', ctypes.c_int64), ('plain', ctypes.c_int64),
                ('folder', ctypes.c_char * 4096), ('record', ctypes.c_char * 4096)]


def preloaded(arguments):
    """Start this Python with the library; its exit status."""
    memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None      # for speed
    with tempfile.TemporaryDirectory(prefix='faults-', dir=memory) as folder:
        built, state = (os.path.join(folder, name) for name in ('io_faults.so', 'state'))
        subprocess.check_call((os.environ.get('CC') or 'cc').split() + ['-O1', '-shared', '-fPIC', SOURCE, '-o', built])
        with open(state, 'wb') as handle:
            handle.truncate(ctypes.sizeof(State))
        return subprocess.call([sys.executable] + arguments, env=dict(
            os.environ, LD_PRELOAD=built, FAULTS_STATE=state, FAULTS_FOLDER=folder))


class Faults:
    """Calls functions in child processes of one that has the library, with a fault at a chosen call."""

    def __init__(self):
        self.folder = os.environ['FAULTS_FOLDER']
        with open(os.environ['FAULTS_STATE'], 'r+b') as handle:
            self.state = State.from_buffer(mmap.mmap(handle.fileno(), 0))
        self.record, self.output = (os.path.join(self.folder, name) for name in ('record', 'output'))

    def call(self, function, folder, kind=None, at=0, plain=False, record=False):
        """Call a function that returns an exit status.

        Parameters
        ----------
        function : callable
        folder : str
            Calls are counted there, and syncs return at once.
        kind : str, optional
            One of :data:`KINDS`.
        at : int
            The number of the call that fails, from 1.
        plain : bool
            As on a file system that cannot exchange two names.
        record : bool
            Write the calls to :attr:`record`.

        Returns
        -------
        status : int
            Negative: the signal that ended it, :data:`HANGS` after :data:`SECONDS`.
        lines : list of str
            What it wrote to standard error.
        """
        if record:
            open(self.record, 'wb').close()
        self.state.count, self.state.at, self.state.plain = 0, at, plain
        self.state.kind = KINDS.index(kind) + 1 if kind else 0
        self.state.record = os.fsencode(self.record) if record else b''
        child = os.fork()
        if not child:
            self._run(function, folder)
        status = os.waitpid(child, 0)[1]
        self.state.folder = b''
        try:
            os.killpg(child, signal.SIGKILL)        # what it has left running
        except ProcessLookupError:
            pass
        with open(self.output, errors='replace') as handle:
            return os.waitstatus_to_exitcode(status), handle.read().splitlines()

    def _run(self, function, folder):
        status = 1
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.alarm(SECONDS)
            with open(self.output, 'w') as output, open(os.devnull, 'r+') as nothing:
                for number, handle in enumerate((nothing, nothing, output)):
                    os.dup2(handle.fileno(), number)
            self.state.folder = os.fsencode(folder)
            status = function()
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
