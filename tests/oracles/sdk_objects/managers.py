"""Streams that managers of the SDKs' helpers open, accelerated and not; prints what differs, as JSON."""

from __future__ import annotations

import asyncio
import copy
import importlib
import json
from types import SimpleNamespace
from typing import Any

import sdks
from compared import difference
from transcripts import MORE

from ferrule.sdk_objects.stream_managers import accelerated


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

    async def __aenter__(self) -> Any:
        return self

    def __await__(self) -> Any:
        """As the coroutine of an asynchronous request."""
        yield from ()
        return self


def managers(sdk: sdks.Sdk, raw: Any) -> dict[str, Any]:
    if sdk.name == "anthropic":
        streaming = importlib.import_module("anthropic.lib.streaming")
        nothing = importlib.import_module("anthropic").NOT_GIVEN
        return {
            "MessageStreamManager": streaming.MessageStreamManager(lambda: raw, output_format=nothing),
            "AsyncMessageStreamManager": streaming.AsyncMessageStreamManager(raw, output_format=nothing),
        }
    chat = importlib.import_module("openai.lib.streaming.chat")
    omit = importlib.import_module("openai").omit
    options = {"response_format": omit, "input_tools": omit}
    return {
        "ChatCompletionStreamManager": chat.ChatCompletionStreamManager(lambda: raw, **options),
        "AsyncChatCompletionStreamManager": chat.AsyncChatCompletionStreamManager(raw, **options),
    }


def texts(sdk: sdks.Sdk) -> list[Any]:
    if sdk.name == "anthropic":
        start, delta = json.loads(MORE["RawMessageStreamEvent"][0]), json.loads(MORE["RawMessageStreamEvent"][1])
        start["message"]["content"] = []
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        return [start, block, delta, delta, delta]
    first, then = (json.loads(MORE["ChatCompletionChunk"][number]) for number in (0, 1))
    return [first, then, then, then]


def read(manager: Any) -> Any:
    with manager as stream:
        return was_accelerated(stream), [copy.deepcopy(event) for event in stream]


async def read_asynchronously(manager: Any) -> Any:
    async with manager as stream:
        return was_accelerated(stream), [copy.deepcopy(event) async for event in stream]


def was_accelerated(stream: Any) -> bool:
    state = getattr(stream, "_state", None)
    return "handle_chunk" in vars(state) if state else "_Pieces" in stream._iterator.__qualname__


def main() -> None:
    sdk = sdks.installed()
    type_ = sdk.types["ChatCompletionChunk" if sdk.name == "openai" else "RawMessageStreamEvent"]
    wrong: list[str] = []
    for name in managers(sdk, None):
        results = []
        for is_fast in (True, False):
            raw = Raw([sdk.construct_type(type_=type_, value=copy.deepcopy(body)) for body in texts(sdk)])
            raw.close = raw.__aenter__ if name.startswith("Async") else lambda: None
            raw.response.aclose = raw.__aenter__
            raw.response.close = lambda: None
            manager = managers(sdk, raw)[name]
            class_ = type(manager)
            if is_fast:
                accelerated(manager)
                if not isinstance(manager, class_) or type(manager).__qualname__ != class_.__qualname__:
                    wrong.append(f"{name}: its class")
            results.append(asyncio.run(read_asynchronously(manager)) if name.startswith("Async") else read(manager))
        (fast, ours), (slow, theirs) = results
        if not fast or slow:
            wrong.append(f"{name}: not accelerated")
        if different := difference(ours, theirs):
            wrong.append(f"{name}: {different}")
        if len(ours) < 6:
            wrong.append(f"{name}: {len(ours)} events")
    print(json.dumps({"wrong": wrong}))


if __name__ == "__main__":
    main()
