"""AsyncClient: the asynchronous client. Its methods are those of `Client`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, cast, overload

import ferrule
from ferrule._native import Reply, ToolCall
from ferrule.async_client_operations import AsyncClientOperations
from ferrule.bridge import running
from ferrule.errors import FerruleError
from ferrule.operations.call_options import is_dry_run
from ferrule.operations.health import Health
from ferrule.options import (
    Approval,
    CallOptions,
    CommonOptions,
    CompletionOptions,
    Messages,
    Model,
    ResponseType,
    RunOptions,
    Timeouts,
    Tools,
)
from ferrule.settling import settle
from ferrule.signatures import with_options
from ferrule.streams import AsyncStream
from ferrule.typing_compat import Self, T, Unpack

_PATIENCE_WITH_OBSERVERS = 5.0
"""How many seconds asynchronous observers have to finish when their client is closed."""


class AsyncClient(AsyncClientOperations):
    """Calls models and awaits their replies. The methods are those of `Client`.

    May be used from any running event loop, also from several loops in threads of their own. Use it in an `async with`
    statement, or `aclose` it.
    """

    _observers_may_be_async = True

    @overload
    async def complete(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[T]: ...

    @overload
    async def complete(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[Any]: ...

    @overload
    async def complete(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[T]: ...

    @overload
    async def complete(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[Any]: ...

    @with_options(CompletionOptions)
    async def complete(
        self, model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]
    ) -> Reply[Any]:
        """Calls a model and waits for the whole reply. Cancelling it ends the call. See `Client.complete`."""
        if options.get("routing") is not None and is_dry_run(options):
            # What type checkers cannot see; `route` is typed.
            return cast("Reply[Any]", self._plan(model, messages, options, "complete"))
        loop, bridge = running()
        if options.get("retries_on_invalid"):
            return await self._complete_until_valid(model, messages, options)
        flight, _ = self._start("complete", self._native.complete, model, messages, options, bridge)
        return cast("Reply[Any]", await settle(flight, loop))

    async def _complete_until_valid(
        self, model: Model, messages: Messages | None, options: CompletionOptions
    ) -> Reply[Any]:
        loop, bridge = running()
        again = self._validation_retries("complete", messages, options)
        while True:
            flight, _ = self._start("complete", self._native.complete, model, again.messages, again.options(), bridge)
            try:
                reply = cast("Reply[Any]", await settle(flight, loop))
            except FerruleError as error:
                again.failed(error)
                raise
            if again.is_over(reply):
                return again.finished(reply)

    @overload
    def stream(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: ResponseType[T],
        **options: Unpack[CallOptions],
    ) -> AsyncStream[T]: ...

    @overload
    def stream(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> AsyncStream[Any]: ...

    @overload
    def stream(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: ResponseType[T],
        **options: Unpack[CallOptions],
    ) -> AsyncStream[T]: ...

    @overload
    def stream(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> AsyncStream[Any]: ...

    @with_options(CompletionOptions)
    def stream(
        self, model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]
    ) -> AsyncStream[Any]:
        """Calls a model and streams the reply. See `Client.stream`.

        Call it where an event loop is running; use it in an `async with` statement.
        """
        loop, bridge = running()
        flight, format_ = self._start("stream", self._native.stream, model, messages, options, bridge)
        return AsyncStream(flight, loop, format_)

    @overload
    async def run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        response_format: ResponseType[T],
        **options: Unpack[CommonOptions],
    ) -> ferrule.Run[T]: ...

    @overload
    async def run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        response_format: Any = None,
        **options: Unpack[CommonOptions],
    ) -> ferrule.Run[Any]: ...

    @with_options(RunOptions)
    async def run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        **options: Unpack[RunOptions],
    ) -> ferrule.Run[Any]:
        """Calls a model and the tools that it calls, in turns, until it answers. See `Client.run`.

        Tools that are `async def` run on the caller's event loop, others in threads. Cancelling it ends the model's
        call and asynchronous tools.
        """
        from ferrule.run_async import finish

        steps = self._steps(
            messages,
            options,
            tools=tools,
            max_steps=max_steps,
            max_cost=max_cost,
            timeout=timeout,
            approve=approve,
            parallel=parallel,
        )
        return await finish(self, model, steps)

    @overload
    def stream_run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        response_format: ResponseType[T],
        **options: Unpack[CommonOptions],
    ) -> ferrule.AsyncRunStream[T]: ...

    @overload
    def stream_run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        response_format: Any = None,
        **options: Unpack[CommonOptions],
    ) -> ferrule.AsyncRunStream[Any]: ...

    @with_options(RunOptions)
    def stream_run(
        self,
        model: Model,
        messages: Messages,
        *,
        tools: Tools,
        max_steps: int = 10,
        max_cost: float | Decimal | None = None,
        timeout: float | Timeouts | None = None,
        approve: Callable[[ToolCall], Approval | Awaitable[Approval]] | None = None,
        parallel: bool = True,
        **options: Unpack[RunOptions],
    ) -> ferrule.AsyncRunStream[Any]:
        """`run`, as it goes on: the events of the model's streams, and those of the run. See `Client.stream_run`.

        Use it in an `async with` statement.
        """
        from ferrule.run_async import follow

        steps = self._steps(
            messages,
            options,
            tools=tools,
            max_steps=max_steps,
            max_cost=max_cost,
            timeout=timeout,
            approve=approve,
            parallel=parallel,
        )
        return follow(self, model, steps)

    @overload
    def map(
        self,
        model: Model,
        prompts: Iterable[Messages] | AsyncIterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> ferrule.AsyncReplies[T]: ...

    @overload
    def map(
        self,
        model: Model,
        prompts: Iterable[Messages] | AsyncIterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> ferrule.AsyncReplies[Any]: ...

    @with_options(CompletionOptions)
    def map(
        self,
        model: Model,
        prompts: Iterable[Messages] | AsyncIterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.AsyncReplies[Any]:
        """Calls a model with many prompts, several at a time; iterate with `async for`. See `Client.map`.

        Call it where an event loop is running. `prompts` may be an asynchronous iterable as well.
        """
        from ferrule.mapping import AsyncReplies

        loop, bridge = running()
        calls, bar = self._prepare_map(model, prompts, options, progress)
        return AsyncReplies(calls, prompts, concurrency, ordered=ordered, progress=bar, loop=loop, bridge=bridge)

    @with_options(CompletionOptions)
    async def route(
        self,
        model: Model = None,
        messages: Messages | None = None,
        *,
        stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.RoutingPlan:
        """The targets that a call would try, in order, and why. See `Client.route`."""
        return self._plan(model, messages, options, "stream" if stream else "complete")

    async def status(self) -> ferrule.Status:
        """What the client knows of its groups and targets now: circuit breakers, latencies, calls under way.

        No request is made.
        """
        from ferrule.operations.status import status_of  # dataclasses

        return status_of(self._native)

    async def health(
        self, providers: str | Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """Checks providers, all at once: reachable, key accepted, latency. See `Client.health`."""
        loop, bridge = running()
        flight = self._native.health(self._health_targets(providers), timeouts=timeout, bridge=bridge)
        return [Health(**fields) for fields in await settle(flight, loop)]

    async def reload(self) -> None:
        """Reads the configuration's files and the environment again. See `Client.reload`."""
        await asyncio.to_thread(self._registry.reload)

    async def aclose(self) -> None:
        """Closes the connections. Calls in flight continue until they end.

        Asynchronous observers get up to five seconds to finish.
        """
        if self._observers is not None:
            await self._observers.aclose(_PATIENCE_WITH_OBSERVERS)
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
