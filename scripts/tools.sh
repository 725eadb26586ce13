# shellcheck shell=bash
# To be sourced: installs tools that check the project, each set in its own environment in the cache.
#
#     install_tools NAME requirements/NAME.txt    into $tools/NAME/bin; on failure, status 1 and the reason in $problem
#
# TOOLS_PYTHON names the Python to use; default: the newest.

tools=${XDG_CACHE_HOME:-$HOME/.cache}/bnn-pynq-training

install_tools() {  # NAME LOCK, or NAME and arguments of pip install
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
    # shellcheck disable=SC2034     # used by the script that sources this
    problem='there is no Python 3.10 or later'
    return 1
}
