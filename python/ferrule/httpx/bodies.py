"""Bodies of responses, read from exchanges as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import HttpTransportError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ferrule._native import HttpExchange
    from ferrule.httpx.libraries import Library
    from ferrule.httpx.waiting import Blocking, Waiter


class _Body:
    """A body: the exchange that it comes over, and what of it was taken already."""

    def __init__(self, exchange: HttpExchange, taken: list[bytes], waiter: Any, library: Library) -> None:
        self._exchange = exchange
        self._taken = taken
        self._waiter = waiter
        self._library = library


class Body(_Body):
    """A body that is read in a thread. Closing or dropping it before its end closes the connection."""

    _waiter: Blocking

    def __iter__(self) -> Iterator[bytes]:
        taken, self._taken = self._taken, []
        exchange = self._exchange
        while True:
            yield from taken
            if exchange.ended:
                return
            try:
                taken = self._waiter.next(exchange)
            except HttpTransportError as error:
                raise self._library.error(error) from error
            if taken is None:
                return

    def close(self) -> None:
        """Ends the exchange."""
        self._exchange.cancel()


class AsyncBody(_Body):
    """A body that is read in a coroutine. Closing or dropping it before its end closes the connection."""

    _waiter: Waiter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        taken, self._taken = self._taken, []
        exchange = self._exchange
        while True:
            for part in taken:
                yield part
            if exchange.ended:
                return
            try:
                taken = await self._waiter.next(exchange)
            except HttpTransportError as error:
                raise self._library.error(error) from error
            except BaseException:
                exchange.cancel()
                raise
            if taken is None:
                return

    async def aclose(self) -> None:
        """Ends the exchange."""
        self._exchange.cancel()


_classes: dict[tuple[type, Library], Any] = {}


def body_class(kind: type, library: Library) -> Any:
    """`kind` (`Body` or `AsyncBody`) as a stream of `library`, whose clients look at the class."""
    found = _classes.get((kind, library))
    if found is None:
        base = library.module.SyncByteStream if kind is Body else library.module.AsyncByteStream
        found = _classes[kind, library] = type(kind.__name__, (kind, base), {"__module__": __name__})
    return found
