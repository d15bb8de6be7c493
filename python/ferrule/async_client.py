"""AsyncClient: the asynchronous client. Its methods are those of `Client`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, cast, overload

import ferrule
from ferrule import _native
from ferrule._native import Flight, ModelInfo, NativeClient, Reply, ToolCall
from ferrule.base_client import BaseClient
from ferrule.bridge import running
from ferrule.errors import FerruleError
from ferrule.operations.audio import AudioFile, Transcript, read_audio
from ferrule.operations.body import AsyncBody
from ferrule.operations.call_options import check_options, is_dry_run, prepare_completion
from ferrule.operations.embeddings import Embeddings
from ferrule.operations.health import Health
from ferrule.operations.images import Images
from ferrule.operations.model_lists import is_listed_as, log_failure
from ferrule.operations.servers import Ollama, RuvLLM, decoded, start_request
from ferrule.operations.token_count import TokenCount, count_locally, provider_count
from ferrule.options import (
    Approval,
    CallOptions,
    CompletionOptions,
    EmbeddingOptions,
    ImageOptions,
    Messages,
    Model,
    RerankOptions,
    ResponseType,
    RunOptions,
    SpeechOptions,
    Timeouts,
    Tools,
    TranscriptionOptions,
)
from ferrule.signatures import with_options
from ferrule.streams import AsyncStream
from ferrule.typing_compat import Self, T, Unpack

# What a flight delivers, as opposed to a future to wait for; a reply first, as it comes most often.
_DELIVERED = (_native.Reply, list, dict, tuple, type(None))

_PATIENCE_WITH_OBSERVERS = 5.0
"""How many seconds asynchronous observers have to finish when their client is closed."""


class AsyncClient(BaseClient):
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
        return cast("Reply[Any]", await _settle(flight, loop))

    async def _complete_until_valid(
        self, model: Model, messages: Messages | None, options: CompletionOptions
    ) -> Reply[Any]:
        loop, bridge = running()
        again = self._asking_again("complete", messages, options)
        while True:
            flight, _ = self._start("complete", self._native.complete, model, again.messages, again.options(), bridge)
            try:
                reply = cast("Reply[Any]", await _settle(flight, loop))
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
    ) -> ferrule.Run:
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
    ) -> ferrule.AsyncRunStream:
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
    ) -> ferrule.AsyncReplies:
        """Calls a model with many prompts, several at a time; iterate with `async for`. See `Client.map`.

        Call it where an event loop is running. `prompts` may be an asynchronous iterable as well.
        """
        from ferrule.mapping import AsyncReplies

        loop, bridge = running()
        start, bar = self._prepare_map(model, prompts, options, progress)
        return AsyncReplies(start, prompts, concurrency, ordered=ordered, progress=bar, loop=loop, bridge=bridge)

    @with_options(EmbeddingOptions)
    async def embed(self, model: Model, texts: str | Sequence[str], **options: Unpack[EmbeddingOptions]) -> Embeddings:
        """Embeds texts. See `Client.embed`."""
        loop, bridge = running()
        given = check_options(options, EmbeddingOptions)
        if is_dry_run(given):
            return cast("Embeddings", self._plan(model, texts, given, "embed"))
        return Embeddings(await _settle(self._native.embed(model, texts, given, bridge=bridge), loop))

    @with_options(RerankOptions)
    async def rerank(
        self, model: Model, query: str, documents: Sequence[str], **options: Unpack[RerankOptions]
    ) -> ferrule.Ranking:
        """Ranks documents by their relevance to a query. See `Client.rerank`."""
        loop, bridge = running()
        given = check_options(options, RerankOptions)
        flight = self._native.rerank(model, query, documents, given, bridge=bridge)
        return ferrule.Ranking(await _settle(flight, loop), documents)

    @property
    def images(self) -> AsyncImageOperations:
        """Image generation."""
        return AsyncImageOperations(self._native)

    @property
    def audio(self) -> AsyncAudioOperations:
        """Speech synthesis and transcription."""
        return AsyncAudioOperations(self._native)

    @with_options(CompletionOptions)
    async def count_tokens(self, model: Model, messages: Messages, **options: Unpack[CompletionOptions]) -> TokenCount:
        """Counts the tokens of a prompt. See `Client.count_tokens`."""
        loop, bridge = running()
        _, name = self._resolve(model)
        given, _ = prepare_completion(options)
        # The first count unpacks a vocabulary, and a prompt may be long.
        local = await asyncio.to_thread(count_locally, name, messages, given)
        if local.exact:
            return local
        flight = self._native.count_tokens(model, messages, given, bridge=bridge)
        return provider_count(await _settle(flight, loop), local)

    @with_options(CompletionOptions)
    async def route(
        self,
        model: Model = None,
        messages: Messages | None = None,
        *,
        stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.RoutingPlan:
        """Whom a call would ask, in which order and why. See `Client.route`."""
        return self._plan(model, messages, options, "stream" if stream else "complete")

    async def status(self) -> ferrule.Status:
        """What the client knows of its groups and targets now: circuit breakers, latencies, calls under way.

        No request is made.
        """
        from ferrule.operations.status import status_of  # dataclasses

        return status_of(self._native)

    async def health(
        self, providers: Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """Checks providers, all at once: reachable, key accepted, latency. See `Client.health`."""
        loop, bridge = running()
        flight = self._native.health(self._health_targets(providers), timeouts=timeout, bridge=bridge)
        return [Health(**fields) for fields in await _settle(flight, loop)]

    async def models(
        self, provider: str | None = None, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> list[ModelInfo]:
        """Lists the models that providers offer to the configured keys. See `Client.models`."""
        if provider is not None:
            return list(await self._list(self._provider_id(provider), timeout, fresh))
        running()  # The error about another loop is the caller's, and not one of each list.
        chosen = self._registry.usable_providers()
        lists = await asyncio.gather(*(self._list(one, timeout, fresh) for one in chosen), return_exceptions=True)
        found: list[ModelInfo] = []
        for one, listed in zip(chosen, lists, strict=True):
            if isinstance(listed, FerruleError):
                log_failure(one, listed)
            elif isinstance(listed, BaseException):
                raise listed
            else:
                found.extend(listed)
        return found

    async def is_model_available(
        self, model: str, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> bool:
        """Whether a model is in its provider's list of models. See `Client.is_model_available`."""
        provider, name = self._resolve(model)
        return any(is_listed_as(listed, name) for listed in await self._list(provider, timeout, fresh))

    async def _list(self, provider: str, timeout: float | Timeouts | None, fresh: bool) -> list[ModelInfo]:
        listed = None if fresh else self._model_lists.get(provider)
        if listed is None:
            loop, bridge = running()
            flight = self._native.models(provider, timeouts=timeout, bridge=bridge)
            listed = cast("list[ModelInfo]", await _settle(flight, loop))
            self._model_lists.put(provider, listed)
        return listed

    @property
    def ollama(self) -> Ollama:
        """Endpoints that only Ollama has; each method is awaited."""
        return Ollama(self._send)

    @property
    def ruvllm(self) -> RuvLLM:
        """Endpoints that only ruvLLM has; each method is awaited."""
        return RuvLLM(self._send)

    async def _send(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        loop, bridge = running()
        flight = start_request(self._native, self._provider_id(provider), method, path, body, bridge)
        pieces: list[Any] = []
        while (batch := await _settle(flight, loop)) is not None:
            pieces.extend(batch)
        return decoded(pieces)

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


class AsyncImageOperations:
    """Image generation, by providers with OpenAI's endpoint `/images/generations`: `client.images`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    @with_options(ImageOptions)
    async def generate(self, model: Model, prompt: str, **options: Unpack[ImageOptions]) -> Images:
        """Generates images. See `ImageOperations.generate`."""
        loop, bridge = running()
        given = check_options(options, ImageOptions)
        return Images(await _settle(self._native.images(model, prompt, given, bridge=bridge), loop))


class AsyncAudioOperations:
    """Speech synthesis and transcription, by providers with OpenAI's endpoints `/audio/...`: `client.audio`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    @with_options(SpeechOptions)
    async def speech(
        self, model: Model, text: str, *, voice: str | None = None, **options: Unpack[SpeechOptions]
    ) -> AsyncBody:
        """Synthesises speech. See `AudioOperations.speech`."""
        loop, bridge = running()
        given = {**check_options(options, SpeechOptions), "voice": voice}
        flight = self._native.speech(model, text, given, bridge=bridge)
        return AsyncBody(flight, loop, await _settle(flight, loop))

    @with_options(TranscriptionOptions)
    async def transcribe(self, model: Model, file: AudioFile, **options: Unpack[TranscriptionOptions]) -> Transcript:
        """Transcribes a recording. See `AudioOperations.transcribe`."""
        loop, bridge = running()
        given = check_options(options, TranscriptionOptions)
        flight = self._native.transcribe(model, *read_audio(file), given, bridge=bridge)
        return Transcript(await _settle(flight, loop))


async def _settle(flight: Flight, loop: asyncio.AbstractEventLoop) -> Any:
    """What the call delivers next. Cancelling the wait cancels the call."""
    try:
        while not isinstance(ready := flight.next(loop), _DELIVERED):
            await ready
        return ready
    except BaseException:
        flight.cancel()
        raise
