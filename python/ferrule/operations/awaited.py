"""The methods of `AsyncClient` beside chat: those of `blocking.py`, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule import _native
from ferrule.operations.offline import OfflineOperations
from ferrule.operations.start import ask, checked, declared
from ferrule.options import (
    EmbeddingOptions,
    ImageOptions,
    RerankOptions,
    SpeechOptions,
    TranscriptionOptions,
)

if TYPE_CHECKING:
    import asyncio
    import sys
    from collections.abc import Mapping, Sequence

    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

    from ferrule._native import Flight, Message, NativeClient
    from ferrule.operations.audio import AudioFile, Transcript
    from ferrule.operations.body import AsyncBody
    from ferrule.operations.embeddings import Embeddings
    from ferrule.operations.health import Health
    from ferrule.operations.images import Images
    from ferrule.operations.reranking import Ranking
    from ferrule.operations.servers import Ollama, RuvLLM
    from ferrule.operations.token_count import TokenCount
    from ferrule.options import CompletionOptions, Timeouts


# What is there, in place of a future to wait for: a reply first, as it comes most often.
_DELIVERED = (_native.Reply, list, dict, tuple, type(None))


async def settle(flight: Flight, loop: asyncio.AbstractEventLoop) -> Any:
    """What a plain operation delivers; cancelling it ends the operation upstream."""
    try:
        while not isinstance(ready := flight.next(loop), _DELIVERED):
            await ready
        return ready
    except BaseException:
        flight.cancel()
        raise


class AwaitedOperations(OfflineOperations):
    """The methods of `AsyncClient` beside chat."""

    async def embed(self, model: str, texts: str | Sequence[str], **options: Unpack[EmbeddingOptions]) -> Embeddings:
        """Makes vectors of texts. See `Client.embed`."""
        from ferrule.bridge import running
        from ferrule.operations.embeddings import Embeddings

        loop, bridge = running()
        given = checked(options, EmbeddingOptions)
        return Embeddings(await settle(_native.embed(self._native, model, texts, given, bridge=bridge), loop))

    async def rerank(
        self, model: str, query: str, documents: Sequence[str], **options: Unpack[RerankOptions]
    ) -> Ranking:
        """Puts documents in order by how well they answer a query. See `Client.rerank`."""
        from ferrule.bridge import running
        from ferrule.operations.reranking import Ranking

        loop, bridge = running()
        given = checked(options, RerankOptions)
        flight = _native.rerank(self._native, model, query, documents, given, bridge=bridge)
        return Ranking(await settle(flight, loop), documents)

    async def count_tokens(
        self, model: str, messages: str | Sequence[Message | Mapping[str, Any]], **options: Unpack[CompletionOptions]
    ) -> TokenCount:
        """How many tokens a prompt has. See `Client.count_tokens`."""
        import asyncio

        from ferrule.bridge import running
        from ferrule.operations.token_count import answered, locally

        loop, bridge = running()
        provider, name = self._resolve(model)
        given, _ = declared(options)
        # The first count unpacks a vocabulary, and a prompt may be long.
        local = await asyncio.to_thread(locally, name, messages, given)
        if local.exact:
            return local
        flight = _native.count_tokens(self._native, provider, name, messages, given, bridge=bridge)
        return answered(await settle(flight, loop), local)

    async def health(
        self, providers: Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """How providers are. See `Client.health`."""
        from ferrule.bridge import running
        from ferrule.operations.health import Health

        loop, bridge = running()
        chosen = self._usable_providers() if providers is None else [self._known(provider) for provider in providers]
        flight = _native.health(self._native, chosen, timeouts=timeout, bridge=bridge)
        return [Health(**fields) for fields in await settle(flight, loop)]

    @property
    def ollama(self) -> Ollama:
        """What an Ollama server has beside chat and embeddings; each method is awaited."""
        from ferrule.operations.servers import Ollama

        return Ollama(self._ask)

    @property
    def ruvllm(self) -> RuvLLM:
        """What a ruvLLM server has beside its queries; each method is awaited."""
        from ferrule.operations.servers import RuvLLM

        return RuvLLM(self._ask)

    async def _ask(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        from ferrule.bridge import running
        from ferrule.operations.blocking import as_json

        loop, bridge = running()
        flight = ask(self._native, self._known(provider), method, path, body, bridge)
        head, answer = await whole(flight, loop)
        return as_json(head, answer) if answer else None

    @property
    def images(self) -> AwaitedImages:
        """Pictures."""
        return AwaitedImages(self._native)

    @property
    def audio(self) -> AwaitedAudio:
        """Speech and its transcripts."""
        return AwaitedAudio(self._native)


class AwaitedImages:
    """Pictures, from providers that speak OpenAI's `/images/generations`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    async def generate(self, model: str, prompt: str, **options: Unpack[ImageOptions]) -> Images:
        """Makes pictures of a text. See `Client.images.generate`."""
        from ferrule.bridge import running
        from ferrule.operations.images import Images

        loop, bridge = running()
        given = checked(options, ImageOptions)
        return Images(await settle(_native.images(self._native, model, prompt, given, bridge=bridge), loop))


class AwaitedAudio:
    """Speech and its transcripts, from providers that speak OpenAI's `/audio/...`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    async def speech(self, model: str, text: str, *, voice: str, **options: Unpack[SpeechOptions]) -> AsyncBody:
        """Speaks a text. See `Client.audio.speech`."""
        from ferrule.bridge import running
        from ferrule.operations.body import AsyncBody

        loop, bridge = running()
        given = {**checked(options, SpeechOptions), "voice": voice}
        flight = _native.speech(self._native, model, text, given, bridge=bridge)
        return AsyncBody(flight, loop, await settle(flight, loop))

    async def transcribe(self, model: str, file: AudioFile, **options: Unpack[TranscriptionOptions]) -> Transcript:
        """Writes down what a recording says. See `Client.audio.transcribe`."""
        from ferrule.bridge import running
        from ferrule.operations.audio import Transcript, file_of

        loop, bridge = running()
        given = checked(options, TranscriptionOptions)
        flight = _native.transcribe(self._native, model, *file_of(file), given, bridge=bridge)
        return Transcript(await settle(flight, loop))


async def whole(flight: Flight, loop: asyncio.AbstractEventLoop) -> tuple[dict[str, Any], bytes]:
    """The head and the whole body of a raw answer."""
    pieces: list[Any] = []
    while (batch := await settle(flight, loop)) is not None:
        pieces.extend(cast("list[Any]", batch))
    head, *body = pieces
    return head, b"".join(body)
