#!/bin/bash
# The whole journey of two networks on scikit-learn's digits, which need no download: make demo.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where it writes and what it runs on are the caller's choice, the rest is the demo's.
export DATASET=digits WB=1 AB=1 OUT=${OUT:-runs} NET EPOCHS TRAIN_SIZE
unset DATA_DIR SEED RESUME INIT RECIPE MIRRORED

NET=lfc EPOCHS=${DEMO_LFC_EPOCHS:-10} TRAIN_SIZE= make --no-print-directory all
NET=cnv EPOCHS=${DEMO_CNV_EPOCHS:-3} TRAIN_SIZE=${DEMO_CNV_TRAIN_SIZE:-1500} make --no-print-directory all

echo
echo 'Two networks are trained, and their parameters ready for the board:'
for run in "$OUT"/digits-lfcW1A1 "$OUT"/digits-cnvW1A1; do
    name=${run##*-}
    echo "  $run/"
    echo "    digits-1w-1a.npz      the trained parameters; train.log tells how it went"
    echo "    report.html           all of it on one page, for a browser"
    echo "    $name/              what the $name overlay loads: $(ls "$run/$name" | wc -l) files"
done
echo "Next: make train NET=cnv WB=1 AB=2 (CIFAR-10); make help lists the rest."
