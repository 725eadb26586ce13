#!/bin/bash
# make export: the network of NET, WB, AB and DATASET in the forms of FORMAT=, by the environment that they need.
set -euo pipefail
environment=()
case ${FORMAT:-} in *onnx* | *all*) environment=(--for export) ;; esac
exec "$(dirname "$0")/in_env.sh" ${environment+"${environment[@]}"} python "$(dirname "$0")/journey.py" export
