#!/bin/sh
# Runs every fuzz target from its seeds, as many at once as there are processors. Works on a stable toolchain: without a
# sanitizer, which safe Rust has little use for, only the coverage flags are needed, and RUSTC_BOOTSTRAP lets them through.
#
#     fuzz/run-short.sh             RUNS (default 20000) inputs each, the same ones every time: a check that can be repeated
#     fuzz/run-short.sh SECONDS     new inputs for that long, on top of what earlier runs found: a search
#     fuzz/run-short.sh --target NAME [SECONDS]    one target, which is built already
#
# Targets of all wire formats (request, response, stream) get that much for each format.
#
# What a search finds belongs into fuzz/seeds, with its repair.
set -eu
cd "$(dirname "$0")/.."
export RUSTC_BOOTSTRAP=1

if [ "${1:-}" != --target ]; then
    if ! cargo fuzz --version >/dev/null 2>&1; then
        CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-fuzz --locked --debug
    fi
    cargo fuzz build --sanitizer none
    # The long ones first, so that none of them is left to run alone. Fails where one of them does.
    # shellcheck disable=SC2086
    { printf '%s\n' request response stream && cargo fuzz list | grep -vxE 'request|response|stream'; } |
        xargs -P "$(getconf _NPROCESSORS_ONLN)" -I @ sh fuzz/run-short.sh --target @ ${1:-}
    exit
fi

target=$2
seconds=${3:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
times=1
case $target in request | response | stream) times=$(grep -c "^    (b'" fuzz/src/lib.rs) ;; esac
if [ -n "$seconds" ]; then
    corpus=fuzz/corpus/$target
    how="-max_total_time=$((seconds * times))"
else
    corpus=$scratch/$target
    how="-runs=$((${RUNS:-20000} * times)) -seed=1"
fi
mkdir -p "$corpus"
# What a target did is hundreds of lines, of interest only where it failed.
# shellcheck disable=SC2086
cargo fuzz run --sanitizer none "$target" "$corpus" "fuzz/seeds/$target" -- \
    $how -max_len=8192 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 >"$scratch/log" 2>&1 ||
    { cat "$scratch/log" && exit 1; }
echo "== $target $how" "$(grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$scratch/log" | tr -s ' \n' ' ')"
