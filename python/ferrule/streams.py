"""Streams: a reply as events, as it is generated.

The engine delivers events in batches of everything that is ready; a stream hands them out one by one, as text, or in
those batches. The three ways may be mixed, as what has been handed out is kept in one place.
"""

from __future__ import annotations

from functools import partial
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
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    from ferrule._native import Attempt, Flight, Reply, Stats
    from ferrule.greenlets import HubBridge

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
"""An event of a stream."""


class _BaseStream:
    """What both kinds of stream have in common."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._ready: Iterator[Event] = iter(())

    def _end(self) -> None:
        """Ends the call. Events that are ready are dropped as well."""
        self._flight.cancel()
        self._ready = iter(())

    def reply(self) -> Reply:
        """The reply as far as it was received: all of it at the end, its beginning after an interruption."""
        return self._flight.received()

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt made so far."""
        return self._flight.received().attempts

    @property
    def stats(self) -> Stats:
        """How long the call took so far."""
        return self._flight.received().stats


class Stream(_BaseStream):
    """A reply as it is generated. Iterate once: over its events, its `text`, or its `batches()`.

    Reading it raises the errors of `Client.complete`, and `StreamInterruptedError`.
    """

    def __init__(self, flight: Flight, hub: HubBridge | None = None) -> None:
        super().__init__(flight)
        self._wait: Callable[[], list[Event] | None] = flight.wait if hub is None else partial(hub.wait, flight)

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
        """Waits for events and puts them into `_ready`, which is empty at the end."""
        while (batch := self._wait()) is not None:
            if batch:  # A batch may contain no events.
                self._ready = iter(batch)
                return

    @property
    def text(self) -> Iterator[str]:
        """The text of the first choice, in chunks."""
        for event in self:
            if type(event) is TextDelta and event.choice == 0:
                yield event.text

    def batches(self) -> Iterator[list[Event]]:
        """The events in batches of all that are ready; waits only where none is."""
        while True:
            batch = list(self._ready)
            if not batch:
                self._refill()
                batch = list(self._ready)
            if not batch:
                return
            yield batch

    def close(self) -> None:
        """Ends the call and closes its connection at once."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(_BaseStream):
    """A reply as it is generated. Iterate once, from one task: over its events, its `text`, or its `batches()`.

    Reading it raises the errors of `Client.complete`, and `StreamInterruptedError`.
    """

    def __init__(self, flight: Flight, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(flight)
        self._loop = loop

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        for event in self._ready:  # Events that are ready do not involve the loop.
            return event
        await self._refill()
        for event in self._ready:
            return event
        raise StopAsyncIteration

    async def _refill(self) -> None:
        """Waits for events and puts them into `_ready`, which is empty at the end.

        Nothing is taken before the wait is over, so cancelling it loses nothing.
        """
        while (ready := self._flight.next(self._loop)) is not None:
            if type(ready) is not list:
                await ready
            elif ready:  # A batch may contain no events.
                self._ready = iter(ready)
                return

    @property
    def text(self) -> AsyncIterator[str]:
        """The text of the first choice, in chunks."""
        return _Texts(self)

    async def batches(self) -> AsyncIterator[list[Event]]:
        """The events in batches of all that are ready; waits only where none is."""
        while True:
            batch = list(self._ready)
            if not batch:
                await self._refill()
                batch = list(self._ready)
            if not batch:
                return
            yield batch

    async def aclose(self) -> None:
        """Ends the call and closes its connection at once."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()


class _Texts:
    """The texts of a stream. Not a generator, which would need the loop to clean up when it is left early."""

    def __init__(self, stream: AsyncStream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for event in self._stream:
            if type(event) is TextDelta and event.choice == 0:
                return event.text
        raise StopAsyncIteration
