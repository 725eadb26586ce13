#!/bin/bash
# Holds docker/ against the tools that will read it: hadolint for the Dockerfile, Kubernetes' own schemas for the manifests
# as kubectl renders them, SkyPilot's parser for its task files. What a machine lacks is skipped, and said.
#
#     scripts/check_cloud.sh [CACHE-FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/bnn-pynq-training}
skypilot=0.14.1
mkdir -p "$cache"

say() { echo "check_cloud: $*"; }
fail() { echo "check_cloud: FAILED: $*" >&2; exit 1; }

# An environment NAME in the cache, made by the newest Python 3 that can, from pip's ARGUMENTS.
tools() {  # NAME ARGUMENT...
    local name=$1 key python
    shift
    key=$(echo "$*" | cat - requirements/cloud.txt | cksum)
    [ "$(cat "$cache/$name/.complete" 2> /dev/null)" != "$key" ] || return 0
    for python in python3.13 python3.12 python3.11 python3.10 python3; do
        "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2> /dev/null || continue
        rm -rf "${cache:?}/$name"
        "$python" -m venv "$cache/$name" && "$cache/$name/bin/pip" install -q --disable-pip-version-check "$@" \
            > "$cache/$name.log" 2>&1 && echo "$key" > "$cache/$name/.complete" && return
        say "$name cannot be installed: $(tail -n 1 "$cache/$name.log" 2> /dev/null)"
        return 1
    done
    say 'there is no Python from 3.10 on'
    return 1
}

if tools lint --require-hashes -r requirements/cloud.txt; then
    "$cache/lint/bin/hadolint" docker/Dockerfile || fail 'hadolint has remarks on docker/Dockerfile'
    say 'hadolint: docker/Dockerfile passed'
    if command -v kubectl > /dev/null; then
        for variant in gpu cpu; do
            kubectl kustomize "docker/cloud/kubernetes/$variant" > "$cache/$variant.yaml" || fail "kustomize: $variant"
            "$cache/lint/bin/kubernetes-validate" --strict --quiet "$cache/$variant.yaml" || fail "kubernetes: $variant"
            say "kubernetes: $variant passed, as kubectl kustomize renders it"
        done
    else
        say 'skipped: there is no kubectl, so only the files as they are'
        for file in docker/cloud/kubernetes/gpu/{job,volume}.yaml; do
            "$cache/lint/bin/kubernetes-validate" --strict --quiet "$file" || fail "kubernetes: $file"
            say "kubernetes: $file passed"
        done
    fi
else
    say 'skipped: hadolint and kubernetes-validate'
fi

if tools skypilot "skypilot==$skypilot"; then
    HOME=$cache/skypilot-home SKYPILOT_DISABLE_USAGE_COLLECTION=1 "$cache/skypilot/bin/python" - <<'PYTHON' ||
from sky.utils import dag_utils
networks = set()
for name in ('train', 'networks'):
    dag = dag_utils.load_dag_from_yaml('docker/cloud/sky-%s.yaml' % name, env_overrides=[('BUCKET', 'my-bnn-runs')])
    for task in dag.tasks:
        assert task.storage_mounts and all(choice.use_spot and choice.accelerators == {'T4': 1} for choice in task.resources)
        networks.add(task.run.rsplit(' all ', 1)[1].strip())
    print('check_cloud: SkyPilot: sky-%s.yaml passed, %d task(s)' % (name, len(dag.tasks)))
assert len(networks) == 6, networks
PYTHON
        fail "SkyPilot $skypilot does not take its task files"
else
    say 'skipped: SkyPilot'
fi
