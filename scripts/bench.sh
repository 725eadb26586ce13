#!/bin/bash
# Measures the speed of each component: scripts/bench.sh [option of bench/training.py ...]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/in_env.sh python bench/training.py "$@"
scripts/in_env.sh python bench/simulator.py
scripts/in_env.sh python bench/exported.py
scripts/in_env.sh python bench/weights_gen.py
