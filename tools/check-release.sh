#!/bin/sh
# Whether this tree may be published under a tag: the tag is the version, and the changelog has a dated section of it.
#
#     tools/check-release.sh v0.1.0
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if [ "$1" != "v$version" ]; then
    echo "the tag is $1, the version in Cargo.toml $version" >&2
    exit 1
fi
if ! grep -F "## [$version] - " CHANGELOG.md | grep -Eq -- '- [0-9]{4}-[0-9]{2}-[0-9]{2}$'; then
    echo "CHANGELOG.md has no dated section of $version" >&2
    exit 1
fi
