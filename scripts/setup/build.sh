# shellcheck shell=bash disable=SC2154,SC2046     # setup.sh and its other parts set the names; lock names have no spaces
# Sourced by scripts/setup.sh: checks whether an environment is there, and makes it.

# An environment is named after its Python's version; the locks follow from the name.
locks() {
    case $1 in
        conda) echo conda ;;
        2.7) echo py27 ;;
        2.7-tensorflow) echo py27-tensorflow ;;
        3.8 | 3.9 | 3.10 | 3.11) echo py3-build py3 ;;
        3.*) echo py312-build py312 ;;
        export | finn | fuzz | light) echo "$1" ;;
    esac
}

test_locks() {
    case $1 in
        conda) echo conda ;;
        2.7*) echo py27-test ;;
        3.8 | 3.9 | 3.10 | 3.11) echo py3-test ;;
        3.*) echo py312-test ;;
        export | finn) echo "$1-test" ;;
    esac
}

key() {  # ENVIRONMENT LOCK...: changes when a lock changes or the project's folder moves
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

# Stamps are written last, after everything else is on disk: an environment without one is unfinished.
stamp() {  # FILE LINE...
    sync -f "$venvs" 2> /dev/null || sync || true
    printf '%s\n' "${@:2}" > "$1"
}

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

complaint() {  # the end of the log, shortened
    local error
    error=$(grep -oiE 'error: [^"]{1,150}' "$log" | tail -n 1 || true)
    [ -n "$error" ] || error=$(tail -n 1 "$log" | cut -c 1-150)
    echo "${error:-it printed no error}"
}

pip_install() {  # NAME PYTHON ARGUMENT...: from the locks only
    local name=$1 interpreter=$2 reason
    shift 2
    # Any pip can fetch virtualenv, a single wheel; Ubuntu 18.04's does not know these two options.
    [ "$name" = virtualenv ] || set -- --no-build-isolation --no-warn-script-location "$@"
    # The first import writes bytecode, for the quarter that is used. If imports write none (the image), pip does it now.
    [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || set -- --no-compile "$@"
    # On 3.12 and later, Theano's setup.py needs the modules in this folder.
    PYTHONPATH=$([ "$name" != py312 ] || echo "$root/scripts/setup/for_theano") \
        "$interpreter" -m pip --disable-pip-version-check --retries 2 install -q --require-hashes --no-deps "$@" \
        >> "$log" 2>&1 && return
    if grep -qE 'NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|Network is unreachable|ProxyError|name resolution|ConnectionResetError|SSLError' \
            "$log"; then
        reason='the package registry cannot be reached: check the network (a proxy: HTTPS_PROXY; a mirror: PIP_INDEX_URL)'
    elif grep -qE 'DO NOT MATCH THE HASHES|HashMismatch' "$log"; then
        reason='a downloaded file does not match the hash in the lock: something between here and the registry changed it'
    elif grep -q 'No space left' "$log"; then
        reason='the disk is full: free some space'
    else
        reason="$(complaint): fix this"
    fi
    fail "$name: $reason; then make setup again. Full log: $log"
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
        stamp "$venvs/tools/.complete" "$(key tools virtualenv)"
    fi
    "$python" "$venvs/tools/virtualenv.py" --no-download "$1" >> "$log" 2>&1 ||
        fail "$python cannot make an isolated environment: $(complaint); full log: $log"
}

any_pip() {  # an interpreter whose pip can fetch virtualenv: $python, or any Python 3
    local candidate
    while IFS= read -r candidate; do
        if "$candidate" -m pip --version > /dev/null 2>&1; then echo "$candidate"; return; fi
        if "$candidate" -m venv "$venvs/tools/host" > /dev/null 2>&1; then echo "$venvs/tools/host/bin/python"; return; fi
    done < <(echo "$python"; candidates 3)
    return 1
}

build() {  # NAME: from $python
    local name=$1 lock
    say "making .venv/$name from Python $version ($python; ${why:-for the tests}); this takes a minute or two"
    rm -rf "${venvs:?}/$name"
    : > "$log"
    case $name in
        2.7*) make_27 "$venvs/$name" ;;
        *) "$python" -m venv "$venvs/$name" >> "$log" 2>&1 ||
               fail "$python cannot make an environment: $(complaint); full log: $log" ;;
    esac
    for lock in $(locks "$name"); do
        pip_install "$lock" "$venvs/$name/bin/python" -r "$root/requirements/$lock.txt"
    done
    finish "$name"
}

build_conda() {
    local verb
    say "making .venv/conda with $conda ($why); this takes a quarter of an hour and 5 GB"
    rm -rf "${venvs:?}/conda"
    : > "$log"
    case $conda in *micromamba) verb=(create --yes) ;; *) verb=(env create) ;; esac
    "$conda" "${verb[@]}" --quiet --prefix "$venvs/conda" --file "$root/environment.yml" >> "$log" 2>&1 || {
        refused_terms
        fail "$conda: $(grep -iE 'error|not found|no such|nothing provides|ResolvePackage' "$log" | head -n 1);" \
            "full log: $log"
    }
    python=$conda
    finish conda
}

# Since 2025, conda fetches nothing from Anaconda's channels until the user accepts their terms. Do not accept for the user.
refused_terms() {
    local channel
    grep -qi 'terms of service have not been accepted' "$log" || return 0
    channel=$(sed -n 's/^  - \(https:.*\)/\1/p' "$root/environment.yml")
    fail "Anaconda's terms of service (anaconda.com/legal) are not agreed to here: read them and, if you agree, type" \
        "$conda tos accept --override-channels --channel $channel, then make setup again"
}

trains() { case $(locks "$1") in light | export | finn | fuzz) return 1 ;; esac; }     # whether it has Theano

finish() {  # NAME: tries it once, then marks it complete
    local name=$1
    if trains "$name"; then
        # docker/Dockerfile has no training/ at this point, and does not need it on 2.7.
        THEANO_FLAGS=${THEANO_FLAGS:+$THEANO_FLAGS,}device=cpu,blas.ldflags= "$venvs/$name/bin/python" -c '
import os, sys
if sys.version_info >= (3, 12):
    sys.path.insert(0, sys.argv[1])
    from training import removed
    removed.restore()
    os.environ["THEANO_FLAGS"] += ",gcc.cxxflags=" + removed.compiler_flags()
import theano
x = theano.tensor.fvector()
assert theano.config.cxx and theano.function([x], theano.tensor.exp(x) + 1)([0])[0] == 2' "$root" >> "$log" 2>&1 ||
            fail "Theano cannot compile here: $(complaint); full log: $log"
    fi
    stamp "$venvs/$name/.complete" "$python" "$(key "$name" $(locks "$name"))"
}

build_once() {  # NAME
    [ "$(is_complete "$1")" = "$python" ] || build "$1"
}

