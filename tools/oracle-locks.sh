#!/bin/sh
# Renews the oracles' lock files: tests/oracles/locks/<name>.txt from tests/oracles/requirements/<name>.txt, for every
# platform and Python from 3.10 on, or from the one that a line `# python 3.11` names.
#
#     tools/oracle-locks.sh [NAME...]    these; all by default
set -eu
cd "$(dirname "$0")/../tests/oracles"
export UV_SYSTEM_CERTS=true
[ $# -gt 0 ] || set -- $(for file in requirements/*; do basename "${file%.*}"; done)
for name in "$@"; do
    if [ -f "requirements/$name.json" ]; then
        folder=$(mktemp -d)
        cp "requirements/$name.json" "$folder/package.json"
        (cd "$folder" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error)
        mv "$folder/package-lock.json" "locks/$name.json"
        rm -r "$folder"
        echo "locks/$name.json: $(grep -c '"integrity"' "locks/$name.json") packages"
        continue
    fi
    oldest=$(sed -n 's/^# python //p' "requirements/$name.txt")
    ../../.venv/bin/python -m uv pip compile --quiet --upgrade --universal --generate-hashes --no-header \
        --python-version "${oldest:-3.10}" --output-file "locks/$name.txt" "requirements/$name.txt"
    echo "locks/$name.txt: $(grep -c '==' "locks/$name.txt") packages"
done
