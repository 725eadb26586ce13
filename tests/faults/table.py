"""Try every kind of fault at every call that changes something, for every command; count what was lost or ended badly.

A power cut keeps, of what was not synced: nothing; names but no file contents; names and the contents of the file that was
written last; or each change at random.
"""
import collections
import os
import random
import re
import shutil

from tests.faults import library
from tests.faults.commands import Deploy, Install, Package, Report, Verify, Weights
from tests.faults.disk import Disk, File, calls
from tests.faults.environments import Setup

POWER = collections.OrderedDict([
    ('nothing', lambda disk, chance: lambda node: False),
    ('names', lambda disk, chance: lambda node: not isinstance(node, File)),
    ('names and the last file', lambda disk, chance: lambda node: not isinstance(node, File) or node is disk.latest),
    ('some', lambda disk, chance: some(chance))])
KINDS = library.KINDS + ('power cut',)
COUNTS = ('tried', 'lost', 'tracebacks', 'hangs', 'untidy')     # untidy: more than one line, wrong status, leftovers
REMAINS = re.compile(r'\..*\.(tmp|old)$|\.installing-')


def some(chance):
    """Keep each change at random."""
    drawn = {}
    return lambda node: drawn.setdefault(getattr(node, 'change', node), chance.random() < .5)


def commands():
    """The class and options of every command."""
    from tests.faults.trainings import Resume, Train    # Theano's import takes seconds
    return [(Train, {}), (Train, {'old': True}), (Resume, {})] + [
        (kind, options) for kind in (Weights, Install) for options in (
            {}, {'old': True}, {'old': True, 'plain': True})] + [
        (kind, {'old': True}) for kind in (Verify, Package, Report, Deploy, Setup)]


class Trial:
    """One command and its tries; `counts` and `problems` have what went wrong.

    Parameters
    ----------
    faults : library.Faults
    kind, options
        One of :func:`commands`.
    """

    def __init__(self, faults, kind, options):
        base = os.path.join(faults.folder, 'base')
        shutil.rmtree(base, ignore_errors=True)
        os.mkdir(base)
        self.faults, self.command = faults, kind(faults, base, **options)
        self.counts = {name: collections.Counter({count: 0 for count in COUNTS}) for name in KINDS}
        self.problems = []
        self.command.prepare()
        self.template = os.path.join(base, 'template')
        shutil.copytree(self.command.folder, self.template, symlinks=True)
        self.old = self.command.results()
        status, self.usual = faults.call(self.command.call, self.command.folder, plain=self.command.plain, record=True)
        assert status == 0, (self.command.name, status, self.usual)
        self.calls = list(calls(faults.record))
        self.new = self.command.results()
        assert self.new != self.old, self.command.name

    def places(self):
        """The numbers of the calls to try, from 1: all, except the middle of a long row of writes to one file."""
        same = [(call[0] == 'w' and call[1]) or number for number, call in enumerate(self.calls)]
        return [number + 1 for number, one in enumerate(same)
                if not same[max(0, number - 2):number + 3] == [one] * 5]

    def restore(self):
        """Make the folder as the command finds it."""
        shutil.rmtree(self.command.folder)
        shutil.copytree(self.template, self.command.folder, symlinks=True)

    def fault(self, kind, at):
        """Try a fault at a call, from 1."""
        self.restore()
        status, lines = self.faults.call(self.command.call, self.command.folder, kind, at, self.command.plain)
        self.counts[kind]['tried'] += 1
        where = '%s, %s at call %d of %d' % (self.command.name, kind, at, len(self.calls))
        lines = [line for line in lines if line not in self.usual]
        if self.command.misbehaves(kind, status, lines):
            self.tell(kind, 'untidy', where, 'status %d, %s' % (status, ' | '.join(lines)))
        self.check(kind, where, status, lines)

    def power_cuts(self, chosen):
        """Try power cuts after the chosen calls, and after the last."""
        self.restore()
        disk, seen = Disk(self.command.folder), set()
        for number, call in enumerate([None] + self.calls):
            if call:
                disk.apply(call)
            last = number == len(self.calls)
            for name, keeps in POWER.items() if last or number in chosen else ():
                image = disk.write(self.command.folder, keeps(disk, random.Random(number)))
                if (image, last) in seen:
                    continue
                seen.add((image, last))
                self.counts['power cut']['tried'] += 1
                self.check('power cut', '%s, power cut after call %d of %d, %s kept' % (
                    self.command.name, number, len(self.calls), name), 0 if last and self.command.durable else None, [])

    def check(self, kind, where, status, lines):
        """Check what is there, then call the command again.

        Parameters
        ----------
        status : int or None
            0: the command has reported success.
        lines : list of str
            What it wrote to standard error.
        """
        if status == library.HANGS:
            return self.tell(kind, 'hangs', where, 'it did not end')
        if any('Traceback' in line for line in lines):
            self.tell(kind, 'tracebacks', where, lines[-1])
        try:
            if self.command.plain:
                self.command.recover()
            problem = self.command.problem(self.old, self.new)
        except Exception as error:
            problem = '%s: %s' % (type(error).__name__, error)
        if status == 0 and self.command.results() != self.new:
            problem = 'it reported success, but the results are not there'
        if problem:
            self.tell(kind, 'lost', where, problem)
        status, lines = self.faults.call(self.command.again, self.command.folder, plain=self.command.plain)
        if status or self.command.results() != self.new:
            self.tell(kind, 'lost', where, 'the next call ended with %d %s' % (status, ' | '.join(lines)))
        remains = [name for _, folders, names in os.walk(self.command.folder) for name in folders + names
                   if REMAINS.match(name)]
        if remains:
            self.tell(kind, 'untidy', where, 'after the next call there is still %s' % remains[0])

    def tell(self, kind, count, where, problem):
        self.counts[kind][count] += 1
        self.problems.append('%s: %s: %s' % (where, count, problem))
