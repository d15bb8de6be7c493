"""Base class of `Client` and `AsyncClient`: the configuration, and every method that makes no request."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, cast

import ferrule
from ferrule import _native, greenlets
from ferrule._native import Cost, Flight, LoopBridge, Message, NativeCatalog, NativeClient
from ferrule.catalog import price
from ferrule.configuration import Configuration
from ferrule.configuration.live import LiveConfiguration
from ferrule.configuration.registry import Registry
from ferrule.configuration.watch import INTERVAL, Watch
from ferrule.intercepting import Interceptable
from ferrule.limit_options import BudgetOptions, LimitOptions
from ferrule.numeric import as_integer, as_number
from ferrule.operations.call_options import engine_for, no_messages, prepare_completion, refuse_dry_run
from ferrule.operations.model_lists import ModelListCache
from ferrule.operations.token_count import count_locally
from ferrule.options import (
    DEFAULT_TOTAL,
    BreakerOptions,
    CompletionOptions,
    GroupOptions,
    Messages,
    Model,
    ProviderOptions,
    RetryOptions,
    RunOptions,
    Timeouts,
)

if TYPE_CHECKING:
    from ferrule.functions import ProviderFunction, TokenFunction
    from ferrule.map_progress import Progress
    from ferrule.mapping import Calls
    from ferrule.run import Steps
    from ferrule.structured import Format
    from ferrule.validation_retries import ValidationRetries

    _Tokens = TypeVar("_Tokens", bound=TokenFunction)
    _Function = TypeVar("_Function", bound=ProviderFunction)
else:
    _Tokens = TypeVar("_Tokens")
    _Function = TypeVar("_Function")


class _UnknownAttributes:
    """The `__getattr__` of clients, whose errors explain attribute names of other libraries' clients.

    It is hidden from the class itself, because notebooks complete arguments only for classes without `__getattr__`.
    """

    def __get__(self, client: object | None, kind: type) -> Callable[[str], NoReturn]:
        if client is None:
            raise AttributeError("__getattr__")

        def refuse(name: str) -> NoReturn:
            from ferrule.peer_attributes import client_answer

            raise AttributeError(client_answer(kind.__name__, name, dir(kind)))

        return refuse


class BaseClient(Interceptable):
    """The part of both clients that makes no request."""

    def __init__(
        self,
        *,
        config: str | os.PathLike[str] | Mapping[str, Any] | Literal[False] | None = None,
        providers: Mapping[str, ProviderOptions] | None = None,
        aliases: Mapping[str, str] | None = None,
        groups: Mapping[str, GroupOptions] | None = None,
        limits: Mapping[str, LimitOptions] | None = None,
        budgets: Mapping[str, BudgetOptions] | None = None,
        state: str | None = None,
        on_state_loss: Literal["local", "open", "closed"] | None = None,
        model: str | None = None,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        retry: str | RetryOptions | None = None,
        breaker: BreakerOptions | None = None,
        drop_params: bool | None = None,
        ca_file: str | os.PathLike[str] | None = None,
        client_certificate: str | os.PathLike[str] | None = None,
        models: Mapping[str, Mapping[str, Any]] | None = None,
        watch: bool | float = False,
        **unknown: NoReturn,
    ) -> None:
        """Creates a client. It does not connect to anything yet.

        Settings that are not given come from the environment, then from the project's `ferrule.toml`, then from the
        user's configuration; docs/configuration.md lists the keys and variables. Until the user trusts the project's
        file (`ferrule config trust`), it may set only a few keys. Services should name their file, here or in
        `FERRULE_CONFIG`.

        Args:
            config: The configuration file to read instead of the user's and the project's; a dict of the same form;
                `False` to read none.
            providers: Providers by id, which add to or override the built-in ones: `base_url`, `api_key`, `headers`,
                ...
            aliases: Names for models, with the models that they stand for.
            groups: Groups of models that stand in for each other, by name: `targets`, `strategy`, ... See
                docs/failover.md.
            limits: Rate limits by name: `requests_per_minute`, `tokens_per_minute`, `concurrency`, ... See
                docs/limits.md.
            budgets: Budgets by name: `amount` in dollars, `window`, `mode`, ... See docs/budgets.md.
            state: Where limits, budgets and calls are recorded: in `"memory"`, for this client alone, or in
                `"sqlite:///path"`, for all processes of the machine. See docs/several-processes.md.
            on_state_loss: The behaviour while a shared state is unavailable: `"local"`, `"open"` or `"closed"`.
            model: The default model, for calls that name none.
            timeout: Seconds for a whole call, or `Timeouts`. Default: 5 to connect, 120 idle, 600 in total.
            max_retries: How many times a failed attempt is retried before the first event. Default 2.
            retry: How failed attempts are retried: a preset (`"default"`, `"aggressive"`, `"conservative"`, `"none"`),
                or `RetryOptions`.
            breaker: When circuit breakers open, and for how long.
            drop_params: Drop options that a provider's wire format does not support, with a warning, instead of raising
                `UnsupportedError`. Default false.
            ca_file: Certificates (PEM) to trust in addition to the operating system's.
            client_certificate: The client's own certificate and key (PEM, one file), for servers that request it.
            models: Your own catalog entries, by `provider/model`: `{"context_window": 128000, "prices":
                {"input_mtok": 2.5, "output_mtok": 10}}`. Prices are dollars per million tokens.
            watch: Whether to reload the configuration when one of its files changes; a number is the seconds between
                two checks. Default false; `True` checks every second.
            **unknown: Unknown arguments, such as other libraries' names, for an error that says what to write instead.

        Raises:
            ConfigError: The configuration is invalid; the message names the setting, with file and line.
            TypeError: An argument has a wrong name or type.
        """
        if unknown:
            from ferrule.peer_names import client_answer

            known = [*(BaseClient.__init__.__kwdefaults__ or ())]
            raise TypeError(client_answer(min(unknown), known, CompletionOptions.__annotations__))
        retries = as_integer(max_retries)
        if max_retries is not None and (retries is None or not 0 <= retries < 2**32):
            raise TypeError(f"max_retries: expected a whole number, 0 or more, not {max_retries!r}")
        interval = INTERVAL if watch is True else as_number(watch) if watch else None
        if watch and not (interval is not None and 0 < interval < float("inf")):
            raise TypeError(f"watch: expected a truth value or a positive number of seconds, not {watch!r}")
        arguments: dict[str, Any] = {
            "providers": providers,
            "aliases": aliases,
            "groups": groups,
            "limits": limits,
            "budgets": budgets,
            "state": state,
            "on_state_loss": on_state_loss,
            "retry": {"preset": retry} if isinstance(retry, str) else retry,
            "breaker": breaker,
            "models": models,
            "model": model,
            "timeouts": None if timeout is None else _time_limits(timeout),
            "max_retries": retries,
            "drop_params": drop_params,
            "ca_file": None if ca_file is None else str(ca_file),
            "client_certificate": None if client_certificate is None else str(client_certificate),
        }
        configuration = Configuration.read(config, arguments)
        greenlets.current()  # Under gevent keys are fetched in this thread's hub, whoever asks for them.
        self._sidecars: list[ferrule.Sidecar] = []
        if any(fields.get("spawn") for fields in configuration.providers().values()):
            from ferrule.sidecar import start_sidecars  # http.client, logging, subprocess

            configuration, self._sidecars = start_sidecars(configuration)
        self._native = _native.NativeClient(configuration.settings(), configuration.fetch)
        self._model_lists = ModelListCache()
        # What providers offered may have changed with their settings.
        self._live = LiveConfiguration(configuration, self._native, self._model_lists.clear)
        self._registry = Registry(self._live)
        self._watch = Watch(self._registry, interval) if interval is not None else None
        self._join_others()
        # The catalog with the client's own entries, and the entries it was made with.
        self._own_catalog: tuple[Mapping[str, Any], NativeCatalog] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(providers={self._registry.usable_providers()})"

    if not TYPE_CHECKING:  # With it, type checkers would accept any name.
        __getattr__ = _UnknownAttributes()

    @property
    def registry(self) -> Registry:
        """The client's providers, aliases and models by name, to read and to change while the client runs."""
        return self._registry

    @property
    def sidecars(self) -> tuple[ferrule.Sidecar, ...]:
        """The LiteLLM proxies that the client started (`spawn` in the configuration)."""
        return tuple(self._sidecars)

    def provider(self, name: str) -> Callable[[_Function], _Function]:
        """A decorator that registers an `async def` function, or an async generator, as the provider `name`.

        The function is called with a `ProviderRequest` and returns text, or a dict in OpenAI's message format; a
        generator yields them piece by piece. `client.complete("name/model", ...)` then calls it, with the same routing,
        retries, time limits, usage and errors as any other provider. It may raise the exceptions of
        `ferrule.errors`: a `RateLimitedError(..., retry_after=1)` is retried. With `AsyncClient` it runs on the
        caller's event loop, with `Client` on one that Ferrule runs in a thread.

        Args:
            name: The provider's id.

        Raises:
            ConfigError: A provider of this name exists that is not a function.
        """

        def register(function: _Function) -> _Function:
            self._live.register_function(name, function)
            return function

        return register

    def token_provider(self, provider: str) -> Callable[[_Tokens], _Tokens]:
        """A decorator that makes a function the source of tokens for `provider`, instead of a key.

        Use it for tokens of Microsoft Entra ID or another identity service. The function returns the token, a pair of
        the token and its validity in seconds, or an object with `token` and `expires_on` (like `azure-identity`); it
        may be `async def`. It is called on a separate thread before a token is needed, and again before that token
        expires or after it was refused.

        Args:
            provider: The provider's id.

        Raises:
            ConfigError: The provider is unknown.
        """

        def register(function: _Tokens) -> _Tokens:
            self._live.register_tokens(provider, function)
            return function

        return register

    def usage(self) -> ferrule.UsageTracker:
        """The usage and cost of this client's calls, by provider, model, alias and metadata."""
        from ferrule.usage import UsageTracker  # dataclasses, decimal

        return UsageTracker(self._native)

    def metrics(self, *, labels: Sequence[str] = ()) -> str:
        """The client's metrics in Prometheus' text format. `ferrule.metrics` has a server, and metrics of all clients.

        Histograms and attempts are only counted after the first reading. docs/observability.md lists the metrics.

        Args:
            labels: Keys of the calls' `metadata` to add as labels to the counters of calls, tokens and cost.
        """
        from ferrule.metrics import text  # http.server

        return text(cast("Any", self), labels=labels)

    def breaker(self, target: str) -> ferrule.Breaker:
        """The circuit breaker of a target, to open or reset it manually.

        Args:
            target: `provider/model`, the name of a target in `status()`, or a group, for all of its targets.
        """
        from ferrule.operations.status import Breaker  # dataclasses

        return Breaker(self._native, target)

    def budget(self, name: str, value: str | None = None) -> ferrule.Budget:
        """A budget, to top up or reset it manually.

        Args:
            name: The budget's name, as in the configuration.
            value: The value of its scope, such as a team's name; not needed if the scope is `all`.
        """
        from ferrule.operations.admission_status import Budget  # dataclasses, decimal

        return Budget(self._native, name, value)

    def capabilities(self, model: str) -> ferrule.Capabilities:
        """What a model can do: context window, modalities, tools, reasoning. No request is made.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.

        Returns:
            The known capabilities; `None` for each unknown one.

        Raises:
            ConfigError: The name matches no provider's model, or several providers'.
        """
        from ferrule.operations.capabilities import capabilities_of  # dataclasses

        provider, name = self._resolve(model)
        return capabilities_of(provider, name, self._catalog().find(provider, name))

    def estimate_cost(
        self,
        model: str,
        prompt: str | Sequence[Message | Mapping[str, Any]] | int,
        *,
        max_tokens: int | None = None,
        cached_tokens: int | None = None,
        at: datetime.datetime | None = None,
        batch: bool = False,
        service_tier: str | None = None,
        system: str | Sequence[Mapping[str, Any]] | None = None,
        tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None = None,
        response_format: Any = None,
    ) -> Cost | None:
        """The maximum cost of a call. No request is made: tokens are counted locally, for most models approximately.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.
            prompt: The messages, as `complete` takes them; or a number of tokens.
            max_tokens: The maximum number of tokens in the reply. Without it, only the prompt is priced.
            cached_tokens: How many of the prompt's tokens are read from a cache.
            at: The time of the call; now if `None`. Without a time zone it is UTC.
            batch: Whether the call uses the provider's batch API.
            service_tier: The provider's name of the service tier, such as `flex` or `priority`.
            system: The system prompt, as `complete` takes it. Like the next two options it is part of the prompt.
            tools: Tools that the model may call.
            response_format: The format of the reply.

        Returns:
            The cost with its breakdown; `None` if the price, or a number that it depends on, is unknown.

        Raises:
            ConfigError: The name matches no provider's model, or several providers'.
        """
        provider, name = self._resolve(model)
        given, _ = prepare_completion({"system": system, "tools": tools, "response_format": response_format})
        tokens = as_integer(prompt)
        if tokens is None:
            tokens = count_locally(name, cast("Messages", prompt), given).tokens
        usage = {"input_tokens": tokens, "output_tokens": max_tokens or 0, "cache_read_tokens": cached_tokens}
        catalog = self._catalog()
        return price(catalog, provider, name, usage, at=at, batch=batch, service_tier=service_tier)

    def _close(self) -> None:
        if self._watch is not None:
            self._watch.close()
        for sidecar in self._sidecars:
            sidecar.stop()
        self._native.close()

    def _start(
        self,
        name: str,
        start: Callable[..., Flight],
        model: Model,
        messages: Messages | None,
        options: CompletionOptions,
        bridge: LoopBridge | None = None,
    ) -> tuple[Flight, Format | None]:
        """Starts the call of the method `name`. Gives what makes a value of the reply, too."""
        if name == "stream" and options.get("retries_on_invalid"):
            raise TypeError("retries_on_invalid: a stream was read when it turns out not to fit; use complete")
        if name == "stream":
            refuse_dry_run(name, options)
        if options.get("hooks") is not None:
            start = getattr(self._engine_for(options), name)
        given, format_ = prepare_completion(options)
        if messages is None:
            raise no_messages(name)
        return start(model, messages, given, bridge=bridge, parse=format_), format_

    def _plan(self, model: Model, prompt: Any, options: Mapping[str, Any], kind: str) -> ferrule.RoutingPlan:
        """The targets that a call of the method `kind` would try."""
        from ferrule.routing import plan_of  # dataclasses, inspect

        if kind != "embed":
            given, _ = prepare_completion(cast("CompletionOptions", {**options}))
            options = given
        return plan_of(self._native.route(model, prompt, dict(options), kind))

    def _validation_retries(
        self, name: str, messages: Messages | None, options: CompletionOptions
    ) -> ValidationRetries:
        from ferrule.validation_retries import ValidationRetries  # rarely needed

        if messages is None:
            prepare_completion(options)
            raise no_messages(name)
        total = (self._live.configuration.state.merged.tree.get("timeouts") or {}).get("total", DEFAULT_TOTAL)
        return ValidationRetries(messages, options, total)

    def _steps(self, messages: Messages, options: RunOptions, **limits: Any) -> Steps:
        """The loop of a run."""
        from ferrule.run import Steps  # dataclasses, inspect, threading

        refuse_dry_run("run", options)
        timeouts = self._live.configuration.settings()["timeouts"]
        total = None if timeouts is None else timeouts.total
        steps = Steps(messages, options, call_limit=DEFAULT_TOTAL if total is None else total, **limits)
        steps.toolbox.owner = self
        return steps

    def _prepare_map(
        self, model: Model, prompts: Any, options: CompletionOptions, progress: bool
    ) -> tuple[Calls, Progress | None]:
        """What starts the calls of `map`, and its progress bar."""
        refuse_dry_run("map", options)
        self._resolve(model)
        native = self._engine_for(options)
        asked: CompletionOptions = {**options}
        # Once for all: functions and types are declared in place.
        given, parse = prepare_completion(options)

        def converse(prompt: Messages) -> ValidationRetries | None:
            return self._validation_retries("map", prompt, {**asked}) if asked.get("retries_on_invalid") else None

        def start(prompt: Any, again: ValidationRetries | None, bridge: LoopBridge) -> Flight:
            timed = given
            if again is not None and "timeout" in (left := again.options()):
                timed = {**given, "timeout": left["timeout"]}
            return native.complete(model, prompt, timed, bridge=bridge, parse=parse)

        if asked.get("retries_on_invalid"):
            converse("")  # An option that is wrong is said before the first prompt is taken.
        if not progress:
            return (converse, start), None
        from ferrule.map_progress import Progress  # rich

        return (converse, start), Progress(prompts)

    def _engine_for(self, options: Any) -> NativeClient:
        """The engine for a call with these options, whose `hooks` are taken out of them."""
        return engine_for(self._native, options, is_async=self._observers_may_be_async)

    def _resolve(self, model: Model) -> tuple[str, str]:
        return self._native.resolve(model)

    def _provider_id(self, name: str) -> str:
        """The id of the provider with this id or alias."""
        return self._native.provider(name)

    def _health_targets(self, providers: str | Sequence[str] | None) -> list[str]:
        if providers is None:
            return self._registry.usable_providers()
        if isinstance(providers, str):
            providers = [providers]
        return [self._provider_id(provider) for provider in providers]

    def _catalog(self) -> NativeCatalog:
        """The catalog with the client's own entries, as they are now."""
        entries = self._live.configuration.models()
        made = self._own_catalog
        if made is None or made[0] != entries:
            # Two threads may both make one; either is right.
            made = self._own_catalog = (entries, _native.NativeCatalog(entries))
        return made[1]


def _time_limits(timeout: Any) -> dict[str, float | None]:
    """The time limits of a client, by name."""
    given = timeout._asdict() if isinstance(timeout, Timeouts) else {"total": timeout}
    limits = {name: as_number(seconds) for name, seconds in given.items()}
    for name, seconds in given.items():
        number = limits[name]
        # Written so that `nan` fails as well.
        if seconds is not None and not (number is not None and 0 < number < float("inf")):
            place = f"timeout.{name}" if isinstance(timeout, Timeouts) else "timeout"
            raise TypeError(f"{place}: expected a positive number of seconds or ferrule.Timeouts, not {seconds!r}")
    return limits
