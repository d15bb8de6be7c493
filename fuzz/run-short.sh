#!/bin/sh
# Runs every fuzz target for SECONDS (default 5) from its seeds. Works on a stable toolchain: without a sanitizer,
# which safe Rust has little use for, only the coverage flags are needed, and RUSTC_BOOTSTRAP lets them through.
set -eu
seconds=${1:-5}
cd "$(dirname "$0")/.."
export RUSTC_BOOTSTRAP=1
if ! cargo fuzz --version >/dev/null 2>&1; then
    CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-fuzz --locked --debug
fi
cargo fuzz build --sanitizer none
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in $(cargo fuzz list); do
    mkdir -p "fuzz/corpus/$target"
    echo "== $target for ${seconds} s"
    # What a target did is hundreds of lines, of interest only where it failed.
    cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 >"$log" 2>&1 ||
        { cat "$log" && exit 1; }
    grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$log"
done
