"""The methods of `AsyncClient` beside chat: those of `blocking.py`, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule import _native
from ferrule.operations.start import Operations

if TYPE_CHECKING:
    import asyncio
    import sys
    from collections.abc import Callable, Mapping, Sequence

    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

    from ferrule._native import Flight, Message
    from ferrule.operations.audio import AudioFile, Transcript
    from ferrule.operations.body import AsyncBody
    from ferrule.operations.embeddings import Embeddings
    from ferrule.operations.health import Health
    from ferrule.operations.images import Images
    from ferrule.operations.reranking import Ranking
    from ferrule.operations.servers import Ollama, RuvLLM
    from ferrule.operations.token_count import TokenCount
    from ferrule.options import CompletionOptions, OperationOptions, Timeouts


async def settle(flight: Flight, loop: asyncio.AbstractEventLoop) -> Any:
    """What a plain operation delivers; cancelling it ends the operation upstream."""
    import asyncio

    try:
        while asyncio.isfuture(ready := flight.next(loop)):
            await ready
        return ready
    except BaseException:
        flight.cancel()
        raise


class AwaitedOperations(Operations):
    """The methods of `AsyncClient` beside chat."""

    async def embed(
        self,
        model: str,
        texts: str | Sequence[str],
        *,
        dimensions: int | None = None,
        input_type: str | None = None,
        user: str | None = None,
        batch_size: int | None = None,
        **options: Unpack[OperationOptions],
    ) -> Embeddings:
        """Makes vectors of texts. See `Client.embed`."""
        from ferrule.bridge import running
        from ferrule.operations.embeddings import Embeddings

        loop, bridge = running()
        own = {"dimensions": dimensions, "input_type": input_type, "user": user, "batch_size": batch_size}
        return Embeddings(await settle(self._start_embed(model, texts, {**options, **own}, bridge), loop))

    async def rerank(
        self,
        model: str,
        query: str,
        documents: Sequence[str],
        *,
        top_n: int | None = None,
        **options: Unpack[OperationOptions],
    ) -> Ranking:
        """Puts documents in order by how well they answer a query. See `Client.rerank`."""
        from ferrule.bridge import running
        from ferrule.operations.reranking import Ranking

        loop, bridge = running()
        flight = self._start_rerank(model, query, documents, top_n, options, bridge)
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
        given, _ = self._declared(options)
        # The first count unpacks a vocabulary, and a prompt may be long.
        local = await asyncio.to_thread(locally, name, messages, given)
        if local.exact:
            return local
        return answered(await settle(self._start_count(provider, name, messages, given, bridge), loop), local)

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
        head, answer = await whole(self._start_ask(provider, method, path, body, bridge), loop)
        return as_json(head, answer) if answer else None

    @property
    def images(self) -> AwaitedImages:
        """Pictures."""
        return AwaitedImages(self._start_post)

    @property
    def audio(self) -> AwaitedAudio:
        """Speech and its transcripts."""
        return AwaitedAudio(self._start_post)


class AwaitedImages:
    """Pictures, from providers that speak OpenAI's `/images/generations`."""

    def __init__(self, post: Callable[..., Flight]) -> None:
        self._post = post

    async def generate(
        self,
        model: str,
        prompt: str,
        *,
        n: int | None = None,
        size: str | None = None,
        quality: str | None = None,
        response_format: str | None = None,
        **options: Unpack[OperationOptions],
    ) -> Images:
        """Makes pictures of a text. See `Client.images.generate`."""
        import json

        from ferrule.bridge import running
        from ferrule.operations.images import read

        loop, bridge = running()
        fields = {"prompt": prompt, "n": n, "size": size, "quality": quality, "response_format": response_format}
        flight = self._post("images.generate", "/images/generations", model, fields, options, bridge)
        head, body = await whole(flight, loop)
        return read(json.loads(body), head, model)


class AwaitedAudio:
    """Speech and its transcripts, from providers that speak OpenAI's `/audio/...`."""

    def __init__(self, post: Callable[..., Flight]) -> None:
        self._post = post

    async def speech(
        self,
        model: str,
        text: str,
        *,
        voice: str,
        response_format: str | None = None,
        speed: float | None = None,
        instructions: str | None = None,
        **options: Unpack[OperationOptions],
    ) -> AsyncBody:
        """Speaks a text. See `Client.audio.speech`."""
        from ferrule.bridge import running
        from ferrule.operations.body import AsyncBody

        loop, bridge = running()
        fields = {
            "input": text,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
        }
        flight = self._post("audio.speech", "/audio/speech", model, fields, options, bridge)
        return AsyncBody(flight, loop, await settle(flight, loop))

    async def transcribe(
        self,
        model: str,
        file: AudioFile,
        *,
        language: str | None = None,
        prompt: str | None = None,
        response_format: str | None = None,
        temperature: float | None = None,
        **options: Unpack[OperationOptions],
    ) -> Transcript:
        """Writes down what a recording says. See `Client.audio.transcribe`."""
        from ferrule.bridge import running
        from ferrule.operations.audio import file_of, read
        from ferrule.operations.blocking import as_json

        loop, bridge = running()
        fields = {
            "language": language,
            "prompt": prompt,
            "response_format": response_format,
            "temperature": temperature,
        }
        path = "/audio/transcriptions"
        flight = self._post("audio.transcribe", path, model, fields, options, bridge, file_of(file))
        head, body = await whole(flight, loop)
        return read(as_json(head, body), head, model)


async def whole(flight: Flight, loop: asyncio.AbstractEventLoop) -> tuple[dict[str, Any], bytes]:
    """The head and the whole body of a raw answer."""
    pieces: list[Any] = []
    while (batch := await settle(flight, loop)) is not None:
        pieces.extend(cast("list[Any]", batch))
    head, *body = pieces
    return head, b"".join(body)
