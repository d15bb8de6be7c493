"""Streams of the native path: the SDK's own stream objects, whose items are cut and built by fewer steps.

What is not the usual frame ends the shortcut: the SDK's own code then reads the rest, from that frame on.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ferrule._native import HttpExchange, HttpTransportError
from ferrule.dropin.native.replay import error_of, response_of
from ferrule.settling import settle
from ferrule.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_END = b"\n\n"


class Source:
    """The body of a response as it comes, which has one reader at a time.

    Args:
        exchange: The request.
        waiter: The hub of greenlets or the event loop that waits for it.
        pieces: What of the body came with the head.
        httpx: The SDK's HTTP library.
        request: The request, as that library has it.
    """

    def __init__(self, exchange: HttpExchange, waiter: Any, pieces: list[bytes], httpx: Any, request: Any) -> None:
        self._exchange, self._waiter, self._pieces = exchange, waiter, pieces
        self._httpx, self._request = httpx, request
        self._failed: HttpTransportError | None = None

    def push_back(self, data: bytes, failed: HttpTransportError | None = None) -> None:
        """Has `data` read again, and then what the request ended with."""
        if data:
            self._pieces.insert(0, data)
        self._failed = failed or self._failed

    def taken(self) -> bytes | None:
        """All that is there, without waiting; `None` where nothing is."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            return b"".join(pieces)
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        return None

    def next(self) -> bytes | None:
        """The next of the body; `None` at its end."""
        found = self.taken()
        if found is None and not self._exchange.ended:
            came = wait_for(self._exchange, self._waiter)  # type: ignore[arg-type]
            return None if came is None else b"".join(came)
        return found

    async def next_async(self) -> bytes | None:
        """As `next`, on an event loop."""
        found = self.taken()
        if found is None and not self._exchange.ended:
            came = await settle(self._exchange, self._waiter)  # type: ignore[arg-type]
            return None if came is None else b"".join(came)
        return found

    def close(self) -> None:
        """Ends the request; what was read stays readable."""
        self._exchange.cancel()

    def response(self, head: Any, *, asynchronous: bool) -> Any:
        """The HTTP library's response, whose body is what is still to be read."""
        made = response_of(self._httpx, head, bodies(self._httpx)[asynchronous](self))
        made.request = self._request
        return made

    def error(self, error: HttpTransportError) -> BaseException:
        """The HTTP library's exception."""
        return error_of(self._httpx, error, self._request)


@functools.cache
def bodies(httpx: Any) -> tuple[type, type]:
    """The bodies of responses that are read from a source, for `httpx` or `httpx2`."""
    base: Any = httpx.SyncByteStream
    async_base: Any = httpx.AsyncByteStream

    class Body(base):  # type: ignore[misc]
        def __init__(self, source: Source) -> None:
            self._source = source

        def __iter__(self) -> Iterator[bytes]:
            try:
                while (piece := self._source.next()) is not None:
                    yield piece
            except HttpTransportError as error:
                raise self._source.error(error) from error

        def close(self) -> None:
            self._source.close()

    class AsyncBody(async_base):  # type: ignore[misc]
        def __init__(self, source: Source) -> None:
            self._source = source

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                while (piece := await self._source.next_async()) is not None:
                    yield piece
            except HttpTransportError as error:
                raise self._source.error(error) from error

        async def aclose(self) -> None:
            self._source.close()

    return Body, AsyncBody


class Cutter:
    """Cuts the usual frames out of a body: `data: {...}`, or with a name `event: x` before it.

    Args:
        build: Makes an item of a frame's data; `None` where the SDK has to look at it.
        names: The names of events whose data are items; `None` where events have no names.
    """

    def __init__(self, build: Any, names: frozenset[bytes] | None) -> None:
        self._build, self._names = build, names
        self.left = b""
        self.is_odd = False
        self.is_done = False

    def cut(self, data: bytes) -> Iterator[Any]:
        """The items in `data`, and what was left before it. Stops at an odd frame, which then is in `left`."""
        if b"\r" in data:  # Lines end in another way, or a frame has it in its text.
            self.left += data
            self.is_odd = True
            return
        frames = (self.left + data).split(_END) if self.left else data.split(_END)
        self.left = frames.pop()
        names, build = self._names, self._build
        for position, frame in enumerate(frames):
            if frame[:6] == b"data: " and names is None:
                text = frame[6:]
                if text[:6] == b"[DONE]":
                    self.is_done = True
                    return
                made = None if b"\n" in text else build(text)
            elif frame[:7] == b"event: ":
                name, separator, text = frame[7:].partition(b"\ndata: ")
                is_usual = separator and b"\n" not in text
                if is_usual and name == b"ping" and names is not None:
                    continue
                known = name in names if names is not None else not name.startswith((b"thread.", b"error"))
                made = build(text) if is_usual and known else None
            else:
                made = None
            if made is None:
                self.left = _END.join((*frames[position:], self.left))
                self.is_odd = True
                return
            yield made


def make_stream(
    official: Any, *, source: Source, head: Any, builder: Any, names: Any, asynchronous: bool, given: dict[str, Any]
) -> Any:
    """An object of the SDK's own stream class whose items are cut and built by fewer steps.

    Args:
        official: The class.
        source: The body.
        head: The head of the response.
        builder: Makes an item of a frame's data.
        names: As `Cutter` takes them.
        asynchronous: Whether the class is.
        given: What else the class is made with.
    """
    given["response"] = source.response(head, asynchronous=asynchronous)
    stream = official(**given)
    items = _items_async if asynchronous else _items
    # Not by a method: the stream would lead to its iterator and that to the stream, and dropping it would not end it.
    iterator = items(official, source, Cutter(builder.build_event, names), given)
    if hasattr(official, "_iterator"):
        # The class makes its iterator of this when it is first needed; instrumentations (Sentry's) wrap that.
        stream.__stream__ = lambda: iterator
    else:
        stream._iterator = iterator  # noqa: SLF001 - the SDK's
    return stream


def _items(official: Any, source: Source, cutter: Cutter, given: dict[str, Any]) -> Iterator[Any]:
    try:
        while not cutter.is_done:
            try:
                data = source.next()
            except HttpTransportError as error:
                source.push_back(cutter.left, error)
                yield from official(**given)
                return
            if data is None:
                return  # An unterminated frame is no event.
            yield from cutter.cut(data)
            if cutter.is_odd:
                source.push_back(cutter.left)
                yield from official(**given)
                return
    finally:
        given["response"].close()


async def _items_async(official: Any, source: Source, cutter: Cutter, given: dict[str, Any]) -> AsyncIterator[Any]:
    try:
        while not cutter.is_done:
            try:
                data = await source.next_async()
            except HttpTransportError as error:
                source.push_back(cutter.left, error)
                async for item in official(**given):
                    yield item
                return
            if data is None:
                return
            for item in cutter.cut(data):
                yield item
            if cutter.is_odd:
                source.push_back(cutter.left)
                async for item in official(**given):
                    yield item
                return
    finally:
        await given["response"].aclose()
