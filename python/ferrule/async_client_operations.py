"""Operations other than chat of the asynchronous client. Its methods are those of `ClientOperations`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import ferrule
from ferrule._native import ModelInfo, NativeClient
from ferrule.base_client import BaseClient
from ferrule.bridge import running
from ferrule.errors import FerruleError
from ferrule.operations.audio import AudioFile, Transcript, read_audio
from ferrule.operations.body import AsyncBody
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
from ferrule.settling import settle
from ferrule.signatures import with_options
from ferrule.typing_compat import Unpack


class AsyncClientOperations(BaseClient):
    """What an `AsyncClient` does besides chat."""

    @with_options(EmbeddingOptions)
    async def embed(self, model: Model, texts: str | Sequence[str], **options: Unpack[EmbeddingOptions]) -> Embeddings:
        """Embeds texts. See `Client.embed`."""
        loop, bridge = running()
        given = check_options(options, EmbeddingOptions)
        if is_dry_run(given):
            return cast("Embeddings", self._plan(model, texts, given, "embed"))
        flight = self._engine_for(given).operate("embed", model, (texts,), given, bridge=bridge)
        return Embeddings(await settle(flight, loop))

    @with_options(RerankOptions)
    async def rerank(
        self, model: Model, query: str, documents: Sequence[str], **options: Unpack[RerankOptions]
    ) -> ferrule.Ranking:
        """Ranks documents by their relevance to a query. See `Client.rerank`."""
        loop, bridge = running()
        given = check_options(options, RerankOptions)
        flight = self._engine_for(given).operate("rerank", model, (query, documents), given, bridge=bridge)
        return ferrule.Ranking(await settle(flight, loop), documents)

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
        engine = self._engine_for(options)
        given, _ = prepare_completion(options)
        # The first count unpacks a vocabulary, and a prompt may be long.
        local = await asyncio.to_thread(count_locally, name, messages, given)
        if local.exact:
            return local
        flight = engine.operate("count_tokens", model, (messages,), given, bridge=bridge)
        return provider_count(await settle(flight, loop), local)

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
            listed = cast("list[ModelInfo]", await settle(flight, loop))
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
        while (batch := await settle(flight, loop)) is not None:
            pieces.extend(batch)
        return decoded(pieces)


class AsyncImageOperations:
    """Image generation, by providers with OpenAI's endpoint `/images/generations`: `client.images`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    @with_options(ImageOptions)
    async def generate(self, model: Model, prompt: str, **options: Unpack[ImageOptions]) -> Images:
        """Generates images. See `ImageOperations.generate`."""
        loop, bridge = running()
        given = check_options(options, ImageOptions)
        engine = engine_for(self._native, given, is_async=True)
        return Images(await settle(engine.operate("images", model, (prompt,), given, bridge=bridge), loop))


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
        flight = engine_for(self._native, given, is_async=True).operate("speech", model, (text,), given, bridge=bridge)
        return AsyncBody(flight, loop, await settle(flight, loop))

    @with_options(TranscriptionOptions)
    async def transcribe(self, model: Model, file: AudioFile, **options: Unpack[TranscriptionOptions]) -> Transcript:
        """Transcribes a recording. See `AudioOperations.transcribe`."""
        loop, bridge = running()
        given = check_options(options, TranscriptionOptions)
        engine = engine_for(self._native, given, is_async=True)
        flight = engine.operate("transcribe", model, read_audio(file), given, bridge=bridge)
        return Transcript(await settle(flight, loop))
