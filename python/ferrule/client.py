"""The clients: arguments in, one crossing into the engine, replies and streams out.

`Client` blocks, `AsyncClient` awaits; the methods are the same. What they share is in `_Calls`.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from ferrule._native import NativeClient, Reply
from ferrule.configuration import Configuration
from ferrule.configuration.registry import Registry
from ferrule.errors import FerruleError
from ferrule.operations.awaited import AwaitedOperations
from ferrule.operations.blocking import BlockingOperations, wait
from ferrule.operations.known_models import KnownModels, offers, unlisted
from ferrule.operations.offline import OfflineOperations
from ferrule.options import Timeouts

if TYPE_CHECKING:
    import os
    import sys
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self, Unpack
    else:
        from typing_extensions import Self, Unpack

    from ferrule._native import Flight, LoopBridge, Message, ModelInfo
    from ferrule.functions import ProviderRequest
    from ferrule.options import CompletionOptions, ProviderOptions
    from ferrule.sidecar import Sidecar
    from ferrule.streams import AsyncStream, Stream
    from ferrule.usage import UsageTracker

    _Tokens = TypeVar("_Tokens", bound=Callable[[], Any])
    _Function = TypeVar("_Function", bound=Callable[[ProviderRequest], Any])
    Messages = str | Sequence[Message | Mapping[str, Any]]


def _limits(timeout: Any) -> dict[str, float]:
    """The time limits of a client, by name."""
    limits = timeout._asdict() if isinstance(timeout, Timeouts) else {"total": timeout}
    for name, seconds in limits.items():
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        # Written so that `nan` fails as well.
        if seconds is not None and not (number and 0 < seconds < float("inf")):
            place = f"timeout.{name}" if isinstance(timeout, Timeouts) else "timeout"
            raise TypeError(f"{place}: expected a positive number of seconds or ferrule.Timeouts, not {seconds!r}")
    return limits


class _Calls(OfflineOperations):
    """What both clients do: keep the settings, and start calls."""

    def __init__(
        self,
        *,
        config: str | os.PathLike[str] | Mapping[str, Any] | Literal[False] | None = None,
        providers: Mapping[str, ProviderOptions] | None = None,
        aliases: Mapping[str, str] | None = None,
        model: str | None = None,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        drop_params: bool | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        models: Mapping[str, Mapping[str, Any]] | None = None,
        watch: bool | float = False,
    ) -> None:
        """Makes a client; connects to nothing yet.

        What an argument does not say comes from the environment, then from the project's `ferrule.toml`, then from the
        user's configuration; docs/configuration.md has the keys and variables.

        Args:
            config: The configuration file to read in place of the user's and the project's; a dict that says what a
                file would; `False` to read none.
            providers: Providers by id, beside and over the built-in ones: `base_url`, `api_key`, `headers`, ...
            aliases: Names for models, with what they stand for.
            model: The model where a call names none.
            timeout: Seconds for a whole call, or `Timeouts`. Default: connect 5, idle 120, total 600.
            max_retries: How many times a failed attempt is repeated before the first event. Default 2.
            drop_params: Leave out what a provider's dialect cannot carry, with a warning, instead of an error.
            ca_file: Certificates (PEM) to trust beside the operating system's.
            client_certificate: Our own certificate and key (PEM, one file), for servers that ask for it.
            models: Your own entries of the catalog, by `provider/model`: `{"context_window": 128000, "prices":
                {"input_mtok": 2.5, "output_mtok": 10}}`. Prices are dollars for a million tokens.
            watch: Read the configuration again when a file of it changes: looked for every second, or so many seconds.

        Raises:
            ConfigError: A setting is not usable; the text names it, with file and line.
        """
        wrong = isinstance(max_retries, bool) or not isinstance(max_retries, int) or not 0 <= max_retries < 2**32
        if max_retries is not None and wrong:
            raise TypeError(f"max_retries: expected a whole number, 0 or more, not {max_retries!r}")
        arguments: dict[str, Any] = {
            "providers": providers,
            "aliases": aliases,
            "models": models,
            "model": model,
            "timeouts": None if timeout is None else _limits(timeout),
            "max_retries": max_retries,
            "drop_params": drop_params,
            "ca_file": None if ca_file is None else str(ca_file),
            "client_certificate": None if client_certificate is None else str(client_certificate),
        }
        configuration = Configuration(config, arguments)
        self._sidecars: list[Sidecar] = []
        if any(fields.get("spawn") for fields in configuration.providers().values()):
            from ferrule.sidecar import spawned

            configuration, self._sidecars = spawned(configuration)
        native = NativeClient(configuration.settings(), configuration.fetch)
        self._native = native
        self._known_models = KnownModels()
        self._registry = Registry(configuration, native, self._known_models.clear)
        self._watch = None
        if watch:
            from ferrule.configuration.watch import INTERVAL, Watch

            self._watch = Watch(self._registry, INTERVAL if watch is True else watch)

    def usage(self) -> UsageTracker:
        """What the calls of this client used and cost in all, by provider, model, alias and metadata."""
        from ferrule.usage import UsageTracker

        return UsageTracker(self._native)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(providers={self._registry.configuration.usable()})"

    @property
    def registry(self) -> Registry:
        """Providers, aliases and models by name, to read and to change while the client runs."""
        return self._registry

    def provider(self, name: str) -> Callable[[_Function], _Function]:
        """Registers an `async def` function, or an async generator, as the provider `name`.

        It is called with a `ferrule.functions.ProviderRequest` and gives text, or dicts in the form of OpenAI's
        messages; a generator gives them piece by piece. `client.complete("name/model", ...)` then asks it, with the
        routing, retries, limits, usage and errors of every other provider. It may raise the exceptions of
        `ferrule.errors`: a `RateLimitedError(..., retry_after=1)` is tried again. With `AsyncClient` it runs on the
        caller's loop, with `Client` on one that Ferrule keeps in a thread.

        Args:
            name: The provider's id.

        Raises:
            ConfigError: There is a provider of this name that is no function.
        """

        def register(function: _Function) -> _Function:
            self._registry.register_function(name, function)
            return function

        return register

    def token_provider(self, provider: str) -> Callable[[_Tokens], _Tokens]:
        """Has a function give the tokens for `provider`, in place of a key: those of Entra or of an identity service.

        The function gives a text, a pair of text and seconds of validity, or an object with `token` and `expires_on`
        (as `azure-identity` does); it may be `async def`. It is called on a thread of its own before a token is needed,
        and again before that one expires or when it was refused.

        Args:
            provider: The provider's id.

        Raises:
            ConfigError: There is no such provider.
        """

        def register(function: _Tokens) -> _Tokens:
            self._registry.register_tokens(provider, function)
            return function

        return register

    def _close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        for sidecar in self._sidecars:
            sidecar.stop()
        self._native.close()

    def _start(
        self,
        start: Callable[..., Flight],
        model: str | None,
        messages: Messages,
        options: CompletionOptions,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        given, parse = self._declared(options)
        return start(model, messages, given, bridge=bridge, parse=parse)

    def _resolve(self, model: str | None) -> tuple[str, str]:
        return self._native.resolve(model)

    def _usable_providers(self) -> list[str]:
        return self._registry.configuration.usable()

    def _known(self, provider: str) -> str:
        return self._native.provider(provider)

    def _own_models(self) -> Mapping[str, Any]:
        return self._registry.configuration.state.merged.tree.get("models") or {}


class Client(_Calls, BlockingOperations):
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


class AsyncClient(_Calls, AwaitedOperations):
    """Calls models and awaits their answers. The methods are those of `Client`.

    May be used from any running loop, also from several in their own threads.
    """

    async def complete(self, model: str | None, messages: Messages, **options: Unpack[CompletionOptions]) -> Reply:
        """Asks a model and waits for the whole answer. See `Client.complete`. Cancelling it ends the call upstream."""
        from ferrule.bridge import running

        loop, bridge = running()
        flight = self._start(self._native.complete, model, messages, options, bridge)
        return cast("Reply", await _settle(flight, loop))

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
            known = cast("list[ModelInfo]", await _settle(flight, loop))
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


async def _settle(flight: Flight, loop: Any) -> Any:
    try:
        while not isinstance(ready := flight.next(loop), (Reply, list)):
            await ready
        return ready
    except BaseException:
        flight.cancel()
        raise


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
