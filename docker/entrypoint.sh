#!/bin/bash
# The image as a program: its first word is a target of the Makefile, what follows are make's variables.
#
#     docker run --rm -v "$PWD/runs:/runs" bnn-train:cpu train NET=cnv WB=1 AB=2
#
# Results go to /runs and belong to whom that folder belongs; mnist.npz and cifar10.npz are read from /data where they
# are there; what is compiled and downloaded stays in /cache. A training goes on by itself where it was stopped, and
# ends with status 75 when SIGTERM stops it. Any other command runs in the image's environment.
set -euo pipefail

home=${BNN_HOME:-/opt/bnn-pynq}

fail() { echo "bnn-train: error: $*" >&2; exit 2; }

usage() {
    cat <<'TEXT'
docker run --rm -v "$PWD/runs:/runs" [-v DATA:/data] [-v bnn-cache:/cache] [--gpus all] IMAGE TARGET [VARIABLE=value ...]
  doctor       what this machine and image can do, and what to mend
  demo         two networks' whole journey on small embedded images
  all          one network's whole journey
TEXT
    for stage in $(targets); do echo "  $stage"; done
    echo '  compare      runs side by side'
    sed -n 's/^## //p' "$home/Makefile"
}

# The stages of `make all`, in their order. make itself is not used: it would turn every status into its own.
stages() { sed -n 's/^JOURNEY := //p' "$home/Makefile"; }

targets() { echo preview $(stages) predict; }

target=${1:-help}

# --- as whom --------------------------------------------------------------------------------------------------------------

# Root in a rootless engine is the caller; any other root hands over to the owner of /runs.
is_the_machines_root() { [ "$(id -u)" = 0 ] && grep -q '^ *0 *0 *4294967295$' /proc/self/uid_map; }

writes_to_runs() { case " all demo doctor compare $(targets) " in *" $target "*) ;; *) return 1 ;; esac; }

if is_the_machines_root && writes_to_runs; then
    owner=$(stat -c %u:%g /runs)
    [ "${owner%:*}" != 0 ] || fail "/runs belongs to root, and nothing trains as root here: make the folder before" \
        "docker run does (mkdir runs), give it to somebody (chown 1000 runs), or choose a user (docker run --user)"
    exec chroot --skip-chdir --userspec="$owner" --groups="${owner#*:}" / "$0" "$@"
fi

# --- where to write -------------------------------------------------------------------------------------------------------

cache=/cache/$(id -u)
mkdir -p "$cache" 2> /dev/null && [ -w "$cache" ] || cache=$(mktemp -d)
if [ ! -w "${HOME:-/}" ] || [ "${HOME:-/}" = / ]; then
    export HOME=$cache/home
    mkdir -p "$HOME"
fi
export XDG_CACHE_HOME=${XDG_CACHE_HOME:-$cache}
export THEANO_FLAGS=base_compiledir=$cache/theano${THEANO_FLAGS:+,$THEANO_FLAGS}
if [ -z "${KERAS_HOME:-}" ]; then
    export KERAS_HOME=$cache/keras
    [ ! -w /data ] || KERAS_HOME=/data/keras
fi

# --- what to do -----------------------------------------------------------------------------------------------------------

variables() {
    local word
    for word; do
        [[ $word =~ ^[A-Z_]+= ]] || fail "$word: VARIABLE=value, such as NET=cnv"
        export "${word?}"
    done
    export OUT=${OUT:-/runs} RESUME=${RESUME:-auto}
    if [ -z "${DATA_DIR:-}" ] && compgen -G '/data/*.npz' > /dev/null; then export DATA_DIR=/data; fi
    mkdir -p "$OUT" 2> /dev/null || true
    [ -w "$OUT" ] || fail "$OUT cannot be written by user $(id -u): docker run --user with the folder's owner," \
        "or another folder (-v FOLDER:/runs)"
}

run_all() {
    local stage stopped=
    trap 'stopped=1' TERM INT
    for stage in $(stages); do
        "$home/scripts/in_env.sh" python "$home/scripts/journey.py" "$stage" || exit $?
        [ -z "$stopped" ] || exit 75
    done
}

[ $# = 0 ] || shift
case " $(targets) " in
    *" $target "*)
        variables "$@"
        exec "$home/scripts/in_env.sh" python "$home/scripts/journey.py" "$target" ;;
esac
case $target in
    help | --help | -h) usage ;;
    all) variables "$@"; run_all ;;
    demo) variables "$@"; exec "$home/scripts/in_env.sh" "$home/scripts/demo.sh" ;;
    compare) variables "$@"; exec "$home/scripts/in_env.sh" python "$home/report/compare.py" --out "$OUT" ${RUNS:-} ;;
    doctor) variables "$@"; exec "$home/scripts/in_env.sh" python "$home/scripts/doctor.py" ;;
    *) exec "$home/scripts/in_env.sh" "$target" "$@" ;;
esac
