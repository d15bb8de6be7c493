"""The methods of `Client` beside chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule import _native
from ferrule.operations.start import Operations

if TYPE_CHECKING:
    import sys
    from collections.abc import Callable, Mapping, Sequence

    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

    from ferrule._native import Flight, Message
    from ferrule.operations.audio import AudioFile, Transcript
    from ferrule.operations.body import Body
    from ferrule.operations.embeddings import Embeddings
    from ferrule.operations.health import Health
    from ferrule.operations.images import Images
    from ferrule.operations.reranking import Ranking
    from ferrule.operations.servers import Ollama, RuvLLM
    from ferrule.operations.token_count import TokenCount
    from ferrule.options import CompletionOptions, OperationOptions, Timeouts


def wait(flight: Flight) -> Any:
    """What a plain operation delivers; the operation ends where the waiting is interrupted."""
    try:
        return flight.wait()
    except BaseException:
        flight.cancel()
        raise


class BlockingOperations(Operations):
    """The methods of `Client` beside chat."""

    def embed(
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
        """Makes vectors of texts.

        More texts than the provider takes at once go in several requests, eight at a time, and come back in order.

        Args:
            model: `provider/model`, or an alias.
            texts: A text, or a list of them.
            dimensions: How many numbers each vector shall have; the model's own number by default.
            input_type: What the vectors are for: `query`, `document`, `classification`, `clustering`, `similarity`, or
                the provider's own word.
            user: An opaque id of your user, for the provider's abuse checks.
            batch_size: The most texts in one request; the provider's limit by default.
            **options: See `OperationOptions`.

        Returns:
            The vectors, in the order of the texts.

        Raises:
            UnsupportedError: The provider has no embeddings, or cannot carry an option.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.embeddings import Embeddings

        own = {"dimensions": dimensions, "input_type": input_type, "user": user, "batch_size": batch_size}
        return Embeddings(wait(self._start_embed(model, texts, {**options, **own}, None)))

    def rerank(
        self,
        model: str,
        query: str,
        documents: Sequence[str],
        *,
        top_n: int | None = None,
        **options: Unpack[OperationOptions],
    ) -> Ranking:
        """Puts documents in order by how well they answer a query.

        Args:
            model: `provider/model`, or an alias.
            query: What is looked for.
            documents: Where it is looked for.
            top_n: How many of the best are wanted; all by default.
            **options: See `OperationOptions`.

        Returns:
            The documents, best first.

        Raises:
            UnsupportedError: The provider has no reranking.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.reranking import Ranking

        return Ranking(wait(self._start_rerank(model, query, documents, top_n, options, None)), documents)

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
        given, _ = self._declared(options)
        local = locally(name, messages, given)
        if local.exact:
            return local
        return answered(wait(self._start_count(provider, name, messages, given, None)), local)

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
        head, answer = whole(self._start_ask(provider, method, path, body, None))
        return as_json(head, answer) if answer else None

    @property
    def images(self) -> BlockingImages:
        """Pictures."""
        return BlockingImages(self._start_post)

    @property
    def audio(self) -> BlockingAudio:
        """Speech and its transcripts."""
        return BlockingAudio(self._start_post)


class BlockingImages:
    """Pictures, from providers that speak OpenAI's `/images/generations`."""

    def __init__(self, post: Callable[..., Flight]) -> None:
        self._post = post

    def generate(
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
        """Makes pictures of a text.

        Args:
            model: `provider/model`, or an alias.
            prompt: What to show.
            n: How many.
            size: For instance `1024x1024`.
            quality: In the provider's words.
            response_format: `url` or `b64_json`, for models that let one choose.
            **options: See `OperationOptions`; what else the provider takes goes into `extra_body`.

        Raises:
            UnsupportedError: The provider has no such address.
            FerruleError: See `ferrule.errors` for the tree.
        """
        import json

        from ferrule.operations.images import read

        fields = {"prompt": prompt, "n": n, "size": size, "quality": quality, "response_format": response_format}
        flight = self._post("images.generate", "/images/generations", model, fields, options, None)
        head, body = whole(flight)
        return read(json.loads(body), head, model)


class BlockingAudio:
    """Speech and its transcripts, from providers that speak OpenAI's `/audio/...`."""

    def __init__(self, post: Callable[..., Flight]) -> None:
        self._post = post

    def speech(
        self,
        model: str,
        text: str,
        *,
        voice: str,
        response_format: str | None = None,
        speed: float | None = None,
        instructions: str | None = None,
        **options: Unpack[OperationOptions],
    ) -> Body:
        """Speaks a text.

        Args:
            model: `provider/model`, or an alias.
            text: What to say.
            voice: Who says it, in the provider's words.
            response_format: `mp3`, `wav`, `opus`, ...: the provider's default otherwise.
            speed: How fast; 1 is usual.
            instructions: How to say it.
            **options: See `OperationOptions`.

        Returns:
            The sound, as it is made.

        Raises:
            UnsupportedError: The provider has no such address.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.body import Body

        fields = {
            "input": text,
            "voice": voice,
            "response_format": response_format,
            "speed": speed,
            "instructions": instructions,
        }
        return Body(self._post("audio.speech", "/audio/speech", model, fields, options, None))

    def transcribe(
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
        """Writes down what a recording says.

        Args:
            model: `provider/model`, or an alias.
            file: A path, bytes, a file opened for bytes, or a pair of name and bytes.
            language: Its language, for instance `en`.
            prompt: Words to expect.
            response_format: `json`, `verbose_json`, `text`, `srt`, `vtt`.
            temperature: Randomness.
            **options: See `OperationOptions`.

        Raises:
            UnsupportedError: The provider has no such address.
            FerruleError: See `ferrule.errors` for the tree.
        """
        from ferrule.operations.audio import file_of, read

        fields = {
            "language": language,
            "prompt": prompt,
            "response_format": response_format,
            "temperature": temperature,
        }
        path = "/audio/transcriptions"
        flight = self._post("audio.transcribe", path, model, fields, options, None, file_of(file))
        head, body = whole(flight)
        return read(as_json(head, body), head, model)


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
