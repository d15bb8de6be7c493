"""Client: the synchronous client."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast, overload

import ferrule
from ferrule import greenlets
from ferrule._native import Flight, LoopBridge, ModelInfo, NativeClient, Reply, ToolCall
from ferrule.base_client import BaseClient
from ferrule.errors import FerruleError
from ferrule.operations.audio import AudioFile, Transcript, read_audio
from ferrule.operations.body import Body
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
from ferrule.streams import Stream
from ferrule.typing_compat import Self, T, Unpack

if TYPE_CHECKING:
    from ferrule.greenlets import HubBridge


class Client(BaseClient):
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
                the default model. A list of them is a group of the moment, asked in its order.
            messages: Text, or a list of messages: dicts with `role` and `content` (OpenAI's and Anthropic's content
                blocks), or `Message` objects.
            **options: See `CompletionOptions`.

        Returns:
            The reply. Its `parsed` has the type that `response_format` is.

        Raises:
            FerruleError: See `ferrule.errors` for the tree.
            TypeError: An option has a wrong name or type, or the messages are missing.
            ValueError: `reasoning` or `tool_choice` has a word that there is not.
        """
        if options.get("routing") is not None and is_dry_run(options):
            # What type checkers cannot see; `route` is typed.
            return cast("Reply[Any]", self._plan(model, messages, options, "complete"))
        if options.get("retries_on_invalid"):
            return self._complete_until_valid(model, messages, options)
        hub = greenlets.current()
        flight, _ = self._start("complete", self._native.complete, model, messages, options, _bridge(hub))
        return cast("Reply[Any]", _wait(flight, hub))

    def _complete_until_valid(self, model: Model, messages: Messages | None, options: CompletionOptions) -> Reply[Any]:
        again = self._asking_again("complete", messages, options)
        hub = greenlets.current()
        while True:
            flight, _ = self._start(
                "complete", self._native.complete, model, again.messages, again.options(), _bridge(hub)
            )
            try:
                reply = cast("Reply[Any]", _wait(flight, hub))
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
            The stream, which has started. Use it in a `with` statement, or close it: that closes the connection. It
            raises the errors of `complete` while it is read.

        Raises:
            ConfigError: The model's name matches no provider's model, or several providers'.
            UnsupportedError: The provider cannot carry an option.
            TypeError: An option has a wrong name or type, or the messages are missing.
            ValueError: `reasoning` or `tool_choice` has a word that there is not.
        """
        hub = greenlets.current()
        flight, format_ = self._start("stream", self._native.stream, model, messages, options, _bridge(hub))
        return Stream(flight, hub, format_)

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
    ) -> ferrule.Run:
        """Calls a model and the tools that it calls, in turns, until it answers.

        What a tool raises, arguments that do not fit its parameters, and names that no tool has are told to the model.
        A limit ends the run before the model is asked again; what was done is returned. Where `messages` end with calls
        that nothing answers, as after `stopped == "approval"`, the run begins with them.

        Args:
            model: As `complete` takes it.
            messages: As `complete` takes them; `Run.messages` goes on with an earlier run.
            tools: Typed functions, `Tool` objects, and dicts of tools that the provider runs itself. Synchronous
                functions run in threads, `async def` ones on an event loop of Ferrule's own.
            max_steps: How many times the model is asked at most. Default 10.
            max_cost: US dollars; once the replies cost that much, or an unknown amount, the model is not asked again.
            timeout: Seconds for the whole run; `Timeouts` also limits each call of the model.
            approve: Called with each call before any of a step is made. `True` makes it; `False` stops the run and
                leaves the step's calls unanswered; text is what the model is told instead of a result. It may be
                `async def`.
            parallel: Whether the calls of a step are made at once, in threads, or one after the other. Default true.
            **options: Those of each call of the model, see `RunOptions`. A `tool_choice` that demands a call holds
                until a tool was called.

        Returns:
            What was done: the replies, the whole conversation, usage and cost, and why it stopped.

        Raises:
            FerruleError: A call of the model failed; `partial_run` is what was done before.
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
    ) -> ferrule.RunStream:
        """`run`, as it goes on: the events of the model's streams, and `StepStart`, `ToolResult` and `StepEnd`.

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
            The run, which goes on as it is read. Use it in a `with` statement, or close it.

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
    ) -> ferrule.Replies:
        """Calls a model with many prompts, several at a time.

        Prompts are taken one by one as calls end, so they may come from a generator of any length. Leaving the
        iteration early, by whatever way, ends the calls in flight.

        Args:
            model: As `complete` takes it.
            prompts: The prompts, each as `complete` takes it.
            concurrency: How many calls are in flight at most. Default 32.
            progress: Whether to show a progress bar on the standard error output; needs the package `rich`.
                Default false.
            ordered: Whether the replies come in the order of the prompts; otherwise each comes when it is there.
                Default true.
            **options: Those of each call, see `CompletionOptions`.

        Returns:
            An iterator over a reply for each prompt, or the error that its call ended with, which is not raised. What
            `prompts` raises comes after the replies to the prompts before it.

        Raises:
            ConfigError: The model's name matches no provider's model, or several providers'; `rich` is missing.
            TypeError: An option has a wrong name or type.
        """
        from ferrule.mapping import Replies

        start, bar = self._prepare_map(model, prompts, options, progress)
        return Replies(start, prompts, concurrency, ordered=ordered, progress=bar)

    @with_options(EmbeddingOptions)
    def embed(self, model: Model, texts: str | Sequence[str], **options: Unpack[EmbeddingOptions]) -> Embeddings:
        """Embeds texts.

        More texts than the provider takes at once are sent in several requests, eight at a time; their order is kept.

        Args:
            model: `provider/model`, or an alias.
            texts: A text, or a list of texts.
            **options: See `EmbeddingOptions`.

        Returns:
            The embeddings, in the order of the texts.

        Raises:
            ValueError: `texts` is an empty list.
            UnsupportedError: The provider has no embeddings, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        given = check_options(options, EmbeddingOptions)
        if is_dry_run(given):
            return cast("Embeddings", self._plan(model, texts, given, "embed"))
        return Embeddings(_call(self._native.embed, model, texts, given))

    @with_options(RerankOptions)
    def rerank(
        self, model: Model, query: str, documents: Sequence[str], **options: Unpack[RerankOptions]
    ) -> ferrule.Ranking:
        """Ranks documents by their relevance to a query.

        Args:
            model: `provider/model`, or an alias.
            query: The query.
            documents: The documents.
            **options: See `RerankOptions`.

        Returns:
            The documents, best first.

        Raises:
            UnsupportedError: The provider has no reranking, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        given = check_options(options, RerankOptions)
        return ferrule.Ranking(_call(self._native.rerank, model, query, documents, given), documents)

    @property
    def images(self) -> ImageOperations:
        """Image generation."""
        return ImageOperations(self._native)

    @property
    def audio(self) -> AudioOperations:
        """Speech synthesis and transcription."""
        return AudioOperations(self._native)

    @with_options(CompletionOptions)
    def count_tokens(self, model: Model, messages: Messages, **options: Unpack[CompletionOptions]) -> TokenCount:
        """Counts the tokens of a prompt.

        For OpenAI's models they are counted locally, without a request or a key. Other providers are asked where they
        have an endpoint for it, which is free of charge; where they have none the number is an estimate.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.
            messages: As `complete` takes them.
            **options: Those of the call; `system`, `tools` and `response_format` count.

        Returns:
            The number, whether it is exact, and how it was counted.

        Raises:
            FerruleError: The request to the provider failed.
            TypeError: An option has a wrong name or type.
        """
        _, name = self._resolve(model)
        given, _ = prepare_completion(options)
        local = count_locally(name, messages, given)
        if local.exact:
            return local
        return provider_count(_call(self._native.count_tokens, model, messages, given), local)

    @with_options(CompletionOptions)
    def route(
        self,
        model: Model = None,
        messages: Messages | None = None,
        *,
        stream: bool = False,
        **options: Unpack[CompletionOptions],
    ) -> ferrule.RoutingPlan:
        """Whom a call would ask, in which order and why. No request is made, and nobody's turn is over.

        Args:
            model: As `complete` takes it.
            messages: As `complete` takes them; without them nothing that depends on the request is considered.
            stream: Whether the call would be streamed: strategies then compare the time to the first token. Default
                false.
            **options: Those of the call, see `CompletionOptions`; `routing` counts.

        Returns:
            The plan: the targets in their order, and those that would not be asked.

        Raises:
            ConfigError: No target can be asked; the message says why of each. Or a strategy of your own failed.
            TypeError: An option has a wrong name or type.
        """
        return self._plan(model, messages, options, "stream" if stream else "complete")

    def status(self) -> ferrule.Status:
        """What the client knows of its groups and targets now: circuit breakers, latencies, calls under way.

        No request is made.
        """
        from ferrule.operations.status import status_of  # dataclasses

        return status_of(self._native)

    def health(
        self, providers: Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """Checks providers, all at once: reachable, key accepted, latency. The requests are free of charge.

        Args:
            providers: Their ids; by default all that have a key or need none.
            timeout: Seconds for each provider, or `Timeouts`. Default 10.

        Returns:
            The health of each provider, in the order of `providers`. Failures are in it and are not raised.

        Raises:
            ConfigError: There is no such provider.
        """
        found = _call(self._native.health, self._health_targets(providers), timeouts=timeout)
        return [Health(**fields) for fields in found]

    def models(
        self, provider: str | None = None, *, timeout: float | Timeouts | None = None, fresh: bool = False
    ) -> list[ModelInfo]:
        """Lists the models that providers offer to the configured keys. Lists are cached for five minutes.

        Args:
            provider: The provider's id; by default all that have a key, or need none and are configured. Of those, one
                that fails is left out, with a warning in the log.
            timeout: Seconds for each provider, or `Timeouts`; the client's where `None`.
            fresh: Whether to ignore cached lists.

        Returns:
            The models; each entry has its provider's id.

        Raises:
            FerruleError: The list of `provider` cannot be had.
        """
        if provider is None:
            return list(itertools.chain.from_iterable(self._all_models(timeout, fresh).values()))
        provider = self._provider_id(provider)
        listed = None if fresh else self._model_lists.get(provider)
        if listed is None:
            listed = cast("list[ModelInfo]", _call(self._native.models, provider, timeouts=timeout))
            self._model_lists.put(provider, listed)
        return list(listed)

    def is_model_available(self, model: str, *, timeout: float | Timeouts | None = None, fresh: bool = False) -> bool:
        """Whether a model is in its provider's list of models.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.
            timeout: Seconds, or `Timeouts`; the client's where `None`.
            fresh: Whether to ignore a cached list.

        Raises:
            FerruleError: The provider's list cannot be had.
        """
        provider, name = self._resolve(model)
        return any(is_listed_as(listed, name) for listed in self.models(provider, timeout=timeout, fresh=fresh))

    def _all_models(self, timeout: float | Timeouts | None, fresh: bool) -> dict[str, list[ModelInfo]]:
        hub = greenlets.current()
        flights: dict[str, Flight] = {}
        lists: dict[str, list[ModelInfo]] = {}
        for provider in self._registry.usable_providers():
            listed = None if fresh else self._model_lists.get(provider)
            if listed is None:
                flights[provider] = self._native.models(provider, timeouts=timeout, bridge=_bridge(hub))
                listed = []
            lists[provider] = listed
        for provider, flight in flights.items():
            lists[provider] = self._finish_list(provider, flight, hub)
        return lists

    def _finish_list(self, provider: str, flight: Flight, hub: HubBridge | None) -> list[ModelInfo]:
        try:
            listed = cast("list[ModelInfo]", _wait(flight, hub))
        except FerruleError as error:
            log_failure(provider, error)
            return []
        self._model_lists.put(provider, listed)
        return listed

    @property
    def ollama(self) -> Ollama:
        """Endpoints that only Ollama has."""
        return Ollama(self._send)

    @property
    def ruvllm(self) -> RuvLLM:
        """Endpoints that only ruvLLM has."""
        return RuvLLM(self._send)

    def _send(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        hub = greenlets.current()
        flight = start_request(self._native, self._provider_id(provider), method, path, body, _bridge(hub))
        pieces: list[Any] = []
        while (batch := _wait(flight, hub)) is not None:
            pieces.extend(batch)
        return decoded(pieces)

    def reload(self) -> None:
        """Reads the configuration's files and the environment again. Calls in flight keep what they began with.

        Raises:
            ConfigError: Something is wrong; nothing changes.
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


class ImageOperations:
    """Image generation, by providers with OpenAI's endpoint `/images/generations`: `client.images`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    @with_options(ImageOptions)
    def generate(self, model: Model, prompt: str, **options: Unpack[ImageOptions]) -> Images:
        """Generates images.

        Args:
            model: `provider/model`, or an alias.
            prompt: The description of the images.
            **options: See `ImageOptions`; other fields of the provider go into `extra_body`.

        Returns:
            The images.

        Raises:
            UnsupportedError: The provider has no image generation, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        given = check_options(options, ImageOptions)
        return Images(_call(self._native.images, model, prompt, given))


class AudioOperations:
    """Speech synthesis and transcription, by providers with OpenAI's endpoints `/audio/...`: `client.audio`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    @with_options(SpeechOptions)
    def speech(self, model: Model, text: str, *, voice: str | None = None, **options: Unpack[SpeechOptions]) -> Body:
        """Synthesises speech.

        Args:
            model: `provider/model`, or an alias.
            text: The text to speak.
            voice: The provider's name of the voice. It may be missing where each target of a group has one among its
                `options`.
            **options: See `SpeechOptions`.

        Returns:
            The audio, as it is generated. Use it in a `with` statement, or close it.

        Raises:
            UnsupportedError: The provider has no speech synthesis, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        given = {**check_options(options, SpeechOptions), "voice": voice}
        hub = greenlets.current()
        return Body(self._native.speech(model, text, given, bridge=_bridge(hub)), hub)

    @with_options(TranscriptionOptions)
    def transcribe(self, model: Model, file: AudioFile, **options: Unpack[TranscriptionOptions]) -> Transcript:
        """Transcribes a recording.

        Args:
            model: `provider/model`, or an alias.
            file: A path, bytes, a file opened in binary mode, or a pair of file name and bytes.
            **options: See `TranscriptionOptions`.

        Returns:
            The transcript.

        Raises:
            UnsupportedError: The provider has no transcription, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
            OSError: The file cannot be read.
        """
        given = check_options(options, TranscriptionOptions)
        return Transcript(_call(self._native.transcribe, model, *read_audio(file), given))


def _bridge(hub: HubBridge | None) -> LoopBridge | None:
    return None if hub is None else hub.bridge


def _call(start: Callable[..., Flight], *arguments: Any, **options: Any) -> Any:
    """Starts a call and waits for what it delivers."""
    hub = greenlets.current()
    return _wait(start(*arguments, **options, bridge=_bridge(hub)), hub)


def _wait(flight: Flight, hub: HubBridge | None) -> Any:
    """What the call delivers next. An interrupted wait cancels the call."""
    try:
        return flight.wait() if hub is None else hub.wait(flight)
    except BaseException:
        flight.cancel()
        raise
