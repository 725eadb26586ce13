#!/bin/bash
# Takes CUDA's compiler and libraries out of a conda environment, so that what the system has is loaded: conda's libgpuarray
# and Python look beside themselves first. TensorFlow's GPU build then computes on the CPU, and nothing here uses it.
#
#     docker/conda_cuda.sh ENVIRONMENT KEEP nvidia|conda
#
# nvidia: cuDNN goes too, for NVIDIA's own package takes its place. conda: it is moved to KEEP/include and KEEP/lib, with
# which it is found wherever they are copied to, as /usr/local.
set -euo pipefail
fail() { echo "conda_cuda: error: $*" >&2; exit 1; }
[ $# = 3 ] || fail 'ENVIRONMENT KEEP nvidia|conda'
environment=$1 keep=$2 cudnn=$3
[ -d "$environment/lib" ] || fail "$environment is no conda environment"
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
