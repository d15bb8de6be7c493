"""Streams of requests that are sent as they are: the JSON of their server-sent events, as it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrule.errors import FerruleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ferrule.litellm.operations import Operation


class _Lines:
    """The data of events, in the pieces of a response."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[dict[str, Any]]:
        """The data that `piece` completes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        found: list[dict[str, Any]] = []
        for line in lines:
            name, _, data = line.partition(b":")
            if name == b"data" and (text := data.strip()) and text != b"[DONE]":
                found.append(json.loads(text))
        return found


def events(operation: Operation, pieces: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """The data of the events in a response.

    Raises:
        LiteLLMError: The stream broke off.
    """
    lines = _Lines()
    try:
        for piece in pieces:
            yield from lines.feed(piece)
    except FerruleError as error:
        raise operation.exception(error) from error
    yield from lines.feed(b"\n")


async def aevents(operation: Operation, pieces: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """`events`, awaited."""
    lines = _Lines()
    try:
        async for piece in pieces:
            for event in lines.feed(piece):
                yield event
    except FerruleError as error:
        raise operation.exception(error) from error
    for event in lines.feed(b"\n"):
        yield event
