#!/usr/bin/env bash
# Calls the aarch64 wheel that `make wheels` built, on another processor: Debian's Python for arm64 under its qemu-user.
# For Debian and Ubuntu, as root; what it fetches and unpacks is in target/aarch64-python.
#
#     tools/call-aarch64-wheel.sh
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$(echo "$PWD"/dist/wheels/*manylinux*_aarch64*.whl)
[ -f "$wheel" ] || { echo "there is no wheel for aarch64: run \`make wheels\`" >&2 && exit 1; }

command -v qemu-aarch64 >/dev/null || apt-get install --quiet --yes --no-install-recommends qemu-user
folder=$PWD/target/aarch64-python
if [ ! -x "$folder/root/usr/bin/python3" ]; then
    mkdir -p "$folder/root"
    dpkg --add-architecture arm64
    apt-get update --quiet
    python=$(apt-cache depends python3-minimal:arm64 | sed -n 's/.*Depends: \(python3\.[0-9]*-minimal\).*/\1/p' | head -n 1)
    version=${python%-minimal}
    # A Python and the libraries that its modules link against, without installing any of it here.
    packages=("$version-minimal" "lib$version-minimal" "lib$version-stdlib" libc6 libgcc-s1 zlib1g libexpat1 libffi8 libssl3
        libbz2-1.0 liblzma5 libuuid1 libcrypt1)
    (cd "$folder" && apt-get download --quiet "${packages[@]/%/:arm64}")
    dpkg --remove-architecture arm64
    for package in "$folder"/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
    ln -s "$version" "$folder/root/usr/bin/python3"
fi
site=$folder/root/usr/lib/python3/dist-packages
rm -rf "$site" && mkdir -p "$site"
python3 -m zipfile --extract "$wheel" "$site"
qemu-aarch64 -L "$folder/root" "$folder/root/usr/bin/python3" tests/package/wheel_call.py
