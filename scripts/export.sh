#!/bin/bash
# make export: writes a run's network in the formats of FORMAT, in the environment that they need.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=()
case ${FORMAT:-} in
    *finn*) environment=(--for finn) ;;         # also has what the others need
    *onnx* | *all*) environment=(--for export) ;;
esac
exec scripts/in_env.sh ${environment+"${environment[@]}"} python -m export.export "$@"
