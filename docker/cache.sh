#!/bin/bash
# Prints the folder to keep in what is compiled and downloaded: the one that is named if it and all above it belong to
# this user or root, who alone may write there (above it, a sticky folder will do); else a fresh temporary one, and says
# so. Theano runs what it finds there: in a volume that several users share, one of them could leave something for another.
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
    echo "bnn-train: warning: not keeping what is compiled in $1 ($why), but in $folder, for this run alone" >&2
fi
echo "$folder"
