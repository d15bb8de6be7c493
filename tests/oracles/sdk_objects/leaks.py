"""Builds and drops many objects, also on several threads; prints what memory and references were left, as JSON.

PYTHONPATH=python .venv-oracle-openai-3/bin/python tests/oracles/sdk_objects/leaks.py 50000
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import sdks
from compared import difference
from transcripts import MORE

from ferrule.sdk_objects import builder_for

STREAMED = {"openai": "ChatCompletionChunk", "anthropic": "RawMessageStreamEvent"}


def resident() -> int:
    """Kilobytes."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def main(count: int) -> None:
    sdk = sdks.installed()
    name = STREAMED[sdk.name]
    builder = builder_for(sdk.types[name], construct_type=sdk.construct_type)
    texts = [text.encode() for text in MORE[name]] + [
        b'{"type":"unknown","choices":"none"}',
        b'{"choices":[{"delta":7}]}',
    ]
    classes = {type(builder.build(text)) for text in texts}

    def build(times: int) -> None:
        for number in range(times):
            builder.build(texts[number % len(texts)])

    build(5000)
    gc.collect()
    shared = [None, True, "chat.completion.chunk", *classes, *(class_.__dict__ for class_ in classes)]
    references, memory, objects = [sys.getrefcount(each) for each in shared], resident(), len(gc.get_objects())
    build(count)
    gc.collect()
    after = [sys.getrefcount(each) for each in shared]
    result: dict[str, Any] = {
        "memory_kb": resident() - memory,
        "objects": len(gc.get_objects()) - objects,
        "references": max(abs(one - other) for one, other in zip(after, references, strict=True)),
        "cycles": collected_cycles(builder, texts[0]),
        "threads": wrong_on_threads(builder, texts),
    }
    print(json.dumps(result))


def collected_cycles(builder: Any, text: bytes) -> bool:
    """Whether the collector finds an object that refers to itself."""
    it = builder.build(text)
    it.itself = it
    gone = weakref.ref(it)
    del it
    gc.collect()
    return gone() is None


def wrong_on_threads(builder: Any, texts: list[bytes]) -> int:
    """Objects that differ when eight threads build them with one builder."""
    expected = [builder.build(text) for text in texts]
    wrong: list[str] = []

    def check() -> None:
        for number in range(500):
            at = number % len(texts)
            if found := difference(builder.build(texts[at]), expected[at]):
                wrong.append(found)

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(wrong)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
