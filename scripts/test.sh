#!/bin/bash
# Runs the tests in parallel on this machine's Pythons: on the newest of 3.8 to 3.14, all but export/; on one of 3.8 to 3.11,
# what these and their numpy may change (training and reading files); on 2.7, all but shell scripts, faults and C kernels;
# export/ in environments with its runtimes, and with FINN. What the machine lacks is skipped, and listed at the end.
# Arguments go to pytest; each Python gets the paths that it runs. --thorough, as the first argument, adds the tests marked
# thorough, and runs those marked once on each Python, not on the newest only (see pytest.ini).
set -euo pipefail
cd "$(dirname "$0")/.."

# Tests write and sync thousands of small files. In memory that is fast: use it if it has room (in megabytes; the tests take
# a third of it) and allows programs to run.
ROOM=3000
in_memory() {
    [ -z "${TMPDIR:-}" ] && free=$(df --output=avail -B 1000000 /dev/shm 2> /dev/null | tail -n 1) && [ "$free" -gt $ROOM ] || return 1
    [ "$(awk '/^MemAvailable/ { print int($2 / 1000) }' /proc/meminfo)" -gt $((2 * ROOM)) ] || return 1
    temporary=$(mktemp -d /dev/shm/bnn-tests.XXXXXX) || return 1
    printf '#!/bin/sh\n' > "$temporary/runs"
    chmod +x "$temporary/runs"
    "$temporary/runs" 2> /dev/null || { rm -rf "$temporary"; return 1; }
}
if in_memory; then for_tests=$temporary; else temporary=$(mktemp -d) for_tests=${TMPDIR:-/tmp}; fi
# shellcheck disable=SC2154     # set by the trap itself
trap 'processes=$(jobs -p); [ -z "$processes" ] || kill -INT $processes; rm -rf "$temporary"' EXIT
summary= failed= running= thorough=
[ "${1:-}" != --thorough ] || { thorough=1; shift; }
[ ! -t 1 ] || set -- --color=yes "$@"
declare -A version left_out process
# What a numpy between those of 2.7 and the newest Python may change: training, its graph, its files.
of_numpy=()
for name in backend checkpoint compatibility experiment layers networks quantization removed resuming updates; do
    of_numpy+=(! -name "test_$name.py")
done

is_left_out() {  # KIND PATH
    local folder
    for folder in ${left_out[$1]}; do case ${2%%::*} in "$folder" | "$folder"/*) return 0 ;; esac; done
    return 1
}

tell() { summary="$summary$*"$'\n'; }

skipped() {  # KIND: each reason once, with its number of tests
    sed -n 's/\x1b\[[0-9;]*m//g; s/^SKIPPED \[\([0-9]*\)\] [^ ]* \(.*\)/\1 \2/p' "$temporary/$1" |
        awk '{ count = $1; $1 = ""; total[$0] += count }
             END { for (reason in total) printf "    %d skipped:%s\n", total[reason], reason }' | sort
}

start() {  # KIND ARGUMENT...
    local kind=$1 folder argument ignored=() arguments=() paths= dropped=
    shift
    for folder in ${left_out[$kind]}; do ignored+=(--ignore "$folder"); done
    for argument; do
        if [ ! -e "${argument%%::*}" ]; then arguments+=("$argument")
        elif is_left_out "$kind" "$argument"; then dropped=1
        else arguments+=("$argument") paths=1
        fi
    done
    if [ -n "$dropped" ] && [ -z "$paths" ]; then
        tell "Python ${version[$kind]}: none of the tests that were named is for it"
        return
    fi
    running="$running $kind"
    : > "$temporary/$kind"          # tail may start before the process that writes it
    TMPDIR=$for_tests scripts/in_env.sh --tests "$kind" python -m pytest -rs ${ignored+"${ignored[@]}"} \
        ${arguments+"${arguments[@]}"} >> "$temporary/$kind" 2>&1 &
    process[$kind]=$!
}

for kind in newest 3 2.7 export finn; do        # tests run while the next environment is made
    status=0
    scripts/setup.sh --tests "$kind" 2> "$temporary/reason" || status=$?
    if [ "$status" = 3 ]; then
        tell "Python $kind: skipped, $(sed 's/^setup: error: //' "$temporary/reason")"
        continue
    fi
    [ "$status" = 0 ] || { cat "$temporary/reason" >&2; exit "$status"; }

    version[$kind]=$(readlink ".venv/tests-$kind")
    case $kind:${version[$kind]} in
        newest:*) left_out[$kind]='tests/export' ;;
        3:"${version[newest]:-}") continue ;;           # it is the newest
        3:*) left_out[$kind]=$(find tests tests/training -mindepth 1 -maxdepth 1 ! -path tests/training ! -path tests/fuzz ! -name __pycache__ \
            "${of_numpy[@]}" '(' -type d -o -name 'test_*.py' ')' -printf '%p ') ;;
        export:*) left_out[$kind]=$(find tests -mindepth 1 -maxdepth 1 -type d ! -name export ! -name __pycache__ -printf '%p ') ;;
        finn:*) left_out[$kind]=$(find tests tests/export -mindepth 1 -maxdepth 1 ! -name export ! -name __pycache__ \
            ! -name '*finn*' '(' -type d -o -name 'test_*.py' ')' -printf '%p ') ;;
        *) left_out[$kind]='tests/docker tests/environment tests/faults'
            [ -z "${version[newest]:-}" ] || left_out[$kind]+=' tests/training/test_kernels.py tests/board/test_sanitizers.py' ;;
    esac
    case $thorough:$kind:${version[newest]:+newest} in
        1:*) start "$kind" -m 'not long' "$@" ;;
        :3:newest | :2.7:newest) start "$kind" -m 'not long and not thorough and not once' "$@" ;;
        *) start "$kind" "$@" ;;
    esac
done
[ ${#version[@]} -gt 0 ] || { printf '%s' "$summary"; echo 'test: error: no Python here can run the tests' >&2; exit 1; }

for kind in $running; do
    echo "--- Python ${version[$kind]}"
    status=0
    tail -n +1 -f --pid "${process[$kind]}" "$temporary/$kind"
    wait "${process[$kind]}" || status=$?
    case $status in
        0) answer=passed ;;
        5) answer='no test was chosen' ;;
        *) answer="FAILED (pytest's status $status)" failed=1 ;;
    esac
    tell "Python ${version[$kind]}: $answer${left_out[$kind]:+, without ${left_out[$kind]}}"
    reasons=$(skipped "$kind")
    [ -z "$reasons" ] || tell "$reasons"
    left=$(sed -n 's/\x1b\[[0-9;]*m//g; s/^left to /    left to /p' "$temporary/$kind")
    [ -z "$left" ] || tell "$left"
done

printf -- '---\n%s' "$summary"
[ -z "$failed" ]
