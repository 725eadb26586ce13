#!/bin/bash
# Removes CUDA's compiler and libraries from a conda environment, so that the system's are loaded: conda's libgpuarray and
# Python look in their own folder first. TensorFlow's GPU build then computes on the CPU; nothing here uses it.
#
#     docker/conda_cuda.sh ENVIRONMENT KEEP nvidia|conda
#
# nvidia: removes cuDNN too, because NVIDIA's own package replaces it. conda: moves cuDNN to KEEP/include and KEEP/lib, to
# be copied to where the system finds it, such as /usr/local.
set -euo pipefail
fail() { echo "conda_cuda: error: $*" >&2; exit 1; }
[ $# = 3 ] || fail 'usage: ENVIRONMENT KEEP nvidia|conda'
environment=$1 keep=$2 cudnn=$3
[ -d "$environment/lib" ] || fail "$environment is not a conda environment"
mkdir -p "$keep/include" "$keep/lib"
case $cudnn in
    nvidia) rm -f "$environment/include/cudnn.h" "$environment"/lib/libcudnn* ;;
    conda)
        [ -e "$environment/include/cudnn.h" ] || fail "there is no cudnn.h in $environment"
        mv "$environment/include/cudnn.h" "$keep/include"
        mv "$environment"/lib/libcudnn* "$keep/lib" ;;
    *) fail "CUDNN=$cudnn: nvidia or conda" ;;
esac
rm -f "$environment"/lib/libnvrtc* "$environment"/lib/libcublas*
