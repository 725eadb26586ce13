#!/bin/bash
# Proves that this machine's Python VERSION alone is enough: in a clone of the last commit, with no other Python, conda or
# engine on PATH, and an empty home (but pip's and Theano's caches). Without such a Python it is skipped, and says so.
#
#     scripts/prove_python.sh VERSION               make demo
#     scripts/prove_python.sh VERSION notebook      docs/train_your_own.ipynb from top to bottom, which also runs the demo
#     scripts/prove_python.sh VERSION COMMAND ...   anything else
set -euo pipefail
version=${1:?VERSION, such as 3.12}
shift
root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/tools.sh"

find_python() {  # VERSION: its path, or nothing if there is none
    local candidate
    while IFS= read -r candidate; do
        ! "$candidate" -c 'import ssl, zlib' 2> /dev/null || { echo "$candidate"; break; }
    done < <(type -aP "python$1"; ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/"python$1" 2> /dev/null)
}
python=$(find_python "$version")
[ -n "$python" ] || { echo "Python $version alone: skipped: not on this machine"; exit 0; }

machine=$(mktemp -d)
trap 'rm -rf "$machine"' EXIT
chmod 755 "$machine"
mkdir "$machine/bin" "$machine/home"
IFS=: read -ra folders <<< "$PATH"
for folder in "${folders[@]}"; do
    for program in "$folder"/*; do
        name=${program##*/}
        case $name in
            python* | pip* | conda | mamba | micromamba | pyenv | uv | uvx | docker | podman | virtualenv) ;;
            *) [ ! -x "$program" ] || [ -d "$program" ] || [ -e "$machine/bin/$name" ] || ln -s "$program" "$machine/bin/$name" ;;
        esac
    done
done
real=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
ln -s "$real" "$machine/bin/python$version"
ln -s "python$version" "$machine/bin/python${version%%.*}"
git clone -q "$root" "$machine/project"

case "${1:-demo}" in
    demo) set -- make demo ;;
    notebook)
        jupyter=$real
        # The packages need Python 3.12. For an older VERSION, only Jupyter runs on a newer one; its commands find VERSION.
        case $version in 2.* | 3.[89] | 3.1[01]) jupyter=$(find_python 3.13); jupyter=${jupyter:-$(find_python 3.12)} ;; esac
        TOOLS_PYTHON=$jupyter install_tools "notebook-$version" "$root/requirements/notebook.txt" ||
            { echo "prove_python: error: $problem" >&2; exit 1; }
        set -- "$tools/notebook-$version/bin/python" scripts/run_notebook.py "${@:2}" ;;
esac
cd "$machine/project"
unset PYENV_ROOT PYENV_VERSION PYTHON RUNTIME VIRTUAL_ENV PYTHONPATH
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$HOME/.cache/pip}
HOME=$machine/home PATH=$machine/bin "$@"
