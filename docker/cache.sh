#!/bin/bash
# Prints the folder for compiled code and downloads: the given one, if it and all folders above it belong to this user or
# root and nobody else may write there (above it, a sticky folder is allowed too); otherwise a new temporary one, with a
# warning. Theano runs the code it finds there: in a shared volume, one user could plant code for another.
set -euo pipefail
folder=$1

problem() {
    local path=$folder owner mode
    mkdir -m 700 "$folder" 2> /dev/null || true
    [ -d "$folder" ] && [ -w "$folder" ] || { echo 'it cannot be written'; return; }
    while true; do
        [ ! -L "$path" ] || { echo "$path is a link"; return; }
        read -r owner mode <<< "$(stat -c '%u %a' "$path")"
        [ "$owner" = 0 ] || [ "$owner" = "$(id -u)" ] || { echo "$path belongs to user $owner"; return; }
        if ((8#$mode & 8#22)) && { [ "$path" = "$folder" ] || ! ((8#$mode & 8#1000)); }; then
            echo "$path can be written by others"
            return
        fi
        [ "$path" != / ] || return 0
        path=$(dirname "$path")
    done
}

why=$(problem)
if [ -n "$why" ]; then
    folder=$(mktemp -d)
    echo "bnn-train: warning: not using the cache $1 ($why): using $folder, for this run only" >&2
fi
echo "$folder"
