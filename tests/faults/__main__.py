"""Try every fault at every call of every command that writes.

    python -m tests.faults                      # everything: every call of every command, an hour or two
    python -m tests.faults --sample 5           # five calls of each command and kind
    python -m tests.faults weights install --json FILE

The exit status is 1 if something was lost, hung, or ended in a traceback or untidily; each such try prints a line.
"""
import argparse
import json
import os
import random
import sys
import time

from tests.faults import library


def main(arguments):
    parser = argparse.ArgumentParser(prog='tests.faults', description=__doc__.split('\n')[0])
    parser.add_argument('commands', nargs='*', metavar='COMMAND', help='the beginning of a command\'s name (default: all)')
    parser.add_argument('--sample', type=int, metavar='N', help='calls to try for each command and kind (default: all)')
    parser.add_argument('--seed', type=int, default=1, help='seed of the sample')
    parser.add_argument('--json', metavar='FILE', help='where to write the counts')
    given = parser.parse_args(arguments)
    from tests.faults import table      # needs the preloaded library
    faults, rows, problems, started = library.Faults(), [], [], time.time()
    for kind, options in table.commands():
        if given.commands and not kind.__name__.lower().startswith(tuple(given.commands)):
            continue
        trial = table.Trial(faults, kind, options)
        chance = random.Random(given.seed)
        for name in table.KINDS:
            numbers = trial.places()
            if given.sample and given.sample < len(numbers):
                numbers = sorted(chance.sample(numbers, given.sample))
            if name == 'power cut':
                trial.power_cuts(set(numbers))
            else:
                for number in numbers:
                    trial.fault(name, number)
        for name, counts in trial.counts.items():
            rows.append(dict(counts, command=trial.command.name, kind=name, calls=len(trial.calls)))
            print('%-32s %-12s %s' % (trial.command.name, name, '  '.join(
                '%s %d' % (count, counts[count]) for count in table.COUNTS)))
        for problem in trial.problems:
            print('  ' + problem)
        problems += trial.problems
        sys.stdout.flush()
    print('%d tries in %.0f s, %d problems' % (sum(row['tried'] for row in rows), time.time() - started, len(problems)))
    if given.json:
        with open(given.json, 'w') as handle:
            json.dump(rows, handle, indent=1)
    return 1 if problems else 0


if __name__ == '__main__':
    if 'FAULTS_STATE' not in os.environ:
        sys.exit(library.preloaded(['-m', 'tests.faults'] + sys.argv[1:]))
    sys.exit(main(sys.argv[1:]))
