#!/bin/bash
# Builds the cpu image and runs everything in it, as on a machine that has nothing else: doctor; make all for LFC and CNV on
# the embedded digits, as a user other than root; stopping by SIGTERM, and resuming. It needs root, Debian's debootstrap and
# buildah, and the distribution's mirror. If this machine lacks one, it is skipped with status 0 and says why; any error
# after that is a failure. Ubuntu 18.04 would come from a registry of images; Debian 11, whose packages have the same names,
# takes its place.
#
#     scripts/prove_image.sh [CACHE-FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/bnn-pynq-training}
base=localhost/bnn-base:bullseye
mkdir -p "$cache"
export BNN_IMAGE=localhost/bnn-prove:cpu      # not the name that make setup uses

say() { echo "prove: $*"; }
skip() { say "skipped: $*"; exit 0; }
fail() { echo "prove: FAILED: $*" >&2; exit 1; }

# --- what it needs --------------------------------------------------------------------------------------------------------

[ "$(id -u)" = 0 ] || skip 'debootstrap and buildah need root here'
if ! command -v buildah > /dev/null || ! command -v debootstrap > /dev/null; then
    command -v apt-get > /dev/null || skip 'there is no buildah, no debootstrap, and no apt-get to install them'
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends buildah debootstrap; } \
        > "$cache/apt-buildah.log" 2>&1 || skip "buildah and debootstrap cannot be installed: see $cache/apt-buildah.log"
fi
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2> /dev/null | head -n 1)
mirror=${mirror:-$(awk '$1 == "deb" && $2 ~ /^http/ { print $2; exit }' /etc/apt/sources.list 2> /dev/null || true)}
[ -n "$mirror" ] || skip 'the apt sources of this machine name no Debian mirror'

work=$(mktemp -d)
containers=()
clean_up() {
    [ ${#containers[@]} = 0 ] || buildah rm "${containers[@]}" > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap clean_up EXIT

# --- the base image, made once --------------------------------------------------------------------------------------------

if ! buildah inspect --type image "$base" > /dev/null 2>&1; then
    say 'making the base: Debian 11 by debootstrap'
    debootstrap --variant=minbase bullseye "$work/system" "$mirror" > "$cache/debootstrap.log" 2>&1 ||
        fail "debootstrap cannot make Debian 11 from this machine's mirror: see $cache/debootstrap.log"
    rm -rf "$work/system/var/cache/apt/archives" "$work/system/var/lib/apt/lists"
    mkdir -p "$work/system/var/cache/apt/archives/partial" "$work/system/var/lib/apt/lists/partial"
    container=$(buildah from scratch)
    containers+=("$container")
    buildah add -q "$container" "$work/system" / > /dev/null
    buildah commit -q "$container" "$base" > /dev/null
    rm -rf "$work/system"
fi

# --- the image ------------------------------------------------------------------------------------------------------------

options=(--isolation chroot --network host --layers)
certificates=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}
if [ -r "$certificates" ]; then
    options+=(--volume "$certificates:/host-ca.crt:ro" --build-arg PIP_CERT=/host-ca.crt)
fi
say 'building the cpu image'
BASE_IMAGE=$base ENGINE=buildah scripts/image.sh cpu "${options[@]}" > "$cache/image.log" 2>&1 ||
    { tail -n 30 "$cache/image.log" >&2; fail "the image does not build: see $cache/image.log"; }
say "built: $(buildah images --format '{{.Size}}' "$BNN_IMAGE")"

# --- make all in it -------------------------------------------------------------------------------------------------------

container=$(buildah from "$BNN_IMAGE")
containers+=("$container")
# In other engines a mounted folder replaces a volume; for buildah, remove the volume.
for volume in /runs /cache; do buildah config --volume "$volume-" "$container" 2> /dev/null; done
mkdir "$work/runs" "$work/cache"
chmod 755 "$work"
chmod 1777 "$work/cache"
chown 12345:23456 "$work/runs"             # a user that the image does not know

run() {  # [option ...] -- WORD ...: what `docker run IMAGE WORD ...` does
    local settings=()
    while [ "$1" != -- ]; do settings+=("$1"); shift; done
    buildah run --isolation chroot --network host -v "$work/runs:/runs" -v "$work/cache:/cache" \
        ${settings[@]+"${settings[@]}"} "$container" -- dumb-init "$@"
}

say 'doctor'
run -- /opt/bnn-pynq/docker/entrypoint.sh doctor || fail 'doctor finds a problem with the image'

say 'the user who trains in it cannot change the program'
[ -z "$(run --user 12345 -- find /opt/bnn-pynq -writable -not -type l)" ] || fail 'the user can change the program'

for net in lfc cnv; do
    say "$net: make all with one epoch"
    run -- /opt/bnn-pynq/docker/entrypoint.sh all NET=$net DATASET=digits EPOCHS=1 TRAIN_SIZE=500 ||
        fail "$net fails with status $?"
    [ -s "$work/runs/digits-${net}W1A1/${net}W1A1/hw/config.h" ] || fail "$net: no config.h"
done
owners=$(find "$work/runs" -mindepth 1 -printf '%U:%G\n' | sort -u)
[ "$owners" = 12345:23456 ] || fail "what was written belongs to $owners, not to the owner of /runs"

# Starts a long training, waits for a line of its log, sends SIGTERM as `docker stop` does, and expects status 75.
stop_at() {  # LINE
    local words=(all NET=lfc DATASET=digits EPOCHS=5000 OUT=/runs/long) waiting pid status=0
    run -- /opt/bnn-pynq/docker/entrypoint.sh "${words[@]}" > "$work/log" 2>&1 &
    waiting=$!
    for _ in $(seq 180); do
        if grep -q "^$1" "$work/log" || ! kill -0 "$waiting" 2> /dev/null; then break; fi
        sleep 1
    done
    pid=$(pgrep -f -n "/dumb-init -- /opt/bnn-pynq/docker/entrypoint.sh ${words[*]}") ||
        fail "the training does not run: $(cat "$work/log")"
    kill -TERM "$pid"
    wait "$waiting" || status=$?
    if [ "$status" != 75 ] || ! grep -q "^$1" "$work/log"; then
        fail "status $status instead of 75: $(tail -n 5 "$work/log")"
    fi
}

say 'SIGTERM in the middle, and resuming from there'
stop_at 'Epoch 2 '
stop_at 'Resuming at epoch'

say 'passed'
