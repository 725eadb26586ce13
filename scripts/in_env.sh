#!/bin/bash
# Runs a command in the project's environment, which it makes first if it is missing:
#
#     scripts/in_env.sh python training/mnist_mod.py -wb 1 -ab 1
#     scripts/in_env.sh --tests KIND python -m pytest      KIND: 2.7, 3, newest, export, finn; see setup.sh
#     scripts/in_env.sh --for export python export/export.py ...
#     scripts/in_env.sh --light python -m board.predict ...   while there is none to work in: in one without Theano, made in
#                                                             seconds, if a Python here is 3.8 or later
set -euo pipefail
trap 'exit 75' TERM     # before the command runs nothing has begun: it can be started again

scripts=$(cd "$(dirname "$0")" && pwd -P)
link=active
if [ "${1:-}" = --light ]; then
    shift
    if [ -z "${RUNTIME:-}${PYTHON:-}${WITH_TENSORFLOW:-}" ] && [ ! -e "$scripts/../.venv/active" ] &&
            [ ! -e "$scripts/../.venv/choice" ] && "$scripts/setup.sh" --for light >&2 2> /dev/null; then
        set -- --for light "$@"
    fi
fi
if [ "${1:-}" = --tests ]; then
    link=tests-$2
    "$scripts/setup.sh" --tests "$2" >&2
    shift 2
elif [ "${1:-}" = --for ]; then
    link=$2
    "$scripts/setup.sh" --for "$2" >&2
    shift 2
else
    "$scripts/setup.sh" --quiet >&2
    [ "$(readlink "$scripts/../.venv/active")" != docker ] || exec "$scripts/in_image.sh" "$@"
    [ "${TENSORBOARD:-0}" != 1 ] || "$scripts/setup.sh" --for tensorboard >&2
fi
environment=$(cd "$scripts/../.venv/$link" && pwd -P)

unset PYTHONPATH PYTHONHOME
export VIRTUAL_ENV=$environment PATH=$environment/bin:$PATH
export KERAS_BACKEND=${KERAS_BACKEND:-theano} MPLBACKEND=${MPLBACKEND:-Agg}
exec "$@"
