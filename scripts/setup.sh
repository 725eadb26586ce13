#!/bin/bash
# Makes the project's environment under .venv/, from the locks in requirements/; needs no Python to start with. Or
# takes the project's image, or makes the conda environment of environment.yml.
#
#     scripts/setup.sh [--quiet]            the environment to work in; .venv/active leads to it
#     scripts/setup.sh --tests KIND         an environment with the test set; .venv/tests-KIND leads to it
#                                           KIND: 2.7, 3 (3.8 to 3.11), newest (the newest Python 3 of the machine), export,
#                                           finn
#     scripts/setup.sh --for export         what only make export FORMAT=onnx and qonnx need; .venv/export
#     scripts/setup.sh --for finn           what only FORMAT=finn needs; .venv/finn
#     scripts/setup.sh --for tensorboard    what writes TensorBoard's files, into the environment to work in
#
# Choices, by environment variables: RUNTIME=auto|venv|conda|docker, PYTHON=command or path, WITH_TENSORFLOW=1. They
# hold until others are made. A second call finds the work done. Exit status 3: this machine has no Python that fits.
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
        --for) extra=${2:?--for export, finn or tensorboard}; shift ;;
        *) echo "setup: error: unknown option $1 (--quiet, --tests KIND, --for export, finn or tensorboard)" >&2; exit 2 ;;
    esac
    shift
done

say() { echo "setup: $*"; }
warn() { echo "setup: warning: $*" >&2; }
fail() { echo "setup: error: $*" >&2; exit "${status:-1}"; }

install_command() {  # DEBIAN-PACKAGE [FEDORA-PACKAGE]: how this machine gets it
    if command -v apt-get > /dev/null; then echo "apt-get install $1"
    elif command -v dnf > /dev/null; then echo "dnf install ${2:-$1}"
    elif command -v yum > /dev/null; then echo "yum install ${2:-$1}"
    else echo "install ${2:-$1} with the system's package manager"
    fi
}

# --- which Python ---------------------------------------------------------------------------------------------------

# Prints "VERSION EXECUTABLE" of an interpreter, or what is wrong with it on a line that begins with "no:".
probe='
import os, platform, sys
for module in ["ssl", "zlib", "sysconfig"] + (sys.version_info[0] > 2) * ["venv", "ensurepip"]:
    try:
        __import__(module)
    except ImportError:
        print("no: lacks the module " + module)
        sys.exit()
import sysconfig
folders = [sysconfig.get_config_var("INCLUDEPY") or "", sysconfig.get_path("include")]
version = "%d.%d" % sys.version_info[:2]
if platform.python_implementation() != "CPython":
    print("no: is not CPython")
elif sys.version_info < (3, 12) and not any(os.path.isfile(os.path.join(folder, "Python.h")) for folder in folders):
    print("no: lacks its headers (Python.h), which Theano compiles against")
else:
    print(version + " " + sys.executable)
'
rejected=

python_rank() {  # VERSION KIND: a number to choose the largest by; nothing where it does not fit
    case $2:$1 in
        2.7:2.7) echo 1 ;;
        3:3.8 | 3:3.9 | 3:3.1[01] | any:3.8 | any:3.9 | any:3.1[01]) echo "${1#3.}" ;;
        any:2.7) echo 1000 ;;
        newest:3.[89] | newest:3.[1-9][0-9] | export:3.1[1-9] | finn:3.1[1-4]) echo "${1#3.}" ;;
    esac
}

candidates() {  # KIND: interpreters that may be there, one a line
    local pyenv=${PYENV_ROOT:-${HOME:-/}/.pyenv}/versions uv=${XDG_DATA_HOME:-${HOME:-/}/.local/share}/uv/python minor
    case $1 in
        2*) type -aP python2.7 python2 || true; ls -d "$pyenv"/2.7*/bin/python2.7 2> /dev/null || true ;;
        *) for minor in 15 14 13 12 11 10 9 8; do
               type -aP "python3.$minor" || true
               ls -d "$pyenv/3.$minor".*/bin/python3 "$uv/cpython-3.$minor".*/bin/python3 2> /dev/null || true
           done
           type -aP python3 || true ;;
    esac
}

reject() { case "; $rejected; " in *"; $1; "*) ;; *) rejected="$rejected${rejected:+; }$1" ;; esac; }

named() {  # PYTHON: the interpreters that a command or path may mean, one a line
    type -aP "$1" || true
    case $1 in python[23].*) candidates "${1#python}" | grep -E "/$1$|/(cpython-)?${1#python}[.-].*/bin/python" || true ;; esac
}

# Sets version and python to the best interpreter of KIND among those named on stdin.
choose() {
    local kind=$1 best=0 candidate answer rank
    version= python=
    while IFS= read -r candidate; do
        answer=$("$candidate" -c "$probe" 2> /dev/null < /dev/null) || answer='no: does not run'
        [ -n "$answer" ] || answer='no: does not run'
        if [ "${answer#no: }" != "$answer" ]; then
            reject "$candidate ${answer#no: }"
            continue
        fi
        rank=$(python_rank "${answer%% *}" "$kind")
        if [ -z "$rank" ]; then
            reject "$candidate is ${answer%% *}"
        elif [ "$rank" -gt "$best" ]; then
            best=$rank version=${answer%% *} python=${answer#* }
        fi
    done
    [ -n "$python" ]
}

ways_out() {
    local answer="install Python 3.8 to 3.11 with its headers, or 2.7"
    if command -v apt-get > /dev/null; then
        answer="$answer (apt-get install python3-dev python3-venv where the distribution's is one of them)"
    fi
    echo "$answer; pyenv install 3.11 and uv python install 3.11 work on any; or name one that is elsewhere:" \
        "make setup PYTHON=/path/to/python"
}

find_python() {  # sets version, python and why; status 1 where there is none
    if [ -n "$PYTHON" ]; then
        choose any < <(named "$PYTHON") || fail "PYTHON=$PYTHON does not fit" \
            "(${rejected:-there is no such command or file}): Theano 1.0.5 trains on Python 2.7 and 3.8 to 3.11"
        why='chosen by PYTHON='
        return
    fi
    # Wheels of the locked 2.7 packages exist for x86-64 only.
    case $(uname -m) in
        x86_64 | amd64) if choose 2.7 < <(candidates 2.7); then why='the documents'\'' Python'; return; fi ;;
    esac
    if choose 3 < <(candidates 3); then
        why='no usable Python 2.7 here; Theano 1.0.5 trains on this one too'
        return
    fi
    return 1
}

# --- which runtime ----------------------------------------------------------------------------------------------------

. "$root/scripts/engine.sh"

find_conda() {  # sets conda to a command that makes conda environments
    local candidate
    for candidate in "${CONDA_EXE:-conda}" mamba micromamba "${MAMBA_EXE:-micromamba}"; do
        if "$candidate" --version > /dev/null 2>&1; then conda=$candidate; return; fi
    done
    return 1
}

# Sets name, the environment's, and why; for a virtual environment version and python too.
choose_runtime() {
    version= python= conda=
    case ${RUNTIME:-auto} in
        docker)
            find_engine || fail "RUNTIME=docker: $engine_problem"
            name=docker why='chosen by RUNTIME=' ;;
        conda)
            find_conda || fail 'RUNTIME=conda: there is no conda, mamba or micromamba on PATH: install Miniconda' \
                '(docs.conda.io/en/latest/miniconda.html), or micromamba'
            name=conda why='chosen by RUNTIME=' ;;
        venv) find_python || no_python ;;
        auto)
            if [ -z "$PYTHON" ] && find_engine && runs_image; then name=docker why="the project's image is there"
            elif find_python; then :
            elif find_conda; then name=conda why="no Python that fits${rejected:+ ($rejected)}"
            elif find_engine; then name=docker why="no Python that fits${rejected:+ ($rejected)}"
            else no_python
            fi ;;
        *) fail "RUNTIME=$RUNTIME: auto, venv, conda or docker" ;;
    esac
    [ -n "$python" ] || return 0
    name=$version
    if [ "${WITH_TENSORFLOW:-0}" != 0 ]; then
        [ "$version" = 2.7 ] || fail "WITH_TENSORFLOW=1: TensorFlow 2.1.0 is for Python 2.7, and this is $version"
        name=2.7-tensorflow
    fi
}

no_python() { status=3 fail "no Python that fits${rejected:+ ($rejected)}: $(ways_out)"; }

# --- what is there already --------------------------------------------------------------------------------------------

# An environment is named after its Python's version; the locks follow from the name.
locks() {
    case $1 in
        conda) echo conda ;;
        2.7) echo py27 ;;
        2.7-tensorflow) echo py27-tensorflow ;;
        3.8 | 3.9 | 3.10 | 3.11) echo py3-build py3 ;;
        3.*) echo light ;;
        export | finn) echo "$1" ;;
    esac
}

test_locks() {
    case $1 in
        conda) echo conda ;;
        2.7*) echo py27-test ;;
        3.8 | 3.9 | 3.10 | 3.11) echo py3-test ;;
        export | finn) echo "$1-test" ;;
    esac
}

key() {  # ENVIRONMENT LOCK...: changes with the locks and when the project moves to another folder
    local name=$1 lock
    shift
    { echo "$venvs/$name"; for lock; do cat "$(lock_file "$lock")"; done; } | cksum
}

lock_file() {
    case $1 in
        conda) echo "$root/environment.yml" ;;
        *) echo "$root/requirements/$1.txt" ;;
    esac
}

# The stamps are written last: an environment without them is unfinished.
is_complete() {
    local base
    if [ "$1" = docker ]; then
        find_engine && has_image && echo "the image $image, by $engine"
        return
    fi
    { read -r base && read -r answer; } < "$venvs/$1/.complete" || return 1
    [ "$answer" = "$(key "$1" $(locks "$1"))" ] && "$venvs/$1/bin/python" -c '' && echo "$base"
} 2> /dev/null

has_tests() {
    [ -z "$(test_locks "$1")" ] || [ "$(cat "$venvs/$1/.tests" 2> /dev/null)" = "$(key "$1" $(test_locks "$1"))" ]
}

# --- making it --------------------------------------------------------------------------------------------------------

complaint() {  # what the log ends with, short
    local error
    error=$(grep -oiE 'error: [^"]{1,150}' "$log" | tail -n 1 || true)
    echo "${error:-$(tail -n 1 "$log" | cut -c 1-150)}"
}

pip_install() {  # NAME PYTHON ARGUMENT...: from the locks alone
    local name=$1 interpreter=$2 reason
    shift 2
    # virtualenv, one wheel, is fetched by whatever pip there is: Ubuntu 18.04's does not know the last two yet.
    [ "$name" = virtualenv ] || set -- --no-build-isolation --no-warn-script-location "$@"
    "$interpreter" -m pip --disable-pip-version-check --retries 2 install -q --require-hashes --no-deps "$@" \
        >> "$log" 2>&1 && return
    if grep -qE 'NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|Network is unreachable|ProxyError|name resolution|ConnectionResetError|SSLError' \
            "$log"; then
        reason='the package registry cannot be reached: check the network (a proxy: HTTPS_PROXY; a mirror: PIP_INDEX_URL)'
    elif grep -qE 'DO NOT MATCH THE HASHES|HashMismatch' "$log"; then
        reason='a downloaded file does not have the hash of the lock: something between here and the registry changed it'
    elif grep -q 'No space left' "$log"; then
        reason='the disk is full: free some space'
    else
        reason=$(complaint)
    fi
    fail "$name: $reason; then make setup again. All of it is in $log"
}

make_27() {  # DIRECTORY
    local host
    mkdir -p "$venvs/tools"
    if [ "$(cat "$venvs/tools/.complete" 2> /dev/null)" != "$(key tools virtualenv)" ]; then
        rm -rf "$venvs/tools"
        mkdir "$venvs/tools"
        host=$(any_pip) || fail "virtualenv cannot be fetched: no Python here has pip. $(install_command python3-venv python3-pip)"
        pip_install virtualenv "$host" --target "$venvs/tools" -r "$root/requirements/virtualenv.txt"
        rm -rf "$venvs/tools/host"
        key tools virtualenv > "$venvs/tools/.complete"
    fi
    "$python" "$venvs/tools/virtualenv.py" --no-download "$1" >> "$log" 2>&1 ||
        fail "$python cannot make an isolated environment: $(complaint); all of it is in $log"
}

any_pip() {  # an interpreter whose pip can fetch virtualenv: this Python, or any Python 3
    local candidate
    while IFS= read -r candidate; do
        if "$candidate" -m pip --version > /dev/null 2>&1; then echo "$candidate"; return; fi
        if "$candidate" -m venv "$venvs/tools/host" > /dev/null 2>&1; then echo "$venvs/tools/host/bin/python"; return; fi
    done < <(echo "$python"; candidates 3)
    return 1
}

build() {  # NAME: from $python
    local name=$1 lock
    say "making .venv/$name from Python $version ($python; ${why:-for the tests}); that takes a minute or two"
    rm -rf "${venvs:?}/$name"
    : > "$log"
    case $name in
        2.7*) make_27 "$venvs/$name" ;;
        *) "$python" -m venv "$venvs/$name" >> "$log" 2>&1 ||
               fail "$python cannot make an environment: $(complaint); all of it is in $log" ;;
    esac
    for lock in $(locks "$name"); do
        pip_install "$lock" "$venvs/$name/bin/python" -r "$root/requirements/$lock.txt"
    done
    finish "$name"
}

build_conda() {
    local verb
    say "making .venv/conda with $conda ($why); that takes a quarter of an hour and 5 GB"
    rm -rf "${venvs:?}/conda"
    : > "$log"
    case $conda in *micromamba) verb=(create --yes) ;; *) verb=(env create) ;; esac
    "$conda" "${verb[@]}" --quiet --prefix "$venvs/conda" --file "$root/environment.yml" >> "$log" 2>&1 ||
        fail "$conda: $(grep -iE 'error|not found|no such|nothing provides|ResolvePackage' "$log" | head -n 1);" \
            "all of it is in $log"
    python=$conda
    finish conda
}

trains() { case $(locks "$1") in light | export | finn) return 1 ;; esac; }     # whether Theano is in it

finish() {  # NAME: it is tried once, and then complete
    local name=$1
    if trains "$name"; then
        THEANO_FLAGS=${THEANO_FLAGS:+$THEANO_FLAGS,}device=cpu,blas.ldflags= "$venvs/$name/bin/python" -c '
import theano
x = theano.tensor.fvector()
assert theano.config.cxx and theano.function([x], theano.tensor.exp(x) + 1)([0])[0] == 2' >> "$log" 2>&1 ||
            fail "Theano cannot compile here: $(complaint); all of it is in $log"
    fi
    printf '%s\n%s\n' "$python" "$(key "$name" $(locks "$name"))" > "$venvs/$name/.complete"
}

build_once() {  # NAME
    [ "$(is_complete "$1")" = "$python" ] || build "$1"
}

# --- what Theano needs of the machine ---------------------------------------------------------------------------------

check_compiler() {
    g++ --version > /dev/null 2>&1 ||
        fail "Theano needs a C++ compiler and there is no g++: $(install_command g++ gcc-c++), then make setup again"
}

# One setup at a time (where the machine has flock); what another has finished meanwhile is found done.
lock() {
    mkdir -p "$venvs" || fail "$venvs cannot be made: the project's folder must be writable"
    command -v flock > /dev/null || return 0
    exec 9> "$venvs/.lock"
    flock -n 9 || { say 'another setup is at work here; waiting for it'; flock 9; }
}

point() {  # LINK NAME
    [ "$(readlink "$venvs/$1" || true)" = "$2" ] || ln -sfn "$2" "$venvs/$1"
}

# ----------------------------------------------------------------------------------------------------------------------

# Nothing of the user's own Python may leak into the environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
export PIP_NO_PYTHON_VERSION_WARNING=1

set_up_tests() {
    local name
    name=$(readlink "$venvs/tests-$tests" || true)
    if [ -n "$name" ] && [ -n "$(is_complete "$name")" ] && has_tests "$name"; then return; fi
    case $tests in
        2.7) choose 2.7 < <(candidates 2.7) || status=3 fail "no Python 2.7 that fits${rejected:+ ($rejected)}" ;;
        3) choose 3 < <(candidates 3) || status=3 fail "no Python 3.8 to 3.11 that fits${rejected:+ ($rejected)}" ;;
        newest) choose newest < <(candidates 3) || status=3 fail "no Python 3 that fits${rejected:+ ($rejected)}" ;;
        export | finn) extra=$tests; set_up_extra ;;
        *) fail "--tests $tests: 2.7, 3, newest, export or finn" ;;
    esac
    name=${extra:-$version}
    lock
    ! trains "$name" || check_compiler
    [ -n "$extra" ] || build_once "$name"
    if ! has_tests "$name"; then
        pip_install "$(test_locks "$name")" "$venvs/$name/bin/python" -r "$root/requirements/$(test_locks "$name").txt"
        key "$name" $(test_locks "$name") > "$venvs/$name/.tests"
    fi
    point "tests-$tests" "$name"
}

add_tensorboard() {  # to the environment to work in
    local name which=py3-tensorboard
    set_up > /dev/null
    name=$(readlink "$venvs/active")
    case $name in
        2.7*) which=py27-tensorboard ;;
        docker | conda) fail "TENSORBOARD=1 works where setup makes the environment itself: make setup RUNTIME=venv" ;;
    esac
    [ "$(cat "$venvs/$name/.tensorboard" 2> /dev/null)" != "$(key "$name" "$which")" ] || return 0
    lock
    pip_install "$which" "$venvs/$name/bin/python" -r "$root/requirements/$which.txt"
    key "$name" "$which" > "$venvs/$name/.tensorboard"
}

set_up_extra() {
    local what
    [ "$extra" != tensorboard ] || { add_tensorboard; return; }
    is_complete "$extra" > /dev/null && return
    case $extra in
        export) why='for make export'; what='ONNX needs a Python from 3.11 on' ;;
        finn) why='for make export FORMAT=finn'; what='FINN needs a Python from 3.11 to 3.14' ;;
        *) fail "--for $extra: export, finn or tensorboard" ;;
    esac
    choose "$extra" < <(candidates 3) || status=3 fail "$what, and none fits" \
        "${rejected:+($rejected)}: pyenv install 3.13 or uv python install 3.13 makes one"
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
        base=$(is_complete "$name") || fail "$name is not complete after all"
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
