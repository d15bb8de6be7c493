"""Time per object, from bytes: our builder against the SDK; prints microseconds and ratios. Not a test.

PYTHONPATH=python .venv-oracle-openai-3/bin/python tests/oracles/sdk_objects/measure.py
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any

import sdks
from transcripts import MORE

from ferrule.sdk_objects import builder_for

if TYPE_CHECKING:
    from collections.abc import Callable


def best(build: Callable[[bytes], Any], data: bytes, seconds: float = 0.15) -> float:
    """Seconds of CPU, the best of five rounds."""
    build(data)
    begun = time.process_time()
    build(data)
    times = max(1, int(seconds / max(time.process_time() - begun, 1e-6)))
    rounds = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            build(data)
        rounds.append((time.process_time() - begun) / times)
    return min(rounds)


def main() -> None:
    sdk = sdks.installed()
    texts = {name: list(MORE.get(name, [])) for name in sdk.types}
    if sdk.name == "openai":
        vector = [random.Random(1).gauss(0, 0.03) for _ in range(1536)]
        body = json.loads(texts["CreateEmbeddingResponse"][0])
        body["data"][0]["embedding"] = vector
        texts["CreateEmbeddingResponse"].append(json.dumps(body))
    for name, type_ in sdk.types.items():
        builder = builder_for(type_, construct_type=sdk.construct_type)
        for text in texts[name]:
            data = text.encode()
            theirs = best(lambda data, type_=type_: sdk.construct_type(type_=type_, value=json.loads(data)), data)
            ours = best(builder.build, data)
            row = f"{name:26} {len(data):6} bytes  SDK {theirs * 1e6:8.1f} us  ours {ours * 1e6:7.2f} us"
            print(f"{row}  {theirs / ours:5.1f} x  {text[:60]}", file=sys.stdout)


if __name__ == "__main__":
    main()
