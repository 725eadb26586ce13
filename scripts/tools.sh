# shellcheck shell=bash
# To be sourced: programs that read the project, each set of them in an environment of its own in the cache.
#
#     install_tools NAME requirements/NAME.txt    $tools/NAME/bin has them; status 1, and why in $problem, where it cannot
#
# TOOLS_PYTHON says of which Python; else it is the newest.

tools=${XDG_CACHE_HOME:-$HOME/.cache}/bnn-pynq-training

install_tools() {  # NAME LOCK, or NAME and what else pip is to install
    local folder=$tools/$1 key python
    shift
    key=$(echo "$*" | cksum)
    case $1 in *.txt) key=$(cksum < "$1"); set -- --require-hashes -r "$1" ;; esac
    [ "$(cat "$folder/.complete" 2> /dev/null)" != "$key" ] || ! "$folder/bin/python" -c '' 2> /dev/null || return 0
    mkdir -p "$tools"
    for python in ${TOOLS_PYTHON:-python3.13 python3.12 python3.11 python3.10 python3}; do
        "$python" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2> /dev/null || continue
        rm -rf "${folder:?}"
        "$python" -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check "$@" > "$folder.log" 2>&1 &&
            echo "$key" > "$folder/.complete" && return 0
        problem="$folder cannot be installed: $(tail -n 1 "$folder.log" 2> /dev/null)"
        return 1
    done
    # shellcheck disable=SC2034     # who sources this says it
    problem='there is no Python from 3.10 on'
    return 1
}
