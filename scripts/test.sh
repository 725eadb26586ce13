#!/bin/bash
# Runs the tests on every Python of this machine that they are meant for: all of them on 2.7 and on 3.8 to 3.11, all
# but training's on the newest Python 3. What the machine lacks is skipped, and said. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
summary=
failed=
ran=

for kind in 2.7 3 newest; do
    what=$kind
    [ "$kind" != newest ] || what="newest Python 3"
    status=0
    scripts/setup.sh --tests "$kind" 2> "$reason" || status=$?
    if [ "$status" = 3 ]; then
        summary="$summary$what: skipped, $(sed 's/^setup: error: //' "$reason")"$'\n'
        continue
    fi
    [ "$status" = 0 ] || { cat "$reason" >&2; exit "$status"; }

    version=$(readlink ".venv/tests-$kind")
    options=()
    if [ "$kind" = newest ]; then
        [ "$version" != "$(readlink .venv/tests-3 || true)" ] || continue
        case $version in 3.8 | 3.9 | 3.10 | 3.11) ;; *) options=(--ignore tests/training) ;; esac
    fi

    echo "--- Python $version"
    status=0
    scripts/in_env.sh --tests "$kind" python -m pytest ${options[@]+"${options[@]}"} "$@" || status=$?
    ran=1
    [ "$status" = 0 ] || failed=1
    summary="${summary}Python $version: $([ "$status" = 0 ] && echo passed || echo "FAILED (pytest's status $status)")"
    [ ${#options[@]} = 0 ] || summary="$summary, without training's tests"
    summary=$summary$'\n'
done

printf -- '---\n%s' "$summary"
[ -n "$ran" ] || { echo 'test: error: no Python here can run the tests' >&2; exit 1; }
[ -z "$failed" ]
