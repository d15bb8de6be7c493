#!/bin/sh
# Runs every fuzz target for SECONDS (default 5) from its seeds. Works on a stable toolchain: without a sanitizer,
# which safe Rust has little use for, only the coverage flags are needed, and RUSTC_BOOTSTRAP lets them through.
set -eu
seconds=${1:-5}
cd "$(dirname "$0")/.."
export RUSTC_BOOTSTRAP=1
if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install cargo-fuzz --locked
fi
cargo fuzz build --sanitizer none
for target in $(cargo fuzz list); do
    mkdir -p "fuzz/corpus/$target"
    echo "== $target for ${seconds} s"
    cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=1024 -timeout=10 -verbosity=0 -print_final_stats=1
done
