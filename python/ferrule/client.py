"""Client: the synchronous client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast, overload

import ferrule
from ferrule import greenlets
from ferrule._native import Reply, ToolCall
from ferrule.client_operations import ClientOperations
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
from ferrule.signatures import with_options
from ferrule.streams import Stream
from ferrule.typing_compat import Self, T, Unpack
from ferrule.waiting import bridge_of, call_and_wait, wait_for

if TYPE_CHECKING:
    pass


class Client(ClientOperations):
    """Calls models and blocks until they answer. Safe to share between threads; Ctrl-C interrupts it.

    Use it in a `with` statement, or `close` it.
    """

    @overload
    def complete(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[T]: ...

    @overload
    def complete(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[Any]: ...

    @overload
    def complete(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[T]: ...

    @overload
    def complete(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> Reply[Any]: ...

    @with_options(CompletionOptions)
    def complete(
        self, model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]
    ) -> Reply[Any]:
        """Calls a model and waits for the whole reply.

        Args:
            model: `provider/model` or `provider:model`, an alias, a bare name that one provider offers, or `None` for
                the default model. A list of names is tried in order.
            messages: Text, or a list of messages: dicts with `role` and `content` (OpenAI's and Anthropic's content
                blocks), or `Message` objects.
            **options: See `CompletionOptions`.

        Returns:
            The reply. Its `parsed` has the type given as `response_format`.

        Raises:
            FerruleError: See `ferrule.errors` for the subclasses.
            TypeError: An option has a wrong name or type, or the messages are missing.
            ValueError: `reasoning` or `tool_choice` has an unknown value.
        """
        if options.get("routing") is not None and is_dry_run(options):
            # What type checkers cannot see; `route` is typed.
            return cast("Reply[Any]", self._plan(model, messages, options, "complete"))
        if options.get("retries_on_invalid"):
            return self._complete_until_valid(model, messages, options)
        hub = greenlets.current()
        flight, _ = self._start("complete", self._native.complete, model, messages, options, bridge_of(hub))
        return cast("Reply[Any]", wait_for(flight, hub))

    def _complete_until_valid(self, model: Model, messages: Messages | None, options: CompletionOptions) -> Reply[Any]:
        again = self._validation_retries("complete", messages, options)
        hub = greenlets.current()
        while True:
            flight, _ = self._start(
                "complete", self._native.complete, model, again.messages, again.options(), bridge_of(hub)
            )
            try:
                reply = cast("Reply[Any]", wait_for(flight, hub))
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
    ) -> Stream[T]: ...

    @overload
    def stream(
        self,
        model: Model,
        messages: Messages,
        *,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> Stream[Any]: ...

    @overload
    def stream(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: ResponseType[T],
        **options: Unpack[CallOptions],
    ) -> Stream[T]: ...

    @overload
    def stream(
        self,
        *,
        messages: Messages,
        model: Model = None,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> Stream[Any]: ...

    @with_options(CompletionOptions)
    def stream(
        self, model: Model = None, messages: Messages | None = None, **options: Unpack[CompletionOptions]
    ) -> Stream[Any]:
        """Calls a model and streams the reply.

        Args:
            model: As `complete` takes it.
            messages: As `complete` takes them.
            **options: See `CompletionOptions`.

        Returns:
            The stream, already started. Use it in a `with` statement, or close it, to close the connection. Reading it
            raises the same errors as `complete`.

        Raises:
            ConfigError: The model's name matches no provider's model, or several providers'.
            UnsupportedError: The provider does not support an option.
            TypeError: An option has a wrong name or type, or the messages are missing.
            ValueError: `reasoning` or `tool_choice` has an unknown value.
        """
        hub = greenlets.current()
        flight, format_ = self._start("stream", self._native.stream, model, messages, options, bridge_of(hub))
        return Stream(flight, hub, format_)

    @overload
    def run(
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
    def run(
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
    def run(
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
        """Calls a model and the tools that it requests, in turns, until it answers.

        Exceptions of tools, invalid arguments and unknown tool names are reported to the model. When a limit is
        reached, the run ends before the next call of the model and is returned. If `messages` end with unanswered tool
        calls, as after `stopped == "approval"`, the run begins with them.

        Args:
            model: As `complete` takes it.
            messages: As `complete` takes them; `Run.messages` continues an earlier run.
            tools: Typed functions, `Tool` objects, and dicts of tools that the provider runs itself. Synchronous
                functions run in threads, `async def` ones on an event loop of Ferrule's own.
            max_steps: The maximum number of calls of the model. Default 10.
            max_cost: US dollars; once the replies cost that much, or an unknown amount, the model is not called again.
            timeout: Seconds for the whole run; `Timeouts` also limits each call of the model.
            approve: Called with each tool call before any call of the step is made. `True` allows it; `False` stops the
                run and leaves the step's calls unanswered; text is sent to the model instead of a result. It may be
                `async def`.
            parallel: Whether the tool calls of a step run in parallel, or one after the other. Default true.
            **options: Options of each call of the model, see `RunOptions`. A `tool_choice` that requires a call applies
                until a tool has been called.

        Returns:
            The run: the replies, the whole conversation, usage and cost, and why it stopped.

        Raises:
            FerruleError: A call of the model failed; `partial_run` is the run up to that point.
            TypeError: A tool, an option or a limit is not valid.
        """
        from ferrule.run_sync import finish

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
        return finish(self, model, steps)

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
    ) -> ferrule.RunStream[T]: ...

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
    ) -> ferrule.RunStream[Any]: ...

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
    ) -> ferrule.RunStream[Any]:
        """Streams a `run`: the events of the model's streams, and `StepStart`, `ToolResult` and `StepEnd`.

        Args:
            model: As `run` takes it.
            messages: As `run` takes them.
            tools: As `run` takes them.
            max_steps: As `run` takes it.
            max_cost: As `run` takes it.
            timeout: As `run` takes it.
            approve: As `run` takes it.
            parallel: As `run` takes it.
            **options: See `RunOptions`.

        Returns:
            The run, which proceeds as it is read. Use it in a `with` statement, or close it.

        Raises:
            TypeError: A tool, an option or a limit is not valid.
        """
        from ferrule.run_sync import follow

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
        prompts: Iterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        response_format: ResponseType[T],
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> ferrule.Replies[T]: ...

    @overload
    def map(
        self,
        model: Model,
        prompts: Iterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        response_format: Any = None,
        retries_on_invalid: int | None = None,
        **options: Unpack[CallOptions],
    ) -> ferrule.Replies[Any]: ...

    @with_options(CompletionOptions)
    def map(
        self,
        model: Model,
        prompts: Iterable[Messages],
        *,
        concurrency: int = 32,
        progress: bool = False,
        ordered: bool = True,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.Replies[Any]:
        """Calls a model with many prompts, several at a time.

        Prompts are taken one by one as calls end, so they may come from a generator of any length. Leaving the
        iteration early ends the calls in flight.

        Args:
            model: As `complete` takes it.
            prompts: The prompts, each as `complete` takes it.
            concurrency: The maximum number of calls in flight. Default 32.
            progress: Whether to show a progress bar on the standard error output; needs the package `rich`.
                Default false.
            ordered: Whether the replies are in the order of the prompts; otherwise each is returned as it arrives.
                Default true.
            **options: Options of each call, see `CompletionOptions`.

        Returns:
            An iterator that yields, for each prompt, the reply or the error of its call. Errors of calls are not
            raised. An exception of `prompts` is raised after the replies to the prompts before it.

        Raises:
            ConfigError: The model's name matches no provider's model, or several providers'; `rich` is missing.
            TypeError: An option has a wrong name or type.
        """
        from ferrule.mapping import Replies

        calls, bar = self._prepare_map(model, prompts, options, progress)
        return Replies(calls, prompts, concurrency, ordered=ordered, progress=bar)

    @with_options(CompletionOptions)
    def route(
        self,
        model: Model = None,
        messages: Messages | None = None,
        *,
        stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.RoutingPlan:
        """The targets that a call would try, in order, and why. No request is made, and strategies keep their state.

        Args:
            model: As `complete` takes it.
            messages: As `complete` takes them; without them, filters that depend on the request are not applied.
            stream: Whether the call would be streamed: strategies then compare the time to the first token. Default
                false.
            **options: Options of the call, including `routing`; see `CompletionOptions`.

        Returns:
            The plan: the targets in order, and those that would be skipped.

        Raises:
            ConfigError: No target is available (the message gives the reason for each), or a custom strategy failed.
            TypeError: An option has a wrong name or type.
        """
        return self._plan(model, messages, options, "stream" if stream else "complete")

    def status(self) -> ferrule.Status:
        """The current state of groups and targets: circuit breakers, latencies, calls in progress.

        No request is made.
        """
        from ferrule.operations.status import status_of  # dataclasses

        return status_of(self._native)

    def health(
        self, providers: str | Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """Checks providers concurrently: reachability, key, latency. The requests are free of charge.

        Args:
            providers: One or several provider ids; by default all that have a key or need none.
            timeout: Seconds for each provider, or `Timeouts`. Default 10.

        Returns:
            The health of each provider, in the order of `providers`. It includes failures, which are not raised.

        Raises:
            ConfigError: A provider is unknown.
        """
        found = call_and_wait(self._native.health, self._health_targets(providers), timeouts=timeout)
        return [Health(**fields) for fields in found]

    def reload(self) -> None:
        """Reads the configuration files and the environment again. Calls in flight keep their old settings.

        Raises:
            ConfigError: The configuration is invalid; nothing changes.
        """
        self._registry.reload()

    def close(self) -> None:
        """Closes the connections. Calls in flight continue until they end."""
        if self._observers is not None:
            self._observers.close(wait=True)
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
