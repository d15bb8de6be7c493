"""Layers of ferrule-wire: each file imports only from its own layer and from those before it.

python tools/wire_layers.py     # exit 1 where a file imports from a later layer
"""

from __future__ import annotations

import sys

from file_circles import ROOT, edges_of

SOURCE = "crates/wire/src/"
# From the bottom up. A file belongs to the longest name that its own begins with.
LAYERS = [
    "json/",
    "model/",
    "framing/",
    "error/",
    "rate_limits",
    "breaker/",
    "request_schema/",
    # Their names, which rows of the provider table say.
    "operation/kind.rs",
    "quirks/feature.rs",
    "quirks/flags.rs",
    "encode.rs",
    "schema/",
    "operation/",
    "options/",
    "response_headers.rs",
    "dialect/server_half.rs",
    "dialect/mod.rs",
    "quirks/",
    "prefill.rs",
    "dialect/shared/",
    "dialect/",
    "dialect/registry.rs",
    "base_url.rs",
    "dialect/message_dicts.rs",
    "providers.rs",
    "server/",
]
# The root declares the modules.
LEFT_OUT = {"lib.rs"}


def layer(file: str) -> int:
    """The place of a file's layer; one in no layer is an error, so that a new module is given its place."""
    name = file.removeprefix(SOURCE)
    found = [prefix for prefix in LAYERS if name.startswith(prefix)]
    if not found:
        raise SystemExit(f"{file} is in no layer; give it one in tools/wire_layers.py")
    return LAYERS.index(max(found, key=len))


def violations() -> list[str]:
    """Every import from a later layer."""
    edges = edges_of(ROOT / "crates/wire")
    return [
        f"{file} imports from {target}: {LAYERS[layer(file)]} stands before {LAYERS[layer(target)]}"
        for file, targets in sorted(edges.items())
        if file.removeprefix(SOURCE) not in LEFT_OUT
        for target in sorted(targets)
        if layer(target) > layer(file)
    ]


def main() -> int:
    found = violations()
    print("\n".join([*found, f"{len(found)} imports from a later layer"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
