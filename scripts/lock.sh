#!/bin/bash
# Regenerates requirements/*.txt from the *.in files beside them: every package needed, pinned, with the hashes from the
# package registry. Run it after changing a .in file:
#
#     scripts/lock.sh PYTHON2.7 PYTHON3 [NAME ...]      (PYTHON3: 3.8 to 3.11, with venv; NAME: only these locks)
set -euo pipefail
[ $# -ge 2 ] || { echo 'usage: scripts/lock.sh PYTHON2.7 PYTHON3 [NAME ...]' >&2; exit 2; }
python2=$1 python3=$2
shift 2
only=" $* "
[ "$only" != '  ' ] || only=

cd "$(dirname "$0")/../requirements"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

# Use the registry's own files and hashes, not those of a mirror or a local folder.
export PIP_CONFIG_FILE=/dev/null UV_NO_CONFIG=1 CUSTOM_COMPILE_COMMAND='scripts/lock.sh'
unset PIP_FIND_LINKS PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX_URL UV_DEFAULT_INDEX UV_INDEX UV_FIND_LINKS

"$python3" -m venv "$tools/py3"
"$tools/py3/bin/pip" install -q --require-hashes -r uv.txt
"$tools/py3/bin/pip" install -q --no-deps --target "$tools/virtualenv" virtualenv==16.7.12
"$python2" "$tools/virtualenv/virtualenv.py" -q --no-download "$tools/py27"
"$tools/py27/bin/pip" install -q --no-python-version-warning pip-tools==5.5.0

asked_for() { case "$only" in '' | *" $1 "*) ;; *) return 1 ;; esac; }

lock_2() {
    asked_for "$1" || return 0
    "$tools/py27/bin/pip-compile" -q --rebuild --generate-hashes --allow-unsafe --no-emit-index-url \
        --no-emit-trusted-host --no-emit-find-links --output-file "$1.txt" "$1.in" 2> "$tools/log" ||
        { cat "$tools/log" >&2; exit 1; }
    echo "requirements/$1.txt"
}

lock_3() {  # NAME OLDEST-PYTHON [OPTION...]: one file for that Python and all later ones
    asked_for "$1" || return 0
    "$tools/py3/bin/uv" pip compile -q --python "$tools/py3/bin/python" --universal --python-version "$2" --upgrade --generate-hashes \
        --no-emit-index-url --no-build-isolation --custom-compile-command "$CUSTOM_COMPILE_COMMAND" \
        "${@:3}" --output-file "$1.txt" "$1.in"
    echo "requirements/$1.txt"
}

lock_2 py27
lock_2 py27-tensorflow
lock_2 py27-tensorboard
lock_2 py27-test
lock_3 virtualenv 3.8
lock_3 py3-build 3.8
"$tools/py3/bin/pip" install -q --require-hashes -r py3-build.txt  # to run Theano's and Lasagne's setup.py
lock_3 py3 3.8
lock_3 py3-tensorboard 3.8
lock_3 py3-test 3.8
lock_3 py312-build 3.12
lock_3 py312 3.12
lock_3 py312-tensorboard 3.12
lock_3 py312-test 3.12
lock_3 light 3.8
lock_3 uv 3.8
lock_3 cloud 3.10
lock_3 lint 3.10
lock_3 notebook 3.12
lock_3 export 3.11
lock_3 export-test 3.11
echo "brevitas ; python_version < '3'" > "$tools/without"
lock_3 finn 3.11 --override "$tools/without"
lock_3 finn-test 3.11
lock_3 fuzz 3.11
