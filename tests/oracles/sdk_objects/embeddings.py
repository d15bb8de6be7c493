"""Embeddings that came as base64: the SDK's own parser against our builder; prints what differs, as JSON."""

from __future__ import annotations

import base64
import json
import random
import struct
from typing import Any

import sdks
from compared import difference, outcome
from openai import OpenAI

from ferrule.sdk_objects import builder_for

BODY = '{"object":"list","data":%s,"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}'


def encoded(random: random.Random, count: int) -> str:
    floats = [
        random.choice([random.gauss(0, 0.05), 0.0, -0.0, 1.0, 1e-40, float("inf"), float("nan")]) for _ in range(count)
    ]
    return base64.b64encode(struct.pack(f"<{count}f", *floats)).decode()


def body(random: random.Random) -> bytes:
    texts = [encoded(random, random.choice([1, 2, 3, 16, 1536])) for _ in range(random.randint(1, 3))]
    # What Python's decoder reads all the same, or refuses.
    odd = random.choice(["", "", "", "\n", "=", "*", "AAA"])
    vectors = [text + odd if random.random() < 0.3 else text for text in texts] + random.choice([[], [[0.5, 1]], [""]])
    data = [{"object": "embedding", "embedding": each, "index": at} for at, each in enumerate(vectors)]
    return (BODY % json.dumps(data)).encode()


def parsers() -> Any:
    """The function that `embeddings.create` gives to `post` as its parser."""
    caught: list[Any] = []
    client = OpenAI(api_key="sk-test")
    client.embeddings._post = lambda *_, options, **__: caught.append(options["post_parser"])
    client.embeddings.create(model="m", input="a")
    return caught[0]


def main() -> None:
    sdk = sdks.installed()
    type_ = sdk.types["CreateEmbeddingResponse"]
    builder = builder_for(type_, construct_type=sdk.construct_type)
    parse = parsers()
    chance = random.Random(3)
    found: list[str] = []
    for _ in range(400):
        data = body(chance)
        outcomes = [
            outcome(lambda data=data: parse(builder.build(data, base64_floats=True))),
            outcome(lambda data=data: parse(sdk.construct_type(type_=type_, value=json.loads(data)))),
        ]
        if different := difference(*map(list, outcomes)):
            found.append(f"{different} in {data!r:.500}")
    print(json.dumps({"differences": len(found), "first": found[:5]}))


if __name__ == "__main__":
    main()
