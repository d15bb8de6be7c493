"""The clients: arguments in, one crossing into the engine, replies and streams out.

`Client` blocks, `AsyncClient` awaits; the methods are the same. What they share is in `calls.py`; what they do beside
chat is in `operations/`.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, cast

from ferrule.errors import FerruleError
from ferrule.operations.awaited import AwaitedOperations, settle
from ferrule.operations.blocking import BlockingOperations, wait
from ferrule.operations.known_models import offers, unlisted

if TYPE_CHECKING:
    import sys
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self, Unpack
    else:
        from typing_extensions import Self, Unpack

    from ferrule._native import Flight, ModelInfo, Reply
    from ferrule.calls import Messages
    from ferrule.options import CompletionOptions, Timeouts
    from ferrule.streams import AsyncStream, Stream


class Client(BlockingOperations):
    """Calls models and blocks until they answer. Safe to share between threads; Ctrl-C interrupts it."""

    def complete(self, model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Reply:
        """Asks a model and waits for the whole answer.

        Args:
            model: `provider/model` or `provider:model`, an alias, a bare name that one provider offers, or `None` for
                the configured default.
            messages: Text, or a list of messages: dicts with `role` and `content` (OpenAI's and Anthropic's content
                blocks), or `Message` objects.
            **options: See `CompletionOptions`.

        Returns:
            The reply.

        Raises:
            FerruleError: See `ferrule.errors` for the tree.
            TypeError: An option has a wrong name or type.
        """
        flight = self._start(self._native.complete, model, messages, options)
        return cast("Reply", wait(flight))

    def stream(self, model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Stream:
        """Asks a model and gives the answer piece by piece. The arguments are those of `complete`.

        Returns:
            The stream, which has begun. Use it in a `with` statement, or close it: that ends the connection.
        """
        from ferrule.streams import Stream

        return Stream(self._start(self._native.stream, model, messages, options))

    def models(
        self, provider: str | None = None, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> list[ModelInfo]:
        """The models that `provider` offers to this key. Lists are remembered for five minutes.

        Args:
            provider: The provider's id; by default all that have a key, or are named in the configuration and need
                none. Of those, one that does not answer offers nothing, and says so in the log. Each entry says whose
                it is.
            timeout: Seconds, or `Timeouts`; the client's where `None`.
            fresh: Ask again, whatever is remembered.
        """
        if provider is None:
            return list(itertools.chain.from_iterable(self._lists(timeout, fresh).values()))
        provider = self._known(provider)
        known = None if fresh else self._known_models.get(provider)
        if known is None:
            known = cast("list[ModelInfo]", wait(self._native.models(provider, timeouts=timeout)))
            self._known_models.put(provider, known)
        return list(known)

    def is_model_available(self, model: str, *, timeout: float | Timeouts | None = None, fresh: bool = False) -> bool:
        """Whether the provider of `model` offers it to this key, as its list of models says. See `models`."""
        provider, name = self._resolve(model)
        return any(offers(listed, name) for listed in self.models(provider, timeout=timeout, fresh=fresh))

    def _lists(self, timeout: float | Timeouts | None, fresh: bool) -> dict[str, list[ModelInfo]]:
        flights: dict[str, Flight] = {}
        lists: dict[str, list[ModelInfo]] = {}
        for provider in self._usable_providers():
            known = None if fresh else self._known_models.get(provider)
            if known is None:
                flights[provider] = self._native.models(provider, timeouts=timeout)
                known = []
            lists[provider] = known
        for provider, flight in flights.items():
            lists[provider] = self._finish_list(provider, flight)
        return lists

    def _finish_list(self, provider: str, flight: Flight) -> list[ModelInfo]:
        try:
            listed = cast("list[ModelInfo]", wait(flight))
        except FerruleError as error:
            unlisted(provider, error)
            return []
        self._known_models.put(provider, listed)
        return listed

    def reload(self) -> None:
        """Reads the configuration's files and the environment again; calls in flight go on as they began.

        Raises:
            ConfigError: Something is wrong; all stays as it was.
        """
        self._registry.reload()

    def close(self) -> None:
        """Closes the connections. Calls in flight go on until they end."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(AwaitedOperations):
    """Calls models and awaits their answers. The methods are those of `Client`.

    May be used from any running loop, also from several in their own threads.
    """

    async def complete(self, model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Reply:
        """Asks a model and waits for the whole answer. See `Client.complete`. Cancelling it ends the call upstream."""
        from ferrule.bridge import running

        loop, bridge = running()
        flight = self._start(self._native.complete, model, messages, options, bridge)
        return cast("Reply", await settle(flight, loop))

    def stream(self, model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> AsyncStream:
        """Asks a model and gives the answer piece by piece. See `Client.stream`.

        Call it where a loop is running; use it in an `async with` statement.
        """
        from ferrule.bridge import running
        from ferrule.streams import AsyncStream

        loop, bridge = running()
        return AsyncStream(self._start(self._native.stream, model, messages, options, bridge), loop)

    async def models(
        self, provider: str | None = None, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> list[ModelInfo]:
        """The models that `provider` offers to this key. See `Client.models`."""
        if provider is not None:
            return list(await self._list(self._known(provider), timeout, fresh))
        import asyncio

        chosen = self._usable_providers()
        lists = await asyncio.gather(*(self._list(one, timeout, fresh) for one in chosen), return_exceptions=True)
        found: list[ModelInfo] = []
        for one, listed in zip(chosen, lists, strict=True):
            if isinstance(listed, FerruleError):
                unlisted(one, listed)
            elif isinstance(listed, BaseException):
                raise listed
            else:
                found.extend(listed)
        return found

    async def is_model_available(
        self, model: str, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> bool:
        """Whether the provider of `model` offers it to this key. See `Client.is_model_available`."""
        provider, name = self._resolve(model)
        return any(offers(listed, name) for listed in await self._list(provider, timeout, fresh))

    async def _list(self, provider: str, timeout: float | Timeouts | None, fresh: bool) -> list[ModelInfo]:
        from ferrule.bridge import running

        known = None if fresh else self._known_models.get(provider)
        if known is None:
            loop, bridge = running()
            flight = self._native.models(provider, timeouts=timeout, bridge=bridge)
            known = cast("list[ModelInfo]", await settle(flight, loop))
            self._known_models.put(provider, known)
        return known

    async def reload(self) -> None:
        """Reads the configuration's files and the environment again. See `Client.reload`."""
        import asyncio

        await asyncio.to_thread(self._registry.reload)

    async def close(self) -> None:
        """Closes the connections. Calls in flight go on until they end."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


_shared: Client | None = None
_sharing = threading.Lock()


def _shared_client() -> Client:
    global _shared
    with _sharing:
        if _shared is None:
            _shared = Client()
        return _shared


def complete(model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Reply:
    """`Client.complete` on a client that the whole program shares, configured by the environment."""
    return _shared_client().complete(model, messages, **options)


def stream(model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Stream:
    """`Client.stream` on a client that the whole program shares, configured by the environment."""
    return _shared_client().stream(model, messages, **options)
