"""Streams: an answer, piece by piece.

Events come from the engine in batches, all that is ready at once; a stream hands them out one by one, as text, or as
the batches they are. What was handed out and what waits is kept in one place, so the three can be mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from ferrule._native import (
    Finish,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Unknown,
    UsageUpdate,
)

if TYPE_CHECKING:
    import asyncio
    import sys
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    from ferrule._native import Attempt, Flight, Reply, Stats

Event = Union[  # noqa: UP007 - also at run time, on Python 3.10
    TextDelta,
    ReasoningDelta,
    RefusalDelta,
    ToolCallStart,
    ToolCallDelta,
    ToolCallEnd,
    UsageUpdate,
    Finish,
    Unknown,
]
"""What a stream consists of."""


class _Received:
    """What both kinds of stream know of themselves."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._ready: Iterator[Event] = iter(())

    def _end(self) -> None:
        """Whether they were taken already or not: no more events come after it."""
        self._flight.cancel()
        self._ready = iter(())

    def response(self) -> Reply:
        """The reply as far as it was received: the whole answer at the end, the beginning after an interruption."""
        return self._flight.received()

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt made so far."""
        return self._flight.received().attempts

    @property
    def stats(self) -> Stats:
        """How long it took so far."""
        return self._flight.received().stats


class Stream(_Received):
    """An answer, piece by piece. Iterate over it, over its `text`, or over its `batches()`; once."""

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        for event in self._ready:
            return event
        self._refill()
        for event in self._ready:
            return event
        raise StopIteration

    def _refill(self) -> None:
        """Waits for events; they are in `_ready` then. Empty at the end."""
        while (batch := self._flight.wait()) is not None:
            if batch:  # A batch may hold nothing that is an event of its own.
                self._ready = iter(batch)
                return

    @property
    def text(self) -> Iterator[str]:
        """Only the text of the first answer."""
        for event in self:
            if type(event) is TextDelta and event.choice == 0:
                yield event.text

    def batches(self) -> Iterator[list[Event]]:
        """All events that are ready, at once; waits only where none is."""
        while True:
            batch = list(self._ready)
            if not batch:
                self._refill()
                batch = list(self._ready)
            if not batch:
                return
            yield batch

    def close(self) -> None:
        """Ends the call; the connection to the provider is closed at once."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(_Received):
    """An answer, piece by piece. Iterate over it, over its `text`, or over its `batches()`; once, from one task."""

    def __init__(self, flight: Flight, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(flight)
        self._loop = loop

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        for event in self._ready:  # What is ready comes without touching the loop.
            return event
        await self._refill()
        for event in self._ready:
            return event
        raise StopAsyncIteration

    async def _refill(self) -> None:
        """Waits for events; they are in `_ready` then. Empty at the end.

        Nothing is taken before the wait is over, so cancelling it loses nothing.
        """
        while (ready := self._flight.next(self._loop)) is not None:
            if type(ready) is not list:
                await ready
            elif ready:  # A batch may hold nothing that is an event of its own.
                self._ready = iter(ready)
                return

    @property
    def text(self) -> AsyncIterator[str]:
        """Only the text of the first answer."""
        return _Texts(self)

    async def batches(self) -> AsyncIterator[list[Event]]:
        """All events that are ready, at once; waits only where none is."""
        while True:
            batch = list(self._ready)
            if not batch:
                await self._refill()
                batch = list(self._ready)
            if not batch:
                return
            yield batch

    async def aclose(self) -> None:
        """Ends the call; the connection to the provider is closed at once."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()


class _Texts:
    """The texts of a stream. Not a generator: one that is left half-way would need the loop to clean up."""

    def __init__(self, stream: AsyncStream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for event in self._stream:
            if type(event) is TextDelta and event.choice == 0:
                return event.text
        raise StopAsyncIteration
