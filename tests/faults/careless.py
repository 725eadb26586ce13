"""Commands that do all wrong, each in its way, which the table must notice: python -m tests.faults.careless."""
import os
import sys
import time

from tests.faults import library


def main():
    """Print, by command, what the table counts; 0 where nothing surprises."""
    from tests.faults import commands, table

    class Careless(commands.Command):
        """Writes one file, of two lines."""

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
        """Renames it into its place, and no more."""

        def write(self, path):
            super().write(path + '.new')
            os.rename(path + '.new', path)

    class Untidy(Careless):
        """Leaves something, raises anything, hangs where the disk is full."""

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
