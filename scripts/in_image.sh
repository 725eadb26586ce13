#!/bin/bash
# Runs a command in the project's image, with the same paths and as the same user; in_env.sh uses it if the runtime is
# docker.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/engine.sh"
find_engine || { echo "in_image: error: $engine_problem" >&2; exit 1; }

options=(run --rm --workdir "$(pwd -P)" --volume bnn-cache:/cache)
[ ! -t 1 ] || options+=(--tty)
case $engine in
    podman) options+=(--security-opt label=disable) ;;
esac
if [ "$engine" = podman ] && [ "$(id -u)" != 0 ]; then
    options+=(--userns keep-id)     # for a rootless engine only
else
    options+=(--user "$(id -u):$(id -g)")
fi
if [ "$target" = gpu ]; then
    case $engine in
        podman) options+=(--device nvidia.com/gpu=all) ;;
        *) options+=(--gpus all) ;;
    esac
fi

# Mount the folders that the command may read and write under their own names. Make the folder of the runs first: the engine
# would make a missing one as root.
declare -A folders
keep() { folders[$(cd "$1" && pwd)]=1; }
paths_of() {  # VARIABLE: the paths that it names, one a line; several in RUNS, as target.sh reads them
    local word
    if [ "$1" != RUNS ]; then echo "${!1}"; return; fi
    xargs printf '%s\n' <<< "$RUNS" | while IFS= read -r word; do compgen -G "$word" || echo "$word"; done
}
[ -z "${OUT:-}" ] || (cd "$root" && mkdir -p -- "$OUT")
keep "$root"
keep .
while read -r name; do
    [ -n "${!name:-}" ] || continue
    options+=(--env "$name")
    while IFS= read -r path; do
        case $path in /*) ;; *) path=$root/$path ;; esac
        folder=$(dirname "$path")
        if [ -d "$path" ]; then keep "$path"
        elif [ -e "$path" ] || { [ "$name" = PREVIEW ] && [ -d "$folder" ]; }; then keep "$folder"     # PREVIEW is written
        fi
    done < <(paths_of "$name")
done < <(sed -n 's/^\([A-Z_]*\) *|.*/\1/p' "$root/common/options.txt")
for folder in "${!folders[@]}"; do options+=(--volume "$folder:$folder"); done
exec "$engine" "${options[@]}" "$image" "$@"
