"""Message streams by chance, accumulated by anthropic's own streams and by ours; prints what differs, as JSON."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from types import SimpleNamespace
from typing import Any

import sdks
from anthropic import _types
from anthropic.lib.streaming import AsyncMessageStream, BetaAsyncMessageStream, BetaMessageStream, MessageStream
from compared import difference, outcome

from ferrule.sdk_objects import message_snapshots

MESSAGE = (
    '{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,'
    '"usage":{"input_tokens":3,"output_tokens":1}}'
)
BLOCKS = [
    {"type": "text", "text": ""},
    {"type": "text", "text": "", "citations": None},
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    {"type": "redacted_thinking", "data": "x"},
    {"type": "unknown"},
]
DELTAS = {
    "text": [{"type": "text_delta", "text": text} for text in ("", "Hel", "lo, wörld", " 😀")],
    "thinking": [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "s"}],
    "tool_use": [{"type": "input_json_delta", "partial_json": part} for part in ("", '{"a"', ": [1, ", "2]}", "?")],
}
ODD = [
    {"type": "text_delta", "text": 7},
    {"type": "text_delta"},
    {"type": "thinking_delta", "thinking": None},
    {"type": "x"},
]


def events(chance: random.Random) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"type": "message_start", "message": json.loads(MESSAGE)}]
    if chance.random() < 0.05:
        made.insert(0, {"type": "ping"})
    for index in range(chance.randint(0, 3)):
        block = chance.choice(BLOCKS)
        made.append({"type": "content_block_start", "index": index, "content_block": block})
        for _ in range(chance.randint(0, 6)):
            deltas = DELTAS.get(block["type"], DELTAS["text"])
            delta = chance.choice(ODD if chance.random() < 0.03 else deltas)
            at = chance.choice([-1, 7, "0"]) if chance.random() < 0.02 else index
            made.append({"type": "content_block_delta", "index": at, "delta": delta})
        made.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    made += [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]
    return made[: chance.randint(1, len(made))] if chance.random() < 0.2 else made


class Raw:
    """Stands for the SDK's `Stream`."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.response = SimpleNamespace(request=SimpleNamespace(headers={}))

    def __iter__(self) -> Any:
        yield from self.items

    async def __aiter__(self) -> Any:
        for item in self.items:
            yield item


def with_snapshot(stream: Any, event: Any) -> Any:
    return copy.deepcopy([event, stream.current_message_snapshot])


def read(stream: Any) -> list[Any]:
    """Every event with the snapshot of that moment, then how it ended."""
    found: list[Any] = []
    ended = outcome(lambda: found.extend(with_snapshot(stream, event) for event in stream))
    return [*found, list(ended), list(outcome(lambda: stream.current_message_snapshot))]


def read_asynchronously(stream: Any) -> list[Any]:
    found: list[Any] = []

    async def end() -> None:
        found.extend([with_snapshot(stream, event) async for event in stream])

    ended = outcome(lambda: asyncio.run(end()))
    return [*found, list(ended), list(outcome(lambda: stream.current_message_snapshot))]


def counted() -> list[Any]:
    """What our own code makes of pieces, from now on."""
    made: list[Any] = []
    of_piece = message_snapshots._Pieces._of_piece

    def count(pieces: Any, event: Any) -> Any:
        if found := of_piece(pieces, event):
            made.append(found)
        return found

    message_snapshots._Pieces._of_piece = count
    return made


def main() -> None:
    sdk = sdks.installed()
    chance = random.Random(5)
    found: list[str] = []
    streams = [
        (MessageStream, read, "RawMessageStreamEvent"),
        (AsyncMessageStream, read_asynchronously, "RawMessageStreamEvent"),
        (BetaMessageStream, read, "BetaRawMessageStreamEvent"),
        (BetaAsyncMessageStream, read_asynchronously, "BetaRawMessageStreamEvent"),
    ]
    count = 0
    fast = counted()
    for number in range(600):
        class_, reads, name = streams[number % 4]
        bodies = events(chance)
        results = []
        for is_fast in (True, False):
            items = [sdk.construct_type(type_=sdk.types[name], value=copy.deepcopy(body)) for body in bodies]
            stream = class_(Raw(items), output_format=_types.not_given)
            before = stream._iterator
            if is_fast:
                message_snapshots.accelerate(stream)
                assert stream._iterator is not before, "the SDK's stream is not as expected"
            results.append(reads(stream))
        count += len(bodies)
        if different := difference(*results):
            found.append(f"{number} {name}: {different} of {bodies}")
    print(json.dumps({"events": count, "fast": len(fast), "differences": len(found), "first": found[:5]}))


if __name__ == "__main__":
    main()
