"""Streams: a reply as events, as it is generated.

The engine delivers events in batches of everything that is ready; a stream hands them out one by one, as text, or in
those batches. The three ways may be mixed, as what has been handed out is kept in one place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Union, cast

import ferrule
from ferrule._native import (
    Attempt,
    CitationDelta,
    Continued,
    Finish,
    Flight,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Stats,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Unknown,
    UsageUpdate,
)
from ferrule.errors import ConfigError
from ferrule.typing_compat import Self, T

if TYPE_CHECKING:
    from ferrule.greenlets import HubBridge
    from ferrule.partial_values import PartialValue
    from ferrule.structured import Format

Event = Union[  # noqa: UP007 - also at run time, on Python 3.10
    TextDelta,
    ReasoningDelta,
    RefusalDelta,
    ToolCallStart,
    ToolCallDelta,
    ToolCallEnd,
    CitationDelta,
    UsageUpdate,
    Continued,
    Finish,
    Unknown,
]
"""An event of a stream."""


class _BaseStream(Generic[T]):
    """What both kinds of stream have in common."""

    def __init__(self, flight: Flight, format_: Format | None = None) -> None:
        self._flight = flight
        self._format = format_
        self._ready: Iterator[Event] = iter(())

    def _end(self) -> None:
        """Ends the call. Events that are ready are dropped as well."""
        self._flight.cancel()
        self._ready = iter(())

    def reply(self) -> Reply[T]:
        """The reply as far as it was received: all of it at the end, its beginning after an interruption."""
        return self._flight.received()

    @property
    def partial(self) -> T | None:
        """The value of `response_format` as far as it was received, `None` where nothing of it was.

        Fields that have not come are `None` or have their defaults, lists have the items that are whole; what has come
        is not checked against the type. `reply().parsed` is the whole value.

        Raises:
            TypeError: There is no `response_format`.
        """
        growing = self._partial_value()
        growing.feed(self._flight.received().text)
        return cast("T | None", growing.value())

    def _partial_value(self) -> PartialValue:
        if self._format is None:
            raise TypeError("partials: there is no `response_format` whose value could grow")
        from ferrule.partial_values import PartialValue  # dataclasses, json

        return PartialValue(self._format)

    def measure(self) -> ferrule.StreamStats:
        """Begins to measure how fast the stream comes. Call it before anything is read.

        Returns:
            The figures, which grow as the stream is read, in whichever way: time to the first token, between tokens,
            tokens and events per second, bytes.
        """
        from ferrule.accumulating import StreamStats  # rarely needed
        from ferrule.call_layers import WatchedFlight

        measured = StreamStats(self._flight.received().stats.started)
        self._watch(cast("Flight", WatchedFlight(self._flight, measured)))
        return measured

    def _watch(self, flight: Flight) -> None:
        self._flight = flight

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt made so far."""
        return self._flight.received().attempts

    @property
    def stats(self) -> Stats:
        """How long the call took so far."""
        return self._flight.received().stats

    def __repr__(self) -> str:
        reply = self._flight.received()
        state = "open" if reply.stats.duration is None else "ended"
        called = f"{reply.provider}/{reply.model}" if reply.model else reply.provider
        return f"<{type(self).__name__} of {called}: {state}, {len(reply.text)} characters so far>"

    def _repr_markdown_(self) -> str | None:
        """What was received so far, for notebooks; `None`, for the `repr`, where that is nothing."""
        return self._flight.received()._repr_markdown_() or None


class Stream(_BaseStream[T]):
    """A reply as it is generated. Iterate once: over its events, its `text`, or its `batches()`.

    Reading it raises the errors of `Client.complete`, and `StreamInterruptedError`.
    """

    def __init__(
        self,
        flight: Flight,
        hub: HubBridge | None = None,
        format_: Format | None = None,
        again: Callable[[], Flight] | None = None,
    ) -> None:
        super().__init__(flight, format_)
        self._hub = hub
        # Starts the call once more, where something is missing in the configuration.
        self._again = again
        self._wait = self._waiting(flight)

    def _watch(self, flight: Flight) -> None:
        super()._watch(flight)
        self._wait = self._waiting(flight)

    def _waiting(self, flight: Flight) -> Callable[[], list[Event] | None]:
        return flight.wait if self._hub is None else partial(self._hub.wait, flight)

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
        # Without a function in between: a warning about a dropped option is to name the reader's own line.
        while True:
            try:
                batch = self._wait()
            except ConfigError:
                again, self._again = self._again, None
                if again is None:
                    raise
                self._flight = again()
                self._wait = self._waiting(self._flight)
                continue
            if batch is None:
                return
            if batch:  # A batch may contain no events.
                self._ready = iter(batch)
                return

    @property
    def text(self) -> Iterator[str]:
        """The text of the first choice, in chunks.

        With `continue_streams` also the text before a restart, which `reply()` leaves out; the events distinguish them.
        """
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

    def partials(self) -> Iterator[T]:
        """The value of `response_format` as it grows, each time that more of it has come; the last one is whole.

        Fields that have not come are `None` or have their defaults, lists grow item by item. Only the last one is
        checked against the type: it is `reply().parsed`, whose errors are raised at the end.

        Raises:
            TypeError: There is no `response_format`.
        """
        return self._partials(self._partial_value())

    def _partials(self, growing: PartialValue) -> Iterator[T]:
        last: Any = None
        for batch in self.batches():
            if not _feed(growing, batch):
                continue
            if (value := growing.value()) is not None and value != last:
                last = value
                yield cast("T", value)
        whole = self.reply().parsed
        if whole != last:
            yield whole

    def close(self) -> None:
        """Ends the call and closes its connection at once."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncStream(_BaseStream[T]):
    """A reply as it is generated. Iterate once, from one task: over its events, its `text`, or its `batches()`.

    Reading it raises the errors of `Client.complete`, and `StreamInterruptedError`.
    """

    def __init__(self, flight: Flight, loop: Any, format_: Format | None = None) -> None:
        super().__init__(flight, format_)
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

    def partials(self) -> AsyncIterator[T]:
        """The value of `response_format` as it grows. See `Stream.partials`."""
        return self._partials(self._partial_value())

    async def _partials(self, growing: PartialValue) -> AsyncIterator[T]:
        last: Any = None
        async for batch in self.batches():
            if not _feed(growing, batch):
                continue
            if (value := growing.value()) is not None and value != last:
                last = value
                yield cast("T", value)
        whole = self.reply().parsed
        if whole != last:
            yield whole

    async def aclose(self) -> None:
        """Ends the call and closes its connection at once."""
        self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()


def _feed(growing: PartialValue, batch: list[Event]) -> bool:
    """Reads the text of a batch; whether there is any."""
    text = "".join(event.text for event in batch if type(event) is TextDelta and event.choice == 0)
    growing.feed(text)
    return bool(text)


class _Texts:
    """The texts of a stream. Not a generator, which would need the loop to clean up when it is left early."""

    def __init__(self, stream: AsyncStream[Any]) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for event in self._stream:
            if type(event) is TextDelta and event.choice == 0:
                return event.text
        raise StopAsyncIteration
