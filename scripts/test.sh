#!/bin/bash
# Runs the tests on every Python of this machine that they are meant for: all but training's on the newest Python 3,
# training's too on 3.8 to 3.11 and on 2.7. What the machine lacks is skipped, and said. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."

reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
summary= failed= newest=

tell() { summary="$summary$*"$'\n'; }

for kind in newest 3 2.7; do
    status=0
    scripts/setup.sh --tests "$kind" 2> "$reason" || status=$?
    if [ "$status" = 3 ]; then
        tell "Python $kind: skipped, $(sed 's/^setup: error: //' "$reason")"
        continue
    fi
    [ "$status" = 0 ] || { cat "$reason" >&2; exit "$status"; }

    version=$(readlink ".venv/tests-$kind")
    left_out=
    case $kind:$version in
        newest:3.8 | newest:3.9 | newest:3.10 | newest:3.11) newest=$version ;;
        newest:*) newest=$version left_out=tests/training ;;
        3:"$newest") continue ;;                # it has just been
        *) left_out=tests/environment ;;        # of the shell's scripts: once is enough
    esac

    echo "--- Python $version"
    status=0
    scripts/in_env.sh --tests "$kind" python -m pytest ${left_out:+--ignore "$left_out"} "$@" || status=$?
    case $status in
        0) answer=passed ;;
        5) answer='no test was chosen' ;;
        *) answer="FAILED (pytest's status $status)" failed=1 ;;
    esac
    tell "Python $version: $answer${left_out:+, without $left_out}"
done

printf -- '---\n%s' "$summary"
[ -n "$newest" ] || [ -e .venv/tests-2.7 ] || { echo 'test: error: no Python here can run the tests' >&2; exit 1; }
[ -z "$failed" ]
