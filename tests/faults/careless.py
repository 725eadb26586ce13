"""Commands that make every mistake that the table must notice: python -m tests.faults.careless."""
import os
import sys
import time

from tests.faults import library


def main():
    """Print the table's counts for each command."""
    from tests.faults import commands, table

    class Careless(commands.Command):
        """Writes one file of two lines, in place."""

        def make(self, seed):
            self.lines = ['%d %d\n' % (seed, number) for number in range(2)]

        def written(self):
            return [os.path.join(self.folder, 'file')]

        def call(self):
            return commands.main(lambda arguments: self.write(*self.written()))

        def write(self, path):
            with open(path, 'w', buffering=1) as handle:
                handle.writelines(self.lines)

    class Unsynced(Careless):
        """Renames the file into place, but never syncs it."""

        def write(self, path):
            super().write(path + '.new')
            os.rename(path + '.new', path)

    class Untidy(Careless):
        """Leaves a file behind, raises any exception, and hangs if the disk is full."""

        def write(self, path):
            open(os.path.join(self.folder, '.file.%s.tmp' % os.urandom(4).hex()), 'w').close()
            try:
                super().write(path)
            except OSError as error:
                if error.errno == 28:
                    time.sleep(60)
                raise ValueError('anything')

    library.SECONDS = 1
    for kind in (Careless, Unsynced, Untidy):
        trial = table.Trial(library.Faults(), kind, {'old': True})
        for name in table.KINDS[:-1]:
            for number in trial.places():
                trial.fault(name, number)
        trial.power_cuts(set(trial.places()))
        for name, counts in trial.counts.items():
            print(kind.__name__, name, *('%s=%d' % pair for pair in counts.items()))


if __name__ == '__main__':
    sys.exit(main() if 'FAULTS_STATE' in os.environ else library.preloaded(['-m', 'tests.faults.careless']))
