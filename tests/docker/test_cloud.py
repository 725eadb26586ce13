"""docker/cloud/: facts in several files agree. scripts/check_cloud.sh checks the files with the tools that read them."""
import os
import re
import subprocess
import sys

from common.overlays import OVERLAYS
from tests.environment.conftest import ROOT

CLOUD = os.path.join(ROOT, 'docker', 'cloud')
NETWORKS = [(overlay.net, str(overlay.weight_bits), str(overlay.activation_bits)) for overlay in OVERLAYS.values()]


def read(*path):
    with open(os.path.join(CLOUD, *path)) as handle:
        return handle.read()


def code(text):
    """The lines without comments and empty ones."""
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith('#')]


def test_the_five_tasks_are_the_one_with_other_networks():
    output = subprocess.run([sys.executable, os.path.join(CLOUD, 'sky_networks.py')], stdout=subprocess.PIPE, check=True,
                            universal_newlines=True).stdout
    head, *tasks = output.split('\n---\n')
    assert head == 'name: bnn-networks\nexecution: parallel'
    assert [tuple(re.search(r'(?m)^  %s: (\S+)' % name, task).group(1) for name in ('NET', 'WB', 'AB'))
            for task in tasks] == NETWORKS
    one = code(read('sky-train.yaml'))
    for task in tasks:
        changed = [(old, new) for old, new in zip(one, code(task)) if old != new]
        assert len(code(task)) == len(one)
        assert all(old.split(':')[0].strip() in ('name', 'NET', 'WB', 'AB') for old, _ in changed)


def test_a_machine_needs_no_make():
    text = read('sky-train.yaml')
    assert 'sudo scripts/image.sh gpu' in text and 'docker pull "$IMAGE"' in text
    assert not re.search(r'(?m)^ .*\bmake ', text) and 'make image' not in read('README.md')


def test_the_clusters_job_has_the_same_networks():
    words = re.search(r'networks=\((.*)\)', read('kubernetes', 'gpu', 'job.yaml')).group(1)
    assert [tuple(network.split()) for network in re.findall('"([^"]*)"', words)] == NETWORKS


def test_no_folder_of_the_claim_is_made_by_the_kubelet():
    for name in ('gpu/job.yaml', 'owner.yaml'):
        assert not any('subPath:' in line for line in code(read('kubernetes', *name.split('/'))))


def test_the_owner_is_whom_the_job_runs_as():
    user = re.search(r'runAsUser: (\d+)', read('kubernetes', 'gpu', 'job.yaml')).group(1)
    claim = re.search(r'name: (\S+)', read('kubernetes', 'gpu', 'volume.yaml')).group(1)
    owner = read('kubernetes', 'owner.yaml')
    assert '"%s:%s", /runs' % (user, user) in owner and 'claimName: %s' % claim in owner


def paths(text):
    """The keys of a YAML file of mappings and lists of mappings, as JSON patches name them."""
    found, stack, counts = set(), [], {}
    for line in code(text):
        indent = len(line) - len(line.lstrip())
        item = line.lstrip().startswith('- ')
        name = re.match(r'(?:- )?([\w./~-]+):', line.strip())
        stack = [entry for entry in stack if entry[0] < indent]
        if item:
            parent = '/'.join(entry[1] for entry in stack)
            counts[parent] = counts.get(parent, -1) + 1
            stack.append((indent, str(counts[parent])))
            indent += 2
        if name:
            stack.append((indent, name.group(1).replace('~', '~0').replace('/', '~1')))
            found.add('/' + '/'.join(entry[1] for entry in stack))
    return found


def test_what_the_cpu_variant_takes_away_is_there():
    patches = re.findall(r'{op: (\w+), path: ([^,}]+)', read('kubernetes', 'cpu', 'kustomization.yaml'))
    there = paths(read('kubernetes', 'gpu', 'job.yaml'))
    assert '/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu' in there
    for operation, path in patches:
        if operation in ('remove', 'replace'):
            assert path in there, path
    assert {'/spec/template/spec/tolerations', '/spec/template/spec/nodeSelector'} <= {
        path for operation, path in patches if operation == 'remove'}
