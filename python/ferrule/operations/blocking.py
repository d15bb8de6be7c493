"""The methods of `Client` beside chat."""

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
    import sys
    from collections.abc import Mapping, Sequence

    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

    from ferrule._native import Flight, Message, NativeClient
    from ferrule.operations.audio import AudioFile, Transcript
    from ferrule.operations.body import Body
    from ferrule.operations.embeddings import Embeddings
    from ferrule.operations.health import Health
    from ferrule.operations.images import Images
    from ferrule.operations.reranking import Ranking
    from ferrule.operations.servers import Ollama, RuvLLM
    from ferrule.operations.token_count import TokenCount
    from ferrule.options import CompletionOptions, Timeouts


def wait(flight: Flight) -> Any:
    """What a plain operation delivers; the operation ends where the waiting is interrupted."""
    try:
        return flight.wait()
    except BaseException:
        flight.cancel()
        raise


class BlockingOperations(OfflineOperations):
    """The methods of `Client` beside chat."""

    def embed(self, model: str, texts: str | Sequence[str], **options: Unpack[EmbeddingOptions]) -> Embeddings:
        """Makes vectors of texts.

        More texts than the provider takes at once go in several requests, eight at a time, and come back in order.

        Args:
            model: `provider/model`, or an alias.
            texts: A text, or a list of them.
            **options: See `EmbeddingOptions`.

        Returns:
            The vectors, in the order of the texts.

        Raises:
            UnsupportedError: The provider has no embeddings, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.embeddings import Embeddings

        return Embeddings(wait(_native.embed(self._native, model, texts, checked(options, EmbeddingOptions))))

    def rerank(self, model: str, query: str, documents: Sequence[str], **options: Unpack[RerankOptions]) -> Ranking:
        """Puts documents in order by how well they answer a query.

        Args:
            model: `provider/model`, or an alias.
            query: What is looked for.
            documents: Where it is looked for.
            **options: See `RerankOptions`.

        Returns:
            The documents, best first.

        Raises:
            UnsupportedError: The provider has no reranking.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.reranking import Ranking

        flight = _native.rerank(self._native, model, query, documents, checked(options, RerankOptions))
        return Ranking(wait(flight), documents)

    def count_tokens(
        self, model: str, messages: str | Sequence[Message | Mapping[str, Any]], **options: Unpack[CompletionOptions]
    ) -> TokenCount:
        """How many tokens a prompt has.

        Those of OpenAI's models are counted here, without a network or a key. Other providers are asked where they have
        an address for it, which is free of charge; where they have none it is an estimate, and says so.

        Args:
            model: `provider/model`, an alias, or a bare name that one provider offers.
            messages: As `complete` takes them.
            **options: Those of the call; `system`, `tools` and `response_format` count.

        Returns:
            The number, whether it is exact, and where it is from.

        Raises:
            FerruleError: The provider was asked, and gave no answer.
        """
        from ferrule.operations.token_count import answered, locally

        provider, name = self._resolve(model)
        given, _ = declared(options)
        local = locally(name, messages, given)
        if local.exact:
            return local
        return answered(wait(_native.count_tokens(self._native, provider, name, messages, given)), local)

    def health(
        self, providers: Sequence[str] | None = None, *, timeout: float | Timeouts | None = 10.0
    ) -> list[Health]:
        """How providers are: reachable, willing to take our key, how fast. All are asked at once, and nobody charges.

        Args:
            providers: Their ids; by default all that have a key or need none.
            timeout: Seconds for each, or `Timeouts`.
        """
        from ferrule.operations.health import Health

        chosen = self._usable_providers() if providers is None else [self._known(provider) for provider in providers]
        return [Health(**fields) for fields in wait(_native.health(self._native, chosen, timeouts=timeout))]

    @property
    def ollama(self) -> Ollama:
        """What an Ollama server has beside chat and embeddings."""
        from ferrule.operations.servers import Ollama

        return Ollama(self._ask)

    @property
    def ruvllm(self) -> RuvLLM:
        """What a ruvLLM server has beside its queries."""
        from ferrule.operations.servers import RuvLLM

        return RuvLLM(self._ask)

    def _ask(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        head, answer = whole(ask(self._native, self._known(provider), method, path, body))
        return as_json(head, answer) if answer else None

    @property
    def images(self) -> BlockingImages:
        """Pictures."""
        return BlockingImages(self._native)

    @property
    def audio(self) -> BlockingAudio:
        """Speech and its transcripts."""
        return BlockingAudio(self._native)


class BlockingImages:
    """Pictures, from providers that speak OpenAI's `/images/generations`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    def generate(self, model: str, prompt: str, **options: Unpack[ImageOptions]) -> Images:
        """Makes pictures of a text.

        Args:
            model: `provider/model`, or an alias.
            prompt: What to show.
            **options: See `ImageOptions`; what else the provider takes goes into `extra_body`.

        Raises:
            UnsupportedError: The provider has no such address, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.images import Images

        return Images(wait(_native.images(self._native, model, prompt, checked(options, ImageOptions))))


class BlockingAudio:
    """Speech and its transcripts, from providers that speak OpenAI's `/audio/...`."""

    def __init__(self, client: NativeClient) -> None:
        self._native = client

    def speech(self, model: str, text: str, *, voice: str, **options: Unpack[SpeechOptions]) -> Body:
        """Speaks a text.

        Args:
            model: `provider/model`, or an alias.
            text: What to say.
            voice: Who says it, in the provider's words.
            **options: See `SpeechOptions`.

        Returns:
            The sound, as it is made.

        Raises:
            UnsupportedError: The provider has no such address, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.body import Body

        given = {**checked(options, SpeechOptions), "voice": voice}
        return Body(_native.speech(self._native, model, text, given))

    def transcribe(self, model: str, file: AudioFile, **options: Unpack[TranscriptionOptions]) -> Transcript:
        """Writes down what a recording says.

        Args:
            model: `provider/model`, or an alias.
            file: A path, bytes, a file opened for bytes, or a pair of name and bytes.
            **options: See `TranscriptionOptions`.

        Raises:
            UnsupportedError: The provider has no such address, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.audio import Transcript, file_of

        given = checked(options, TranscriptionOptions)
        return Transcript(wait(_native.transcribe(self._native, model, *file_of(file), given)))


def whole(flight: Flight) -> tuple[dict[str, Any], bytes]:
    """The head and the whole body of a raw answer."""
    pieces: list[Any] = []
    try:
        while (batch := flight.wait()) is not None:
            pieces.extend(cast("list[Any]", batch))
    except BaseException:
        flight.cancel()
        raise
    head, *body = pieces
    return head, b"".join(body)


def as_json(head: dict[str, Any], body: bytes) -> Any:
    """The body as JSON where it is called so, else as text."""
    if head["media_type"] == "application/json":
        import json

        return json.loads(body)
    return body.decode("utf-8", "replace")
