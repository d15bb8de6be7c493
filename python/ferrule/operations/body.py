"""Answers that are bytes: sound, mostly. They can be read piece by piece, or as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import asyncio
    import os
    import sys
    from collections.abc import AsyncIterator, Iterator
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    from ferrule._native import Attempt, Cost, Flight


class _Head:
    """What is known of the answer before its bytes."""

    _flight: Flight
    _head: dict[str, Any]

    @property
    def media_type(self) -> str:
        """What the bytes are, for instance `audio/mpeg`; empty where the provider did not say."""
        return cast("str", self._head["media_type"])

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The answer's headers, names in lower case."""
        return list(self._head["headers"])

    @property
    def provider(self) -> str:
        """The provider that answered."""
        return cast("str", self._head["provider"])

    @property
    def model(self) -> str:
        """The model asked for."""
        return cast("str", self._head["model"])

    @property
    def cost(self) -> Cost | None:
        """What it cost, as `reply.cost`: where speech is priced by its text's characters, else `None`."""
        return cast("Cost | None", self._head["cost"])

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request; `None` where it gave none."""
        return cast("str | None", self._head["request_id"])

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt, the successful one last."""
        return list(self._head["attempts"])


class Body(_Head):
    """The bytes of an answer. Iterate over it, or `read` it; once. Use it in a `with` statement, or close it."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        try:
            first = flight.wait()
        except BaseException:
            flight.cancel()
            raise
        self._head, *pieces = cast("list[Any]", first)
        self._ready: list[bytes] = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._ready
        self._ready = []
        while (pieces := self._flight.wait()) is not None:
            yield from cast("list[bytes]", pieces)

    def read(self) -> bytes:
        """All bytes that are left."""
        return b"".join(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the bytes into a file as they come."""
        with Path(path).open("wb") as file:
            file.writelines(self)

    def close(self) -> None:
        """Ends the call; the connection to the provider is closed at once."""
        self._flight.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncBody(_Head):
    """The bytes of an answer. Iterate over it with `async for`, or `read` it; once. Use it in `async with`."""

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
        """All bytes that are left."""
        return b"".join([piece async for piece in self])

    async def close(self) -> None:
        """Ends the call; the connection to the provider is closed at once."""
        self._flight.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
