#!/bin/sh
# Names what is missing on this machine, and how to get it.
#
#     tools/require.sh python    prints the path of a Python to make the environment with
#     tools/require.sh rust      cargo, of the version Cargo.toml asks for, and a linker
#     tools/require.sh lint      rustfmt and clippy
#     tools/require.sh targets   what `make check-targets` compiles for, and a C compiler for Windows
#     tools/require.sh wheels    what `make wheels` compiles for
set -eu

missing() {
    printf '\nmissing: %s\n' "$1" >&2
    shift
    printf '  %s\n' "$@" >&2
    printf '\n' >&2
    exit 1
}

python() {
    for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        path=$(command -v "$candidate" 2>/dev/null) || continue
        "$path" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue
        "$path" -c 'import ensurepip, venv' 2>/dev/null || missing "the venv module of $path" \
            "Debian, Ubuntu: apt-get install python3-venv"
        echo "$path"
        return
    done
    missing "Python 3.10 or newer (looked for python3, python3.10 to python3.14)" \
        "Debian, Ubuntu: apt-get install python3 python3-venv" \
        "macOS:          brew install python" \
        "elsewhere:      https://www.python.org/downloads/" \
        "or say which:   make PYTHON=/path/to/python3 ..."
}

rust() {
    command -v cargo >/dev/null 2>&1 || missing "a Rust toolchain (cargo)" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" "or see https://rustup.rs"
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(rustc --version | cut -d' ' -f2)
    oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort -t. -k1,1n -k2,2n | head -n 1)
    [ "$oldest" = "$wanted" ] || missing "Rust $wanted or newer (this is $found)" "rustup update stable"
    command -v "${CC:-cc}" >/dev/null 2>&1 || missing "a C compiler and linker (cc)" \
        "Debian, Ubuntu: apt-get install build-essential" \
        "Fedora:         dnf install gcc" \
        "macOS:          xcode-select --install"
}

lint() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 ||
        missing "rustfmt and clippy" "rustup component add rustfmt clippy"
}

# Standard libraries of Rust for other targets. A toolchain that rustup does not manage may have them all the same.
standard_libraries() {
    rust
    for target in "$@"; do
        [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] ||
            missing "Rust's standard library for $target" "rustup target add $*"
    done
}

targets() {
    standard_libraries x86_64-pc-windows-gnu wasm32-unknown-unknown
    command -v x86_64-w64-mingw32-gcc >/dev/null 2>&1 || missing "a C compiler for Windows (x86_64-w64-mingw32-gcc)" \
        "Debian, Ubuntu: apt-get install gcc-mingw-w64-x86-64" \
        "Fedora:         dnf install mingw64-gcc" \
        "macOS:          brew install mingw-w64"
}

wheels() {
    standard_libraries aarch64-unknown-linux-gnu aarch64-unknown-linux-musl x86_64-unknown-linux-musl
}

case ${1:-} in
python | rust | lint | targets | wheels) "$1" ;;
*) echo "usage: tools/require.sh python|rust|lint|targets|wheels" >&2 && exit 2 ;;
esac
