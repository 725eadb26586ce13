# shellcheck shell=bash disable=SC2034
# To be sourced: finds a container engine, and names the project's image.

[ "${DEVICE:-}" = cuda ] && target=gpu || target=cpu
image=${BNN_IMAGE:-bnn-train:$target}

find_engine() {  # sets engine to one that answers, or engine_problem
    local candidate
    engine_problem='neither docker nor podman is on PATH: install one (docs.docker.com/engine/install)'
    for candidate in docker podman; do
        command -v "$candidate" > /dev/null || continue
        if "$candidate" info > /dev/null 2>&1; then engine=$candidate; return; fi
        engine_problem="$candidate is there but does not answer: '$candidate info' says why"
    done
    return 1
}

has_image() { "$engine" image inspect "$image" > /dev/null 2>&1; }

# An engine that answers may still be unable to run anything, as in a container or on a locked-down machine.
runs_image() { has_image && timeout 60 "$engine" run --rm --entrypoint true "$image" > /dev/null 2>&1; }
