#!/bin/bash
# Runs make all for two networks on scikit-learn's digits, which need no download: make demo.
set -euo pipefail
cd "$(dirname "$0")/.."

# The caller chooses where it writes and what it runs on, the demo everything else.
while read -r name; do
    case $name in OUT | DEVICE | RUNTIME | PYTHON | WITH_TENSORFLOW) ;; *) unset "$name" ;; esac
done < <(sed -n 's/^\([A-Z_]*\) *|.*/\1/p' common/options.txt)
unset BNN_GIVEN BNN_GOALS
export OUT=${OUT:-runs}

# RECIPE=best: with the original recipe, so short a training of LFC loses some 15 points on the board.
scripts/target.sh all DATASET=digits RECIPE=best NET=lfc "EPOCHS=${DEMO_LFC_EPOCHS:-10}"
scripts/target.sh all DATASET=digits RECIPE=best NET=cnv "EPOCHS=${DEMO_CNV_EPOCHS:-3}" "TRAIN_SIZE=${DEMO_CNV_TRAIN_SIZE:-1500}"

echo
echo 'Two networks are trained, and their parameters are ready for the board:'
for run in "$OUT"/digits-lfcW1A1 "$OUT"/digits-cnvW1A1; do
    name=${run##*-}
    echo "  $run/"
    echo "    digits-1w-1a.npz      the trained parameters; train.log has the epochs"
    echo "    report.html           the whole run on one page, for a browser"
    echo "    digits-$name.html   a page that runs the network: draw, or drop a picture"
    echo "    $name/              what the $name overlay loads: $(find "$run/$name" -mindepth 1 -maxdepth 1 | wc -l) files"
done
echo "Next: make train NET=cnv WB=1 AB=2 (CIFAR-10); make help lists the rest."
