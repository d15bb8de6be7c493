#!/bin/sh
# Runs a command, and shows what it printed only if it failed.
set -eu

output=$(mktemp)
trap 'rm -f "$output"' EXIT
if "$@" >"$output" 2>&1; then
    exit 0
else
    code=$?
    cat "$output" >&2
    printf '\nfailed: %s\n' "$*" >&2
    exit "$code"
fi
