#!/usr/bin/env bash
# The steps of `make check` and .ci/run, the most telling first. Each is a make target of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

timings=()
step() {
    local start=$SECONDS
    printf '\n=== make %s (%d s so far)\n' "$1" "$start"
    make --no-print-directory "$1"
    timings+=("$((SECONDS - start)) s	make $1")
}

for target in lint types docs demo test deny check-targets fuzz wheel; do
    step "$target"
done
printf '\n=== took\n'
printf '%s\n' "${timings[@]}"
# Last, so that the log ends with a summary of tests.
step test-release
