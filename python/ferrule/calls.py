"""What both clients are before they wait: they keep the settings, and start calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ferrule._native import NativeClient
from ferrule.configuration import Configuration
from ferrule.configuration.registry import Registry
from ferrule.operations.known_models import KnownModels
from ferrule.operations.start import declared
from ferrule.options import Timeouts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from ferrule._native import Flight, LoopBridge, Message
    from ferrule.functions import ProviderRequest
    from ferrule.options import CompletionOptions, ProviderOptions
    from ferrule.sidecar import Sidecar
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


class Calls:
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
        given, parse = declared(options)
        return start(model, messages, given, bridge=bridge, parse=parse)

    def _resolve(self, model: str | None) -> tuple[str, str]:
        return self._native.resolve(model)

    def _usable_providers(self) -> list[str]:
        return self._registry.configuration.usable()

    def _known(self, provider: str) -> str:
        return self._native.provider(provider)

    def _own_models(self) -> Mapping[str, Any]:
        return self._registry.configuration.state.merged.tree.get("models") or {}
