#!/bin/bash
# The image as a program: the first argument is a make target, the others are make's variables.
#
#     docker run --rm -v "$PWD/runs:/runs" bnn-train:cpu train NET=cnv WB=1 AB=2
#
# Results go to /runs and belong to that folder's owner. mnist.npz and cifar10.npz are read from /data if they are there;
# compiled code and downloads stay in /cache. A training that was stopped is resumed; SIGTERM stops a run with status 75, at
# whatever moment. Any other command runs in the image's environment.
set -euo pipefail
trap 'exit 75' TERM

home=${BNN_HOME:-/opt/bnn-pynq}
data=${BNN_DATA:-/data}

fail() { echo "bnn-train: error: $*" >&2; exit 2; }

# The image's targets: those of common/options.txt that train, and those that follow training.
kinds='^((any-)?python|=|scripts/(help|demo|export))'
target=${1:-help}
case $target in -h | --help) target=help ;; esac
is_target() { awk -F ' *[|] *' -v name="$1" -v kinds="$kinds" '$1 == name && $2 ~ kinds { found = 1 } END { exit !found }' \
    "$home/common/options.txt"; }

# --- which user -----------------------------------------------------------------------------------------------------------

# In a rootless engine, root is the caller. Any other root switches to the owner of /runs.
is_the_machines_root() { [ "$(id -u)" = 0 ] && grep -q '^ *0 *0 *4294967295$' /proc/self/uid_map; }

if is_the_machines_root && [ "$target" != help ] && is_target "$target"; then
    owner=$(stat -c %u:%g /runs)
    [ "${owner%:*}" != 0 ] || fail "/runs belongs to root, and training as root is not allowed: make the folder before" \
        "docker run does (mkdir runs), give it an owner (chown 1000 runs), or choose a user (docker run --user)"
    exec chroot --skip-chdir --userspec="$owner" --groups="${owner#*:}" / "$0" "$@"
fi

# --- where to write -------------------------------------------------------------------------------------------------------

cache=$("$(dirname "$0")/cache.sh" "${BNN_CACHE:-/cache}/$(id -u)")
if [ ! -w "${HOME:-/}" ] || [ "${HOME:-/}" = / ]; then
    export HOME=$cache/home
    mkdir -p "$HOME"
fi
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$cache}
export THEANO_FLAGS=base_compiledir=$cache/theano${THEANO_FLAGS:+,$THEANO_FLAGS}
if [ -z "${KERAS_HOME:-}" ]; then
    export KERAS_HOME=$cache/keras
    [ ! -w "$data" ] || KERAS_HOME=$data/keras
fi

# --- what to do -----------------------------------------------------------------------------------------------------------

if ! is_target "$target"; then exec "$home/scripts/in_env.sh" "$@"; fi
[ $# = 0 ] || shift
if [ "$target" = help ]; then
    # shellcheck disable=SC2016     # for the user to type
    echo 'docker run --rm -v "$PWD/runs:/runs" [-v DATA:/data] [-v bnn-cache:/cache] [--gpus all] IMAGE TARGET [VARIABLE=value ...]'
    exec "$home/scripts/help.sh" "$kinds"
fi
for word; do
    case $word in OUT=* | RESUME=* | DATA_DIR=* | NET=* | DATASET=* | RUN=*) export "${word?}" ;; esac
done
export OUT=${OUT:-/runs} RESUME=${RESUME:-auto}
if [ -z "${DATA_DIR:-}" ]; then     # the data set is DATASET, that of RUN, <data set>-<network>, or the network's own
    case ${NET:-lfc} in [Cc]*) own=cifar10 ;; *) own=mnist ;; esac
    run=$(basename -- "${RUN:-$own}")
    names=("${DATASET:-${run%%-*}}")
    [ "$target" != doctor ] || names=(mnist cifar10)
    for name in "${names[@]}"; do [ ! -e "$data/$name.npz" ] || export DATA_DIR=$data; done
fi
mkdir -p "$OUT" 2> /dev/null || true
[ -w "$OUT" ] || fail "$OUT cannot be written by user $(id -u): use docker run --user with the folder's owner," \
    "or another folder (-v FOLDER:/runs)"
exec "$home/scripts/target.sh" "$target" "$@"
