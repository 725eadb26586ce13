#!/bin/bash
# Checks docker/ with the tools that read it: hadolint for the Dockerfile, Kubernetes' own schemas for the manifests as
# kubectl renders them, SkyPilot's parser for its task files. Checks that this machine cannot do are skipped, and reported.
#
#     scripts/check_cloud.sh
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh
skypilot=0.14.1
mkdir -p "$tools"

say() { echo "check_cloud: $*"; }
fail() { echo "check_cloud: FAILED: $*" >&2; exit 1; }

if install_tools cloud requirements/cloud.txt; then
    "$tools/cloud/bin/hadolint" docker/Dockerfile || fail 'hadolint found problems in docker/Dockerfile'
    say 'hadolint: docker/Dockerfile passed'
    if command -v kubectl > /dev/null; then
        for variant in gpu cpu; do
            kubectl kustomize "docker/cloud/kubernetes/$variant" > "$tools/$variant.yaml" || fail "kustomize: $variant"
            "$tools/cloud/bin/kubernetes-validate" --strict --quiet "$tools/$variant.yaml" || fail "kubernetes: $variant"
            say "kubernetes: $variant passed, as kubectl kustomize renders it"
        done
    else
        say 'skipped: kustomize, as there is no kubectl: checking only the files as they are'
        for file in docker/cloud/kubernetes/gpu/{job,volume}.yaml; do
            "$tools/cloud/bin/kubernetes-validate" --strict --quiet "$file" || fail "kubernetes: $file"
            say "kubernetes: $file passed"
        done
    fi
    "$tools/cloud/bin/kubernetes-validate" --strict --quiet docker/cloud/kubernetes/owner.yaml || fail 'kubernetes: owner.yaml'
    say 'kubernetes: owner.yaml passed'
else
    say "skipped: hadolint and kubernetes-validate: $problem"
fi

if install_tools skypilot "skypilot==$skypilot"; then
    "$tools/skypilot/bin/python" docker/cloud/sky_networks.py > "$tools/networks.yaml" || fail 'sky_networks.py'
    HOME=$tools/skypilot-home NETWORKS=$tools/networks.yaml SKYPILOT_DISABLE_USAGE_COLLECTION=1 "$tools/skypilot/bin/python" - <<'PYTHON' ||
import os
from sky.utils import dag_utils
for name, networks in (('docker/cloud/sky-train.yaml', 1), (os.environ['NETWORKS'], 5)):
    dag = dag_utils.load_dag_from_yaml(name, env_overrides=[('BUCKET', 'my-bnn-runs')])
    assert len({tuple(str(task.envs[name]) for name in ('NET', 'WB', 'AB')) for task in dag.tasks}) == networks
    for task in dag.tasks:
        assert task.storage_mounts and all(choice.use_spot and choice.accelerators == {'T4': 1} for choice in task.resources)
    print('check_cloud: SkyPilot: %s passed, %d task(s)' % (os.path.basename(name), len(dag.tasks)))
PYTHON
        fail "SkyPilot $skypilot rejects its task files"
else
    say "skipped: SkyPilot: $problem"
fi
