#!/bin/bash
# Makes the project's environment in .venv/ from the locks in requirements/, even where there is no Python yet. Or uses the
# project's image, or makes the conda environment of environment.yml.
#
#     scripts/setup.sh [--quiet]            the environment to work in; .venv/active links to it
#     scripts/setup.sh --tests KIND         an environment with the test packages; .venv/tests-KIND links to it
#                                           KIND: 2.7, 3 (3.8 to 3.11), newest (the newest of 3.8 to 3.14), export,
#                                           finn
#     scripts/setup.sh --for export         .venv/export, for make export FORMAT=onnx and qonnx
#     scripts/setup.sh --for finn           .venv/finn, for FORMAT=finn
#     scripts/setup.sh --for fuzz           .venv/fuzz, for make test-fuzz; needs Python 3.11
#     scripts/setup.sh --for light          .venv/light, for commands without Theano, from any Python from 3.8 on
#     scripts/setup.sh --for tensorboard    adds TensorBoard's writer to the environment to work in
#
# setup/ has its parts: finding Pythons, choosing a runtime, making an environment.
#
# Environment variables choose: RUNTIME=auto|venv|conda|docker, PYTHON=command or path, WITH_TENSORFLOW=1. A choice is kept
# until the next one. A second call has nothing to do. Exit status 3: this machine has no suitable Python.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
venvs=$root/.venv
log=$venvs/setup.log
quiet=
tests= extra=
while [ $# -gt 0 ]; do
    case $1 in
        --quiet) quiet=1 ;;
        --tests) tests=${2:?--tests 2.7, 3 or newest}; shift ;;
        --for) extra=${2:?--for export, finn, fuzz, light or tensorboard}; shift ;;
        *) echo "setup: error: unknown option $1 (--quiet, --tests KIND, --for export, finn, fuzz, light or tensorboard)" >&2; exit 2 ;;
    esac
    shift
done

say() { echo "setup: $*"; }
warn() { echo "setup: warning: $*" >&2; }
fail() { echo "setup: error: $*" >&2; exit "${status:-1}"; }

install_command() {  # DEBIAN-PACKAGE [FEDORA-PACKAGE]: how to install it here
    if command -v apt-get > /dev/null; then echo "apt-get install $1"
    elif command -v dnf > /dev/null; then echo "dnf install ${2:-$1}"
    elif command -v yum > /dev/null; then echo "yum install ${2:-$1}"
    else echo "install ${2:-$1} with the system's package manager"
    fi
}

. "$root/scripts/setup/pythons.sh"
. "$root/scripts/setup/runtime.sh"
. "$root/scripts/setup/build.sh"
. "$root/scripts/engine.sh"

# --- what Theano needs from the machine -------------------------------------------------------------------------------

check_compiler() {
    g++ --version > /dev/null 2>&1 ||
        fail "Theano needs a C++ compiler and there is no g++: $(install_command g++ gcc-c++), then make setup again"
}

# One setup at a time, if the machine has flock. What another setup has finished meanwhile is not made again.
lock() {
    mkdir -p "$venvs" || fail "$venvs cannot be made: the project's folder must be writable"
    command -v flock > /dev/null || return 0
    exec 9> "$venvs/.lock"
    flock -n 9 || { say 'another setup is running here; waiting for it'; flock 9; }
}

point() {  # LINK NAME
    [ "$(readlink "$venvs/$1" || true)" = "$2" ] || ln -sfn "$2" "$venvs/$1"
}

# ----------------------------------------------------------------------------------------------------------------------

# Keep the user's own Python settings out of the environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
export PIP_NO_PYTHON_VERSION_WARNING=1

set_up_tests() {
    local name
    name=$(readlink "$venvs/tests-$tests" || true)
    if [ -n "$name" ] && [ -n "$(is_complete "$name")" ] && has_tests "$name"; then return; fi
    case $tests in
        2.7) choose 2.7 < <(candidates 2.7) || status=3 fail "no suitable Python 2.7${rejected:+ ($rejected)}" ;;
        3) choose 3.8-3.11 < <(candidates 3) || status=3 fail "no suitable Python 3.8 to 3.11${rejected:+ ($rejected)}" ;;
        newest) choose newest < <(candidates 3) || status=3 fail "no suitable Python 3${rejected:+ ($rejected)}" ;;
        export | finn) extra=$tests; set_up_extra ;;
        *) fail "--tests $tests: 2.7, 3, newest, export or finn" ;;
    esac
    name=${extra:-$version}
    lock
    ! trains "$name" || check_compiler
    [ -n "$extra" ] || build_once "$name"
    if ! has_tests "$name"; then
        pip_install "$(test_locks "$name")" "$venvs/$name/bin/python" -r "$root/requirements/$(test_locks "$name").txt"
        # shellcheck disable=SC2046     # no lock's name has a space
        stamp "$venvs/$name/.tests" "$(key "$name" $(test_locks "$name"))"
    fi
    point "tests-$tests" "$name"
}

add_tensorboard() {  # to the environment to work in
    local name which=py3-tensorboard
    set_up > /dev/null
    name=$(readlink "$venvs/active")
    case $name in
        2.7*) which=py27-tensorboard ;;
        3.1[2-9]) which=py312-tensorboard ;;
        docker | conda) fail "TENSORBOARD=1 needs an environment that setup makes itself: make setup RUNTIME=venv" ;;
    esac
    [ "$(cat "$venvs/$name/.tensorboard" 2> /dev/null)" != "$(key "$name" "$which")" ] || return 0
    lock
    pip_install "$which" "$venvs/$name/bin/python" -r "$root/requirements/$which.txt"
    stamp "$venvs/$name/.tensorboard" "$(key "$name" "$which")"
}

set_up_extra() {
    local what else="; pyenv install 3.13 or uv python install 3.13 adds one"
    [ "$extra" != tensorboard ] || { add_tensorboard; return; }
    is_complete "$extra" > /dev/null && return
    case $extra in
        export) why='for make export' what='ONNX needs Python 3.11 or later' ;;
        finn) why='for make export FORMAT=finn' what='FINN needs Python 3.11 to 3.14' ;;
        fuzz) why='for make test-fuzz' what='atheris needs Python 3.11' else='; pyenv install 3.11 or uv python install 3.11 adds one' ;;
        light) why='for commands without Theano' what='commands without Theano need Python 3.8 or later' else= ;;
        *) fail "--for $extra: export, finn, fuzz, light or tensorboard" ;;
    esac
    choose "$extra" < <(candidates 3) || status=3 fail "$what, and none here is suitable${rejected:+ ($rejected)}$else"
    lock
    build_once "$extra"
}

set_up() {
    local choice name base
    RUNTIME=${RUNTIME:-} why= PYTHON=${PYTHON:-} WITH_TENSORFLOW=${WITH_TENSORFLOW:-}
    choice="${RUNTIME:-auto} ${WITH_TENSORFLOW:-0} $PYTHON"
    if [ -z "$RUNTIME$PYTHON$WITH_TENSORFLOW" ] && [ -e "$venvs/choice" ]; then
        choice=$(cat "$venvs/choice")
        read -r RUNTIME WITH_TENSORFLOW PYTHON <<< "$choice"
    fi
    name=$(readlink "$venvs/active" || true)
    if [ -z "$name" ] || [ "$(cat "$venvs/choice" 2> /dev/null)" != "$choice" ] || ! base=$(is_complete "$name"); then
        choose_runtime
        lock
        case $name in
            docker) has_image || "$root/scripts/image.sh" "$target" ;;
            conda) check_compiler; is_complete conda > /dev/null || build_conda ;;
            *) check_compiler; build_once "$name" ;;
        esac
        base=$(is_complete "$name") || fail "the environment $name is still incomplete"
        point active "$name"
        echo "$choice" > "$venvs/choice"
    elif [ -n "$quiet" ]; then
        [ "$name" = docker ] || check_compiler
        return
    fi
    case $name in
        docker) say "ready: $base${why:+, $why}" ;;
        *) check_compiler; say "ready: ${version:+Python $version }${why:+($why) in }.venv/$name, made from $base" ;;
    esac
}

if [ -n "$tests" ]; then set_up_tests; elif [ -n "$extra" ]; then set_up_extra; else set_up; fi
