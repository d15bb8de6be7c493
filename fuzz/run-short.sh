#!/bin/sh
# Runs every fuzz target from its seeds. Works on a stable toolchain: without a sanitizer, which safe Rust has little use
# for, only the coverage flags are needed, and RUSTC_BOOTSTRAP lets them through.
#
#     fuzz/run-short.sh             RUNS (default 20000) inputs each, the same ones every time: a check that can be repeated
#     fuzz/run-short.sh SECONDS     new inputs for that long, on top of what earlier runs found: a search
#
# Targets of all wire formats (request, response, stream) get that much for each format.
#
# What a search finds belongs into fuzz/seeds, with its repair.
set -eu
seconds=${1:-}
cd "$(dirname "$0")/.."
export RUSTC_BOOTSTRAP=1
if ! cargo fuzz --version >/dev/null 2>&1; then
    CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-fuzz --locked --debug
fi
cargo fuzz build --sanitizer none
dialects=$(grep -c "^    (b'" fuzz/src/lib.rs)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for target in $(cargo fuzz list); do
    times=1
    case $target in request | response | stream) times=$dialects ;; esac
    if [ -n "$seconds" ]; then
        corpus=fuzz/corpus/$target
        how="-max_total_time=$((seconds * times))"
    else
        corpus=$scratch/$target
        how="-runs=$((${RUNS:-20000} * times)) -seed=1"
    fi
    mkdir -p "$corpus"
    echo "== $target $how"
    # What a target did is hundreds of lines, of interest only where it failed.
    # shellcheck disable=SC2086
    cargo fuzz run --sanitizer none "$target" "$corpus" "fuzz/seeds/$target" -- \
        $how -max_len=8192 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 >"$scratch/log" 2>&1 ||
        { cat "$scratch/log" && exit 1; }
    grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$scratch/log"
done
