"""Packs OpenAI's vocabularies for crates/tokens: `python tools/vocabularies.py DIRECTORY` of `<name>.tiktoken` files.

The files are what OpenAI publishes for tiktoken (MIT), a line `base64 rank` for each token; the package of the crate
tiktoken-rs has them under `assets/`. Ours has the tokens in the order of their ranks, each after a byte that says how
long it is, deflated. It is made once: vocabularies do not change.
"""

from __future__ import annotations

import base64
import sys
import zlib
from pathlib import Path

TARGET = Path(__file__).parent.parent / "crates/tokens/data"


def pack(text: str) -> bytes:
    """The packed vocabulary. The ranks are those of the lines, without a gap; a token has at most 255 bytes."""
    packed = bytearray()
    for expected, line in enumerate(text.splitlines()):
        token, rank = line.split(" ")
        if int(rank) != expected:
            raise ValueError(f"rank {expected} is missing")
        raw = base64.b64decode(token, validate=True)
        packed += bytes([len(raw)]) + raw
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(packed) + deflate.flush()


def main() -> None:
    """Packs both."""
    for name in ("cl100k_base", "o200k_base"):
        packed = pack((Path(sys.argv[1]) / f"{name}.tiktoken").read_text("ascii"))
        (TARGET / f"{name}.deflate").write_bytes(packed)
        print(f"{name}: {len(packed)} bytes")


if __name__ == "__main__":
    main()
