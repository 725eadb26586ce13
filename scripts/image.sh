#!/bin/bash
# Builds the project's image: scripts/image.sh cpu|gpu [option of the engine's build ...]
#
# The environment variables BASE_IMAGE, PIP_INDEX_URL and CUDNN (nvidia or conda: the source of the gpu image's cuDNN) are
# passed to the build; BNN_IMAGE names the result. ENGINE=buildah builds without an engine that runs containers.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/engine.sh

case ${1:-cpu} in
    cpu | gpu) target=${1:-cpu} image=${BNN_IMAGE:-bnn-train:${1:-cpu}} ;;
    *) echo "image: error: TARGET=$1: cpu or gpu" >&2; exit 2 ;;
esac
[ $# = 0 ] || shift
engine=${ENGINE:-}
[ -n "$engine" ] || find_engine || { echo "image: error: $engine_problem" >&2; exit 1; }

options=(--file docker/Dockerfile --target "$target" --tag "$image")
for name in BASE_IMAGE PIP_INDEX_URL CUDNN; do
    [ -z "${!name:-}" ] || options+=(--build-arg "$name=${!name}")
done
if revision=$(git rev-parse HEAD 2> /dev/null); then options+=(--label "org.opencontainers.image.revision=$revision"); fi
exec "$engine" build "${options[@]}" "$@" .
