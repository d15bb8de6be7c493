"""Operations other than chat of the synchronous client: embeddings, reranking, images, audio, counts, models."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import ferrule
from ferrule import greenlets
from ferrule._native import Flight, ModelInfo, NativeClient
from ferrule.base_client import BaseClient
from ferrule.errors import FerruleError
from ferrule.operations.audio import AudioFile, Transcript, read_audio
from ferrule.operations.body import Body
from ferrule.operations.call_options import check_options, engine_for, is_dry_run, prepare_completion
from ferrule.operations.embeddings import Embeddings
from ferrule.operations.images import Images
from ferrule.operations.model_lists import is_listed_as, log_failure
from ferrule.operations.servers import Ollama, RuvLLM, decoded, start_request
from ferrule.operations.token_count import TokenCount, count_locally, provider_count
from ferrule.options import (
    CompletionOptions,
    EmbeddingOptions,
    ImageOptions,
    Messages,
    Model,
    RerankOptions,
    SpeechOptions,
    Timeouts,
    TranscriptionOptions,
)
from ferrule.signatures import with_options
from ferrule.typing_compat import Unpack
from ferrule.waiting import bridge_of, call_and_wait, wait_for

if TYPE_CHECKING:
    from ferrule.greenlets import HubBridge


class ClientOperations(BaseClient):
    """What a `Client` does besides chat."""

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
        return Embeddings(call_and_wait(self._engine_for(given).operate, "embed", model, (texts,), given))

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
        ranked = call_and_wait(self._engine_for(given).operate, "rerank", model, (query, documents), given)
        return ferrule.Ranking(ranked, documents)

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
        engine = self._engine_for(options)
        given, _ = prepare_completion(options)
        local = count_locally(name, messages, given)
        if local.exact:
            return local
        return provider_count(call_and_wait(engine.operate, "count_tokens", model, (messages,), given), local)

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
            listed = cast("list[ModelInfo]", call_and_wait(self._native.models, provider, timeouts=timeout))
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
                flights[provider] = self._native.models(provider, timeouts=timeout, bridge=bridge_of(hub))
                listed = []
            lists[provider] = listed
        for provider, flight in flights.items():
            lists[provider] = self._finish_list(provider, flight, hub)
        return lists

    def _finish_list(self, provider: str, flight: Flight, hub: HubBridge | None) -> list[ModelInfo]:
        try:
            listed = cast("list[ModelInfo]", wait_for(flight, hub))
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
        flight = start_request(self._native, self._provider_id(provider), method, path, body, bridge_of(hub))
        pieces: list[Any] = []
        while (batch := wait_for(flight, hub)) is not None:
            pieces.extend(batch)
        return decoded(pieces)


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
        engine = engine_for(self._native, given, is_async=False)
        return Images(call_and_wait(engine.operate, "images", model, (prompt,), given))


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
        engine = engine_for(self._native, given, is_async=False)
        return Body(engine.operate("speech", model, (text,), given, bridge=bridge_of(hub)), hub)

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
        engine = engine_for(self._native, given, is_async=False)
        return Transcript(call_and_wait(engine.operate, "transcribe", model, read_audio(file), given))
