"""Accumulation of the anthropic SDK's message streams (`messages.stream()`), faster for pieces of text and thinking.

Such an event only makes one string longer and has one further event; both are made here directly. For every other event
the SDK's own generator runs, on the same snapshot.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ferrule.sdk_objects.model_objects import EventClass, set_field

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


def accelerate(stream: Any) -> None:
    """Makes a `MessageStream` of the SDK handle pieces of text fast; its events and snapshots stay equal.

    Args:
        stream: A `MessageStream`, `AsyncMessageStream` or one of their beta kin, as the SDK made it, before anything
            was read from it. One that is not as expected is left as it is.
    """
    class_ = type(stream)
    module: Any = sys.modules.get(class_.__module__)
    text_event = getattr(module, "TextEvent", None) or getattr(module, "ParsedBetaTextEvent", None)
    thinking_event = getattr(module, "ThinkingEvent", None) or getattr(module, "BetaThinkingEvent", None)
    functions = [getattr(module, name, None) for name in ("accumulate_event", "build_events")]
    functions.append(vars(class_).get("__stream__"))
    snapshot = f"_{class_.__name__}__final_message_snapshot"
    # Where another library has wrapped one of them, it is to see every event.
    if any(getattr(each, "__globals__", None) is not vars(module) for each in functions):
        return
    if text_event is None or thinking_event is None or not hasattr(stream, snapshot):
        return
    iterator = stream._iterator  # noqa: SLF001 - it is the SDK's
    code = getattr(iterator, "gi_code", None) or getattr(iterator, "ag_code", None)
    if code is not vars(class_)["__stream__"].__code__:  # An instrumentation (Sentry's) has put its own there.
        return
    pieces = _Pieces(stream, snapshot, text_event, thinking_event)
    is_async = hasattr(iterator, "__anext__")
    set_iterator = pieces.iterated_asynchronously if is_async else pieces.iterated
    stream._iterator = set_iterator()  # noqa: SLF001 - the generator that it replaces has not begun


class _Pieces:
    """The events of a stream."""

    def __init__(self, stream: Any, snapshot: str, text_event: Any, thinking_event: Any) -> None:
        self._stream = stream
        self._snapshot = snapshot
        self._events = {
            "text_delta": ("text", EventClass(text_event, "text")),
            "thinking_delta": ("thinking", EventClass(thinking_event, "thinking")),
        }

    def iterated(self) -> Iterator[Any]:
        for event in self._stream._raw_stream:  # noqa: SLF001
            yield from self._of_piece(event) or self._by_sdk(event)

    async def iterated_asynchronously(self) -> AsyncIterator[Any]:
        async for event in self._stream._raw_stream:  # noqa: SLF001
            for each in self._of_piece(event) or await self._by_sdk_asynchronously(event):
                yield each

    def _of_piece(self, event: Any) -> list[Any] | None:
        """The events of one that adds text or thinking; `None` where the SDK has to say."""
        snapshot = getattr(self._stream, self._snapshot)
        if snapshot is None or getattr(event, "type", None) != "content_block_delta":
            return None
        delta, index = getattr(event, "delta", None), getattr(event, "index", None)
        name, further = self._events.get(getattr(delta, "type", ""), ("", None))
        if further is None or type(index) is not int or not 0 <= index < len(snapshot.content):
            return None
        block, added = snapshot.content[index], getattr(delta, name, None)
        if getattr(block, "type", None) != name or type(added) is not str or name not in block.__dict__:
            return None
        text = block.__dict__[name]
        if type(text) is not str:
            return None
        text += added
        set_field(block, name, text)
        return [event, further.new({name: added, "snapshot": text})]

    def _by_sdk(self, event: Any) -> list[Any]:
        raw = self._stream._raw_stream  # noqa: SLF001
        self._stream._raw_stream = _One(raw, event)  # noqa: SLF001
        try:
            return list(self._stream.__stream__())
        finally:
            self._stream._raw_stream = raw  # noqa: SLF001

    async def _by_sdk_asynchronously(self, event: Any) -> list[Any]:
        raw = self._stream._raw_stream  # noqa: SLF001
        self._stream._raw_stream = _One(raw, event)  # noqa: SLF001
        try:
            return [each async for each in self._stream.__stream__()]
        finally:
            self._stream._raw_stream = raw  # noqa: SLF001


class _One:
    """A stream of one event, which else is the stream that the event came from."""

    def __init__(self, raw: Any, event: Any) -> None:
        self._raw = raw
        self._event = event

    def __iter__(self) -> Iterator[Any]:
        yield self._event

    async def __aiter__(self) -> AsyncIterator[Any]:
        yield self._event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
