"""Coverage-guided fuzzing of every reader of foreign files (tests.fuzz.readers), one after the other.

    make test-fuzz                                  # a minute each
    make test-fuzz FUZZ='--seconds 600 idx mat'     # ten minutes, these two
    python -m tests.fuzz.run --seconds 60 --json fuzz.json

A search starts from the corpus of earlier searches, which the user's cache folder keeps. A find (a traceback, a crash, an
input that takes more than 5 seconds or 512 MB) is written to tests/fuzz/corpus/READER, where make test replays it and fails
until it is fixed; the exit status is 1. --json writes the counts: reader to {tried, tracebacks, crashes, hangs, memory,
seconds, python}.
"""
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

from common import machine
from common.errors import ArgumentParser, UserError, run
from common.files import sha256, whole_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CORPUS = os.path.join(ROOT, 'tests', 'fuzz', 'corpus')
KINDS = {'crash': 'tracebacks', 'timeout': 'hangs', 'oom': 'memory'}       # libFuzzer's names for the files it saves
FINDS = ('tracebacks', 'crashes', 'hangs', 'memory')
MOST_FINDS = 5                          # per reader: more are likely the same
KEPT, KEPT_BYTES = 20, 1500             # files for the tests per reader, and most bytes of each


class Broken(UserError):
    """The search itself failed."""


def libfuzzer(reader, options, artifacts):
    """Run a search; returns its status and output."""
    from tests.fuzz import readers
    command = [sys.executable, '-m', 'tests.fuzz.one', reader, '-timeout=%d' % readers.SECONDS, '-print_final_stats=1',
               '-rss_limit_mb=%d' % readers.MEGABYTES, '-detect_leaks=0', '-artifact_prefix=%s/' % artifacts]
    process = subprocess.Popen(command + options, cwd=ROOT, env=dict(os.environ, TMPDIR=os.path.dirname(artifacts)),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output = process.communicate()[0].decode('utf-8', 'replace')
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode, output


def tried(output):
    """The number of inputs that a search tried."""
    found = re.findall(r'number_of_executed_units: (\d+)|^#(\d+)\s', output, re.MULTILINE)
    return max([int(number) for pair in found for number in pair if number] or [0])


def prepare(name, folder, dictionary):
    """Write the files that a search of a reader starts from, and the dictionary of words to insert."""
    from tests.fuzz import readers
    from tests.fuzzing import FIELDS
    for number, data in enumerate(readers.READERS[name].seeds()):
        readers.put(os.path.join(folder, 'seed-%d' % number), data)
    corpus = os.path.join(CORPUS, name)
    for found in os.listdir(corpus) if os.path.isdir(corpus) else ():
        shutil.copyfile(os.path.join(corpus, found), os.path.join(folder, found))
    with open(dictionary, 'w') as handle:
        for field in FIELDS:
            handle.write('"%s"\n' % ''.join('\\x%02x' % value for value in field))


def search(name, seconds, working):
    """Fuzz one reader for so many seconds.

    Returns
    -------
    dict
        The counts, as --json writes them.
    """
    kept = machine.cache_folder('fuzz', name)
    artifacts, own = os.path.join(working, 'found'), os.path.join(working, 'begin')
    for folder in (artifacts, own, kept):
        os.makedirs(folder, exist_ok=True)
    prepare(name, own, os.path.join(working, 'words'))
    result = dict.fromkeys(('tried',) + FINDS, 0)
    largest = max(os.path.getsize(os.path.join(own, begin)) for begin in os.listdir(own))
    longest = min(max(4096, 4 * largest), 2 ** 20)      # repacked files may be larger
    begun, finds, broken = time.time(), 0, 0
    while time.time() - begun < seconds and finds < MOST_FINDS:
        left = max(1, int(seconds - (time.time() - begun)))
        status, output = libfuzzer(name, ['-max_total_time=%d' % left, '-max_len=%d' % longest,
                                          '-dict=' + os.path.join(working, 'words'), kept, own], artifacts)
        result['tried'] += tried(output)
        found = sorted(os.listdir(artifacts))
        broken += bool(status and not found)
        if broken > 1:
            raise Broken('the search of %s failed with status %d: %s' % (name, status, ' '.join(output[-2000:].split())))
        for artifact in found:
            path = os.path.join(artifacts, artifact)
            kind = KINDS.get(artifact.split('-')[0])
            # A busy machine is slow: an input must take too long twice.
            if kind and (kind == 'tracebacks' or libfuzzer(name, [path], own)[0]):
                finds += 1
                kind = 'crashes' if kind == 'tracebacks' and 'Uncaught Python exception' not in output else kind
                result[kind] += 1
                print('%s: %s\n%s' % (name, put_by(name, path, own), told(output)))
            os.remove(path)
    return dict(result, seconds=round(time.time() - begun, 1), python=platform.python_version())


def put_by(name, path, begin):
    """Copy a find to where the tests replay it, and remove it from the start of this search; returns its new path."""
    digest = sha256(path)
    for other in os.listdir(begin):
        if sha256(os.path.join(begin, other)) == digest:
            os.remove(os.path.join(begin, other))
    place = os.path.join(CORPUS, name, 'find-' + digest[:12])
    os.makedirs(os.path.dirname(place), exist_ok=True)
    shutil.copyfile(path, place)
    return place


def told(output):
    """A search's report of its find."""
    begin = re.search(r'=== Uncaught Python exception|^==\d+==', output, re.MULTILINE)
    return output[begin.start():][:4000] if begin else output[-4000:]


def keep(name):
    """Put a few small files, each of which reached new code, beside the finds, for the tests to replay."""
    corpus, kept = os.path.join(CORPUS, name), machine.cache_folder('fuzz', name)
    os.makedirs(corpus, exist_ok=True)
    for old in os.listdir(corpus):
        if old.startswith('other-'):
            os.remove(os.path.join(corpus, old))
    paths = [os.path.join(kept, file) for file in os.listdir(kept)]
    digests = sorted((sha256(path), path) for path in paths if os.path.getsize(path) <= KEPT_BYTES)
    for digest, path in digests[:KEPT]:
        shutil.copyfile(path, os.path.join(corpus, 'other-' + digest[:12]))


def main(arguments):
    """The command line; see --help."""
    parser = ArgumentParser(prog='test-fuzz', description=__doc__.split('\n')[0])
    parser.add_argument('readers', nargs='*', metavar='READER', help='only these (default: all)')
    parser.add_argument('--seconds', type=int, default=60, help='for each reader (default: 60)')
    parser.add_argument('--json', metavar='FILE', help='write the counts to FILE')
    parser.add_argument('--keep', action='store_true', help='choose again the other files that the tests replay')
    given = parser.parse_args(arguments)
    if importlib.util.find_spec('atheris') is None:
        os.execv(os.path.join(ROOT, 'scripts', 'in_env.sh'), [
            'in_env.sh', '--for', 'fuzz', 'python', '-m', 'tests.fuzz.run'] + arguments)
    from tests.fuzz.readers import READERS
    strange = [name for name in given.readers if name not in READERS]
    if strange or given.seconds < 1:
        parser.error('no reader %s: %s' % (strange[0], ', '.join(READERS)) if strange else '--seconds: at least 1')
    results = {}
    memory = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None      # each input is written to a file
    for name in given.readers or READERS:
        with tempfile.TemporaryDirectory(prefix='bnn-', dir=memory) as working:
            results[name] = search(name, given.seconds, working)
            if given.keep:
                keep(name)
        print('%-10s %8d inputs, %d tracebacks, %d crashes, %d hangs, %d using too much memory, %.0f s' % (
            (name,) + tuple(results[name][kind] for kind in ('tried',) + FINDS + ('seconds',))))
        sys.stdout.flush()
        if given.json:
            with whole_file(given.json) as handle:
                handle.write((json.dumps(results, indent=1, sort_keys=True) + '\n').encode('ascii'))
    return any(result[kind] for result in results.values() for kind in FINDS)


if __name__ == '__main__':
    sys.exit(run(main))
