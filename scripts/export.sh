#!/bin/bash
# make export: the network of a run in the forms of FORMAT, by the environment that they need.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=()
case ${FORMAT:-} in
    *finn*) environment=(--for finn) ;;         # which has what the others need too
    *onnx* | *all*) environment=(--for export) ;;
esac
exec scripts/in_env.sh ${environment+"${environment[@]}"} python -m export.export "$@"
