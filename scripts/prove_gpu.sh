#!/bin/bash
# Proves what can be proven about training on a GPU without having one, on Debian or Ubuntu:
#
#     scripts/prove_gpu.sh            both parts
#     scripts/prove_gpu.sh quick      part of the first: two networks, two steps, for CI; no large download
#
# - The graph for a GPU, computed by OpenCL on the processors (pocl) and compared with the CPU's own kernels.
# - CUDA's code path: NVIDIA's own compiler, NVRTC 10.2.89, compiles every kernel, and a driver of this project that does
#   nothing (prove_gpu/driver.c) loads them. NVRTC comes from PyPI's wheel of torch 1.5.1, downloaded once (753 MB) and kept
#   in the cache. NVIDIA's licence for it: docs.nvidia.com/cuda/eula.
#
# If the distribution has no pygpu, or it cannot be installed, the proof is skipped and says why; in CI that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. scripts/tools.sh
cache=$tools/gpu
venvs=$cache log=$tools/gpu.log why='for prove-gpu'
mkdir -p "$cache"

wheel=torch==1.5.1 wheel_sha256=c42658f2982591dc4d0459645c9ab26e0ce18aa7ab0993c27c8bcb1c98931d11
nvrtc_sha256='6b3faf471673304d50d8361960fe4068b4f3a48fcacbaa58edc9153b1e9aa16c  libnvrtc.so.10.2
aa3dc3c938a275525b387af24150492737c8835bd1afe3b81a6ff6e1bd587b98  libnvrtc-builtins.so'

say() { echo "prove-gpu: $*"; }
fail() { echo "prove-gpu: FAILED: $*" >&2; exit 1; }
skip() {
    say "skipped: $*"
    [ -z "${CI:-}" ] || exit 1
    exit 0
}
case ${1:-} in '' | quick) ;; *) echo 'usage: scripts/prove_gpu.sh [quick]' >&2; exit 2 ;; esac

# --- what it needs from the distribution ----------------------------------------------------------------------------------

packages=(python3-pygpu libgpuarray-dev pocl-opencl-icd libclblast-dev python3-dev python3-venv g++)
missing=()
command -v dpkg > /dev/null || skip 'pygpu comes from Debian or Ubuntu, and this is neither'
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} != 0 ]; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    [ "$(id -u)" = 0 ] || sudo -n true 2> /dev/null || skip "apt-get install ${missing[*]} needs root"
    say "installing ${missing[*]}"
    { "${as_root[@]}" apt-get update -q && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -q -y \
        --no-install-recommends "${missing[@]}"; } > "$tools/apt-gpu.log" 2>&1 ||
        skip "apt-get install ${missing[*]}: $(tail -n 1 "$tools/apt-gpu.log"), see $tools/apt-gpu.log"
fi

# --- the project's environment with the distribution's Python and pygpu, but nothing else of it ---------------------------

unset PYTHONPATH PYTHONHOME DEVICE
python=/usr/bin/python3
version=$("$python" -c 'import sys, pygpu; print("%d.%d" % sys.version_info[:2])') || skip "$python has no pygpu"
. scripts/setup/build.sh
build_once "$version" > "$tools/gpu-setup.log"
mkdir -p "$cache/alone"
for package in pygpu mako; do
    ln -sfn "$("$python" -c 'import os, sys; print(os.path.dirname(__import__(sys.argv[1]).__file__))' "$package")" \
        "$cache/alone/$package"
done
python=$cache/$version/bin/python
export PYTHONPATH=$cache/alone POCL_CACHE_DIR=$tools/pocl      # for what pocl compiles
mkdir -p "$POCL_CACHE_DIR"
say "Python $version, pygpu $("$python" -c 'import pygpu; print(pygpu.__version__)'), $(dpkg-query -W -f 'pocl ${Version}' pocl-opencl-icd)"

if [ "${1:-}" = quick ]; then
    "$python" -m scripts.prove_gpu.opencl --quick || fail 'OpenCL differs from the CPU'
    say 'passed: two networks by OpenCL; make prove-gpu also runs the others, and CUDA'\''s code path'
    exit
fi

# --- NVRTC, the driver, cuBLAS ----------------------------------------------------------------------------------------------

cuda=$cache/cuda
mkdir -p "$cuda"
has_nvrtc() { (cd "$cuda" && sha256sum --status --check <<< "$nvrtc_sha256") 2> /dev/null; }
fetch_nvrtc() {
    local work problem=
    [ "$(df --output=avail -B 1000000 "$cuda" | tail -n 1)" -gt 1600 ] || { echo 'less than 1.6 GB of disk left'; return 1; }
    work=$(mktemp -d "$cache/wheel.XXXXXX")
    echo "$wheel --hash=sha256:$wheel_sha256" > "$work/lock"
    if ! "$python" -m pip --disable-pip-version-check download -q --no-cache-dir --no-deps --require-hashes --only-binary=:all: \
            --python-version 3.8 --implementation cp --abi cp38 --platform manylinux1_x86_64 -d "$work" -r "$work/lock" \
            > "$tools/nvrtc.log" 2>&1; then
        problem="$wheel cannot be fetched: $(tail -n 1 "$tools/nvrtc.log")"
    else
        "$python" - "$work"/*.whl "$cuda" <<'PYTHON'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith('torch/lib/libnvrtc'):
            kept = 'libnvrtc-builtins.so' if 'builtins' in name else 'libnvrtc.so.10.2'
            with open(os.path.join(sys.argv[2], kept), 'wb') as handle:
                handle.write(wheel.read(name))
PYTHON
    fi
    rm -rf "$work"
    [ -z "$problem" ] || { echo "$problem"; return 1; }
    has_nvrtc || { echo "$wheel does not have the pinned NVRTC"; return 1; }
}
if ! has_nvrtc; then
    say 'fetching NVRTC 10.2.89, once: 753 MB, of which 27 MB are kept'
    problem=$(fetch_nvrtc) || { "$python" -m scripts.prove_gpu.opencl; skip "CUDA's code path: $problem"; }
fi
ln -sfn libnvrtc.so.10.2 "$cuda/libnvrtc.so"
for library in driver:cuda cublas:cublas; do
    gcc -shared -fPIC -O -o "$cuda/lib${library#*:}.so" "scripts/prove_gpu/${library%:*}.c" || fail "$library does not compile"
done

# --- the proofs --------------------------------------------------------------------------------------------------------------

failed=()
say 'the graph for a GPU, by OpenCL'
"$python" -m scripts.prove_gpu.opencl || failed+=('OpenCL')
say "CUDA's code path, on a driver that does nothing"
LD_LIBRARY_PATH=$cuda "$python" -m scripts.prove_gpu.cuda || failed+=('CUDA')
[ ${#failed[@]} = 0 ] || fail "${failed[*]}"
say 'passed'
