# shellcheck shell=bash disable=SC2154,SC2034     # names that setup.sh and its parts share
# Sourced by scripts/setup.sh: chooses the runtime (RUNTIME).

find_conda() {  # sets conda to a command that makes conda environments
    local candidate
    for candidate in "${CONDA_EXE:-conda}" mamba micromamba "${MAMBA_EXE:-micromamba}"; do
        if "$candidate" --version > /dev/null 2>&1; then conda=$candidate; return; fi
    done
    return 1
}

# Sets the environment's name, and why; for a virtual environment also version and python.
choose_runtime() {
    version= python= conda=
    case ${RUNTIME:-auto} in
        docker)
            find_engine || fail "RUNTIME=docker: $engine_problem"
            name=docker why='chosen by RUNTIME=' ;;
        conda)
            find_conda || fail 'RUNTIME=conda: there is no conda, mamba or micromamba on PATH: install Miniconda' \
                '(docs.conda.io/en/latest/miniconda.html), or micromamba'
            name=conda why='chosen by RUNTIME=' ;;
        venv) find_python || fetch_python || no_python ;;
        auto)
            if [ -z "$PYTHON" ] && find_engine && runs_image; then name=docker why="the project's image is there"
            elif find_python || fetch_python; then :
            elif find_conda; then name=conda why="no suitable Python${rejected:+ ($rejected)}"
            elif find_engine; then name=docker why="no suitable Python${rejected:+ ($rejected)}"
            else no_python
            fi ;;
        *) fail "RUNTIME=$RUNTIME: auto, venv, conda or docker" ;;
    esac
    [ -n "$python" ] || return 0
    name=$version
    if [ "${WITH_TENSORFLOW:-0}" != 0 ]; then
        [ "$version" = 2.7 ] || fail "WITH_TENSORFLOW=1: TensorFlow 2.1.0 is for Python 2.7, and this is $version"
        name=2.7-tensorflow
    fi
}

# Fetches uv from the package registry, and Python 3.11 with it, both checked by hash; sets what find_python sets. Status 1
# if no Python here has pip, or a download fails.
fetch_python() {
    local host problem
    host=$(any_pip) || return
    say "no suitable Python${rejected:+ ($rejected)}: uv will fetch Python 3.11 into .venv/python, about 30 MB, from" \
        "${UV_PYTHON_INSTALL_MIRROR:-its own releases}"
    lock
    if [ "$(cat "$venvs/uv/.complete" 2> /dev/null)" != "$(key uv uv)" ]; then
        rm -rf "$venvs/uv"
        : > "$log"
        problem=$(pip_install uv "$host" --target "$venvs/uv" -r "$root/requirements/uv.txt" 2>&1) ||
            { problem=${problem#setup: error: }; reject "${problem%%; then *}"; return 1; }
        stamp "$venvs/uv/.complete" "$(key uv uv)"
    fi
    "$venvs/uv/bin/uv" python install --no-progress --no-bin --install-dir "$venvs/python" 3.11 > "$log" 2>&1 ||
        { reject "uv could not fetch Python 3.11: $(sed -n 's/^ *cause: //p; s/^error: //p' "$log" | tail -n 1)"; return 1; }
    choose training < <(candidates 3) || return
    why='fetched by uv'
}

no_python() { status=3 fail "no suitable Python${rejected:+ ($rejected)}: $(ways_out)"; }
