#!/bin/sh
# Lists a Makefile's targets, each with what follows '##' on its line, and the variables on lines that begin with '##'.
echo 'make TARGET [VARIABLE=value ...]'
awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $1, $2 }' "$1"
echo 'Variables:'
sed -n 's/^## /  /p' "$1"
