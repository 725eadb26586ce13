#!/bin/bash
# The whole journey of two networks on scikit-learn's digits, which need no download: make demo.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where it writes and what it runs on are the caller's choice, the rest is the demo's.
while read -r name; do
    case $name in OUT | DEVICE | RUNTIME | PYTHON | WITH_TENSORFLOW) ;; *) unset "$name" ;; esac
done < <(sed -n 's/^\([A-Z_]*\) *|.*/\1/p' common/options.txt)
unset BNN_GIVEN BNN_GOALS
export OUT=${OUT:-runs}

# RECIPE=best: so short a training of LFC by the original recipe would lose some 15 points on the board.
scripts/target.sh all DATASET=digits RECIPE=best NET=lfc "EPOCHS=${DEMO_LFC_EPOCHS:-10}"
scripts/target.sh all DATASET=digits RECIPE=best NET=cnv "EPOCHS=${DEMO_CNV_EPOCHS:-3}" "TRAIN_SIZE=${DEMO_CNV_TRAIN_SIZE:-1500}"

echo
echo 'Two networks are trained, and their parameters ready for the board:'
for run in "$OUT"/digits-lfcW1A1 "$OUT"/digits-cnvW1A1; do
    name=${run##*-}
    echo "  $run/"
    echo "    digits-1w-1a.npz      the trained parameters; train.log tells how it went"
    echo "    report.html           all of it on one page, for a browser"
    echo "    digits-$name.html  the network itself in a page: draw, or give it a picture"
    echo "    $name/              what the $name overlay loads: $(find "$run/$name" -mindepth 1 -maxdepth 1 | wc -l) files"
done
echo "Next: make train NET=cnv WB=1 AB=2 (CIFAR-10); make help lists the rest."
