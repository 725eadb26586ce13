#!/bin/bash
# Entry point of make and of the image: checks the variables, and runs a target as common/options.txt defines it. For a
# Python stage, variables become options of its command line, which is shown.
#
#     scripts/target.sh TARGET [VARIABLE=value ...]
#
# make passes variables in the environment; BNN_GIVEN names those on its command line, BNN_GOALS all targets of the call.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL     # a nested make would take the variables for its own
trap 'exit 75' TERM     # nothing has begun: 75 tells supervisors to start it again

target=${1:-help}
[ $# = 0 ] || shift
fail() { echo "$target: error: $*" >&2; exit 2; }

# --- the table ------------------------------------------------------------------------------------------------------------

declare -A flag values command reads groups
variables=() from_command_line_only=()
trim() { REPLY=${1#"${1%%[! ]*}"}; REPLY=${REPLY%"${REPLY##*[! ]}"}; }
while IFS='|' read -r name first second _ help; do
    trim "$name"; name=$REPLY
    trim "$first"; first=$REPLY
    trim "$second"; second=$REPLY
    case $name in
        '' | '#'*) ;;
        @*) groups[$name]=$first ;;
        [A-Z]*)
            variables+=("$name") flag[$name]=${first##* } values[$name]=$second
            case $help in ' *'*) from_command_line_only+=("$name") ;; esac ;;
        *)
            command[$name]=$first reads[$name]=' '
            for word in $second; do reads[$name]+="${groups[$word]-$word} "; done ;;
    esac
done < "$root/common/options.txt"

# ": did you mean CANDIDATE?" for the candidate closest to NAME (letters changed, missing or swapped)
nearest() {  # NAME CANDIDATE...
    printf '%s\n' "${@:2}" | awk -v name="$1" '
        function least(x, y) { return x < y ? x : y }
        function distance(a, b,    i, j, d) {
            for (i = 0; i <= length(a); i++) d[i, 0] = i
            for (j = 0; j <= length(b); j++) d[0, j] = j
            for (i = 1; i <= length(a); i++) for (j = 1; j <= length(b); j++) {
                d[i, j] = least(d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1)), 1 + least(d[i - 1, j], d[i, j - 1]))
                if (i > 1 && j > 1 && substr(a, i - 1, 2) == substr(b, j, 1) substr(b, j - 1, 1))
                    d[i, j] = least(d[i, j], d[i - 2, j - 2] + 1)
            }
            return d[length(a), length(b)]
        }
        BEGIN { least_so_far = length(name) / 2 }
        { found = distance(tolower(name), tolower($0)); if (found < least_so_far) { least_so_far = found; answer = $0 } }
        END { print answer ? ": did you mean " answer "?" : "; make help lists them" }'
}

# --- what was asked for ---------------------------------------------------------------------------------------------------

[ -n "${command[$target]:-}" ] || fail "there is no target $target$(nearest "$target" "${!command[@]}")"

read -ra given <<< "${BNN_GIVEN:-}"
for word; do
    [[ $word =~ ^[A-Za-z_][A-Za-z_0-9]*= ]] || fail "$word: expected VARIABLE=value, such as NET=cnv"
    given+=("${word%%=*}")
    export "${word?}"
done

stages_of() { case ${command[$1]} in '= '*) echo "${command[$1]#= }" ;; *) echo "$1" ;; esac; }

# Check all variables of the command line against all of its targets, once.
read -ra goals <<< "${BNN_GOALS:-$target}"
read -r first_stage _ <<< "$(stages_of "${goals[0]}")"
if [ "$target" = "${goals[0]}" ] || [ "$target" = "$first_stage" ]; then
    all_reads="${groups[@every]} "
    for goal in "${goals[@]}"; do
        for stage in $(stages_of "$goal"); do all_reads+=${reads[$stage]:-}; done
    done
    is_another_programs() {
        local pattern
        set -f
        for pattern in ${groups[@others]}; do
            # shellcheck disable=SC2053     # a pattern
            if [[ $1 == $pattern ]]; then set +f; return; fi
        done
        set +f
        return 1
    }
    for name in ${given+"${given[@]}"}; do
        [ -n "${flag[$name]:-}" ] || is_another_programs "$name" ||
            fail "there is no variable $name$(nearest "$name" "${variables[@]}")"
    done
    not='does not'
    [ ${#goals[@]} = 1 ] || not='do not'
    for name in ${given+"${given[@]}"}; do
        case " $all_reads" in
            *" $name "*) ;;
            *) [ -z "${flag[$name]:-}" ] || echo "$target: $name is ignored: ${goals[*]} $not read it" >&2 ;;
        esac
    done
fi
for name in "${from_command_line_only[@]}"; do
    case " ${given[*]-} " in *" $name "*) ;; *) unset "$name" ;; esac
done

# --- what it runs ---------------------------------------------------------------------------------------------------------

options_of() {  # STAGE: sets options to the options of its command line, from the variables that are not empty
    local name value word words last=()
    options=()
    for name in ${reads[$1]}; do
        value=${!name:-}
        [ -n "$value" ] || continue
        case ${flag[$name]}:${values[$name]}:$value in
            ...:*)
                words=$(xargs printf '%s\n' <<< "$value" 2> /dev/null) || fail "$name=$value: a quote is not closed"
                while IFS= read -r word; do
                    case $word in -*) [ ! -e "$word" ] || word=./$word ;; esac
                    compgen -G "$word" > /dev/null && readarray -t words < <(compgen -G "$word") || words=("$word")
                    last+=("${words[@]}")
                done <<< "$words" ;;
            -:*) ;;
            *:1:1) options+=("${flag[$name]}") ;;
            *:1:0) ;;
            *:1:*) fail "$name=$value: choose 1 or 0" ;;
            *) options+=("${flag[$name]}=$value") ;;
        esac
    done
    options+=(${last+"${last[@]}"})
}

run_stage() {  # STAGE [exec]
    local words light options=()
    read -ra words <<< "${command[$1]}"
    if [ "${words[-1]}" = ... ]; then
        unset 'words[-1]'
        options_of "$1"
        words+=(${options+"${options[@]}"})
    fi
    case ${words[0]} in
        python | any-python)
            (printf ' %q' "python" "${words[@]:1}"; echo) | cut -c 2-
            [ "${words[0]}" = python ] || light=--light
            words=(scripts/in_env.sh ${light+"$light"} python "${words[@]:1}") ;;
    esac
    ${2:-} "${words[@]}"
}

cd "$root"
case ${command[$target]} in
    '= '*)
        # The whole process group gets SIGTERM and Ctrl-C, so the stage does too. 75: stopped; a training can be resumed, any
        # other stage started again, since it rewrites all of its files.
        stopped=
        trap 'stopped=1' TERM INT
        for stage in $(stages_of "$target"); do
            run_stage "$stage" || { status=$?; [ -z "$stopped" ] || status=75; exit "$status"; }
            [ -z "$stopped" ] || exit 75
        done ;;
    *) run_stage "$target" exec ;;
esac
