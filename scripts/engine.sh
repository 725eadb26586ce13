# shellcheck shell=bash disable=SC2034
# To be sourced: which container engine there is, and the name of the project's image.

[ "${DEVICE:-}" = cuda ] && target=gpu || target=cpu
image=${BNN_IMAGE:-bnn-train:$target}

find_engine() {  # sets engine to one that answers, or engine_problem
    local candidate
    engine_problem='there is no docker and no podman on PATH: install one (docs.docker.com/engine/install)'
    for candidate in docker podman; do
        command -v "$candidate" > /dev/null || continue
        if "$candidate" info > /dev/null 2>&1; then engine=$candidate; return; fi
        engine_problem="$candidate is there but does not answer: '$candidate info' says why"
    done
    return 1
}

has_image() { "$engine" image inspect "$image" > /dev/null 2>&1; }

# An engine that answers may still be unable to run anything, as inside a container or a locked-down machine.
runs_image() { has_image && timeout 60 "$engine" run --rm --entrypoint true "$image" > /dev/null 2>&1; }
