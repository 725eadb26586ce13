#!/bin/bash
# Checks the code: ruff for Python, Python 2.7's own compiler if there is one, shellcheck, clang-format, and GitHub's schema
# for its workflow. Settings are in pyproject.toml and .clang-format, versions in requirements/lint.txt.
#
#     scripts/lint.sh [--fix]       --fix: ruff and clang-format fix what they can
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/tools.sh

fail() { echo "lint: error: $*" >&2; exit 1; }
git rev-parse --git-dir > /dev/null 2>&1 || fail 'lint checks the files that git lists: run it in a clone'
install_tools lint requirements/lint.txt || fail "$problem"
bin=$tools/lint/bin

# The project's files, without deleted ones.
files() { git ls-files -z --cached --others --exclude-standard -- "$@" | xargs -0 ls -d 2> /dev/null; }

failed=()
hold() {  # NAME COMMAND...
    if "${@:2}"; then echo "lint: $1: passed"; else failed+=("$1"); fi
}

python_2() {  # a Python 2.7 of this machine, if any
    local python
    for python in .venv/2.7/bin/python python2.7 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7*/bin/python; do
        "$python" -c 'import sys; assert sys.version_info[:2] == (2, 7)' 2> /dev/null || continue
        echo "$python"
        return
    done
}

compile_2() {
    # shellcheck disable=SC2046     # no file's name has a space
    "$1" - $(files 'training/*.py' 'common/*.py' 'datasets/*.py' 'weights_gen/*.py' 'board/*.py' 'report/*.py' \
        'export/*.py' 'bench/*.py' 'scripts/doctor*.py') <<'PYTHON'
import sys
status = 0
for path in sys.argv[1:]:
    try:
        compile(open(path).read(), path, 'exec', dont_inherit=True)
    except SyntaxError as error:
        status = 1
        print('%s:%s: %s' % (path, error.lineno, error))
sys.exit(status)
PYTHON
}

c_files() { files '*.c' '*.h' ':!export/templates'; }
formatted() {
    local file status=0
    for file in $(c_files); do "$bin/clang-format" "$file" | diff -u "$file" - || status=1; done
    return "$status"
}

if [ "${1:-}" = --fix ]; then
    "$bin/ruff" check -q --fix-only .
    c_files | xargs "$bin/clang-format" -i
fi
hold ruff "$bin/ruff" check -q .
python=$(python_2)
if [ -n "$python" ]; then hold 'Python 2.7' compile_2 "$python"; else echo 'lint: Python 2.7: skipped: there is none'; fi
# shellcheck disable=SC2046
hold shellcheck "$bin/shellcheck" -x $(files '*.sh' .ci/run)
hold clang-format formatted
hold "GitHub's workflow" "$bin/check-jsonschema" -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
[ ${#failed[@]} = 0 ] || fail "$(printf '%s, ' "${failed[@]}" | sed 's/, $//') failed: see above"
