"""Binary response bodies, such as generated speech: read in chunks, or as a whole."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from ferrule._native import Attempt, Cost, Flight
from ferrule.typing_compat import Self

if TYPE_CHECKING:
    import asyncio

    from ferrule.greenlets import HubBridge


class _BodyHead:
    """The metadata that comes before the bytes."""

    _flight: Flight
    _head: dict[str, Any]

    @property
    def media_type(self) -> str:
        """The media type, for instance `audio/mpeg`; empty where the provider did not say."""
        return cast("str", self._head["media_type"])

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The response headers, with names in lower case."""
        return list(self._head["headers"])

    @property
    def provider(self) -> str:
        """The id of the provider that answered."""
        return cast("str", self._head["provider"])

    @property
    def model(self) -> str:
        """The model that was called."""
        return cast("str", self._head["model"])

    @property
    def cost(self) -> Cost | None:
        """The cost, as `Reply.cost` has it; `None` unless the model is priced by the characters of its input."""
        return cast("Cost | None", self._head["cost"])

    @property
    def request_id(self) -> str | None:
        """The provider's request id; `None` where it gave none."""
        return cast("str | None", self._head["request_id"])

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt, the successful one last."""
        return list(self._head["attempts"])


class Body(_BodyHead):
    """A binary response. Iterate over its chunks or `read` it, once. Use it in a `with` statement, or close it."""

    def __init__(self, flight: Flight, hub: HubBridge | None = None) -> None:
        self._flight = flight
        self._hub = hub
        try:
            first = self._wait()
        except BaseException:
            flight.cancel()
            raise
        self._head, *pieces = cast("list[Any]", first)
        self._ready: list[bytes] = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._ready
        self._ready = []
        while (pieces := self._wait()) is not None:
            yield from cast("list[bytes]", pieces)

    def _wait(self) -> Any:
        return self._flight.wait() if self._hub is None else self._hub.wait(self._flight)

    def read(self) -> bytes:
        """The rest of the bytes."""
        return b"".join(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the rest of the bytes to a file, chunk by chunk.

        Args:
            path: The file; it is replaced.
        """
        with open(path, "wb") as file:
            file.writelines(self)

    def close(self) -> None:
        """Ends the call and closes the connection at once."""
        self._flight.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncBody(_BodyHead):
    """A binary response. Iterate over its chunks or `read` it, once. Use it in `async with`, or `aclose` it."""

    def __init__(self, flight: Flight, loop: asyncio.AbstractEventLoop, first: list[Any]) -> None:
        self._flight = flight
        self._loop = loop
        self._head, *pieces = first
        self._ready: list[bytes] = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._ready:
            yield piece
        self._ready = []
        while True:
            ready: Any = self._flight.next(self._loop)
            if ready is None:
                return
            if isinstance(ready, list):
                for piece in cast("list[bytes]", ready):
                    yield piece
            else:
                await ready

    async def read(self) -> bytes:
        """The rest of the bytes."""
        return b"".join([piece async for piece in self])

    async def aclose(self) -> None:
        """Ends the call and closes the connection at once."""
        self._flight.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
