"""Callers for tests that hold for every kind of call: plain and streamed, with either client."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import ferrule

if TYPE_CHECKING:
    from types import TracebackType

    from ferrule.typing_compat import Self


class Kind(NamedTuple):
    """A kind of call."""

    streamed: bool
    asynchronous: bool

    def __str__(self) -> str:
        return f"{'stream' if self.streamed else 'plain'}-{'async' if self.asynchronous else 'sync'}"


KINDS = [Kind(streamed, asynchronous) for streamed in (False, True) for asynchronous in (False, True)]


@dataclass
class Ended:
    """How a call ended.

    Attributes:
        reply: Its reply; `None` where it failed.
        error: Its error; `None` where it succeeded.
        text: The text that the caller was given, as it came; after a restart what came then.
        events: The events of a stream.
    """

    reply: ferrule.Reply | None = None
    error: ferrule.FerruleError | None = None
    text: str = ""
    events: list[Any] = field(default_factory=list)

    @property
    def attempts(self) -> list[ferrule.Attempt]:
        """The attempts of the call, whether it succeeded or not."""
        if self.reply is not None:
            return list(self.reply.attempts)
        assert self.error is not None
        return list(self.error.attempts)

    @property
    def asked(self) -> list[str]:
        """The targets that got a request, in order."""
        return [attempt.target for attempt in self.attempts if not attempt.skipped]


class Caller:
    """A client of one kind, whose calls are awaited where they are made."""

    def __init__(self, kind: Kind, settings: dict[str, Any]) -> None:
        self.kind = kind
        self._loop = asyncio.new_event_loop() if kind.asynchronous else None
        self.client: Any = (ferrule.AsyncClient if kind.asynchronous else ferrule.Client)(**settings)

    def call(self, model: Any, **options: Any) -> Ended:
        """Makes a call and reads all of it."""
        options = {"max_tokens": 100, **options}
        if self._loop is not None:
            return self._loop.run_until_complete(self._call_async(model, options))
        ended = Ended()
        try:
            if not self.kind.streamed:
                ended.reply = self.client.complete(model, "Hello?", **options)
            else:
                with self.client.stream(model, "Hello?", **options) as stream:
                    for event in stream:
                        self._take(ended, event)
                ended.reply = stream.reply()
        except ferrule.FerruleError as error:
            ended.error = error
        return ended

    def call_together(self, count: int, model: Any, **options: Any) -> list[Ended]:
        """Makes so many calls at the same time."""
        options = {"max_tokens": 100, **options}
        if self._loop is not None:

            async def together() -> list[Ended]:
                return await asyncio.gather(*(self._call_async(model, options) for _ in range(count)))

            return self._loop.run_until_complete(together())
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(lambda _: self.call(model, **options), range(count)))

    async def _call_async(self, model: Any, options: dict[str, Any]) -> Ended:
        ended = Ended()
        try:
            if not self.kind.streamed:
                ended.reply = await self.client.complete(model, "Hello?", **options)
            else:
                async with self.client.stream(model, "Hello?", **options) as stream:
                    async for event in stream:
                        self._take(ended, event)
                ended.reply = stream.reply()
        except ferrule.FerruleError as error:
            ended.error = error
        return ended

    @staticmethod
    def _take(ended: Ended, event: Any) -> None:
        ended.events.append(event)
        if isinstance(event, ferrule.TextDelta):
            ended.text += event.text
        elif isinstance(event, ferrule.Continued) and event.how == "restart":
            # What came before is no part of the reply.
            ended.text = ""

    def status(self) -> ferrule.Status:
        """The client's status."""
        status: Any = self.client.status()
        found = self._loop.run_until_complete(status) if self._loop is not None else status
        assert isinstance(found, ferrule.Status)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._loop is None:
            self.client.close()
            return
        self._loop.run_until_complete(self.client.aclose())
        self._loop.close()
