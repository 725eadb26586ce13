#!/bin/sh
# Lists the targets and variables of common/options.txt: scripts/help.sh [pattern of what the targets run]
cd "$(dirname "$0")/.." || exit
[ $# != 0 ] || echo 'make TARGET [VARIABLE=value ...]'
awk -F ' *[|] *' -v kinds="${1:-.}" '/^[a-z][a-z-]* *[|]/ && $2 ~ kinds { printf "  %-17s %s\n", $1, $4 }
    /^[A-Z_]+ *[|]/ {
        sub(/^[* ]+/, "", $5)
        variables = variables sprintf("  %-17s %s%s\n", $1, $5, $4 == "" ? "" : "; default: " $4)
    }
    END { printf "Variables:\n%s", variables }' common/options.txt
