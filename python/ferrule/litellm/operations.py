"""Operations other than chat: `embedding`, `image_generation`, `transcription`, `speech`, `rerank`, sync and async."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.errors import FerruleError
from ferrule.litellm import clients, parameters, providers, refusals, results
from ferrule.litellm.failures import exception_of
from ferrule.litellm.requests import labels_of
from ferrule.litellm.response import Usage
from ferrule.litellm.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.litellm.providers import Provider
    from ferrule.operations.reply import OperationReply


class Operation(NamedTuple):
    """An operation that is about to be asked for.

    Attributes:
        provider: Who is called.
        connection: Where and with which key.
        options: The options, as Ferrule's client takes them.
        own: The parameters that are ours.
    """

    provider: Provider
    connection: providers.Options
    options: dict[str, Any]
    own: dict[str, Any]

    @property
    def name(self) -> str:
        """The model as Ferrule names it."""
        return f"{self.provider.id}/{self.provider.model}"

    def exception(self, error: FerruleError) -> Exception:
        """The exception of litellm's for an error."""
        base = next((value for name, value in self.connection if name == "base_url"), None)
        return exception_of(error, self.provider.name, self.provider.model, base)

    def hidden(self, reply: Any) -> dict[str, Any]:
        """Metadata of the result: `_hidden_params`."""
        cost = reply.cost
        request_id = reply.request_id
        return {
            "custom_llm_provider": self.provider.name,
            "response_cost": None if cost is None else float(cost.total),
            "api_base": next((value for name, value in self.connection if name == "base_url"), None),
            "model_id": None,
            "litellm_call_id": self.own.get("litellm_call_id"),
            "additional_headers": {} if request_id is None else {"llm_provider-x-request-id": request_id},
            "cache_hit": None,
        }


def prepare(model: str, given: dict[str, Any], known: str) -> Operation:
    """The operation of a call.

    Args:
        model: The model as the call names it.
        given: The call's parameters.
        known: The names of the parameters that Ferrule has; others go to the provider.
    """
    body, own = parameters.split(given)
    provider = providers.provider_of(model, own.get("custom_llm_provider"), own.get("api_base") or own.get("base_url"))
    refusals.check(provider, own)
    options = parameters.common(provider, own, streamed=False)
    labels = labels_of(own.get("metadata"))
    if labels:
        options["metadata"] = labels
    if own.get("drop_params", settings.drop_params):
        options["drop_params"] = True
    names = known.split()
    extra: dict[str, Any] = {}
    for name, value in body.items():
        (options if name in names else extra)[name] = value
    if extra:
        options["extra_body"] = {**extra, **options.get("extra_body", {})}
    return Operation(provider, providers.connection(provider, own), options, own)


def raw(operation: Operation) -> Operation:
    """The operation as a request that is sent as it is: its headers, retries and time limit are the client's."""
    options = operation.options
    settings = dict(operation.connection)
    headers = {**dict(settings.get("headers") or ()), **(options.get("extra_headers") or {})}
    if headers:
        settings["headers"] = tuple(sorted(headers.items()))
    settings["retry"] = (("max_retries", options["max_retries"]),)
    settings["timeout"] = options["timeout"]
    return operation._replace(connection=tuple(settings.items()))


def run(operation: Operation, act: Callable[[Any], Any]) -> Any:
    """Does `act` with the operation's client."""
    try:
        return act(clients.sync_client(operation.provider.id, operation.connection))
    except FerruleError as error:
        raise operation.exception(error) from error


async def arun(operation: Operation, act: Callable[[Any], Any]) -> Any:
    """Does `act` with the operation's asynchronous client, awaited."""
    try:
        return await act(clients.async_client(operation.provider.id, operation.connection))
    except FerruleError as error:
        raise operation.exception(error) from error


_EMBEDDING = "dimensions input_type user"


def embedding_of(operation: Operation, found: Any, encoding: Any) -> results.EmbeddingResponse:
    """The vectors in litellm's form."""
    vectors = found.vectors
    data: list[Any] = []
    for index, vector in enumerate(vectors):
        given: Any = vector
        if encoding == "base64":
            size = found.dimensions * 4
            given = base64.b64encode(found.data[index * size : (index + 1) * size]).decode()
        data.append(results.Embedding(embedding=given, index=index, object="embedding"))
    made = results.EmbeddingResponse(model=found.model, data=data, object="list", usage=usage_of(found))
    made.hidden_params = operation.hidden(found)
    return made


def usage_of(found: OperationReply) -> Usage:
    """The tokens of an operation."""
    used = found.usage
    given = (used.input_tokens or 0) if used is not None else 0
    made = (used.output_tokens or 0) if used is not None else 0
    return Usage(prompt_tokens=given, completion_tokens=made, total_tokens=given + made)


def embedding(model: str, input: Any = None, **parameters: Any) -> results.EmbeddingResponse:
    """Embeds texts.

    Args:
        model: `provider/model`, or a bare name whose provider is known.
        input: A text, or a list of texts.
        **parameters: `dimensions`, `user`, `encoding_format`, `timeout`, `api_key`, `api_base`, ...

    Raises:
        LiteLLMError: As `completion` does.
    """
    encoding = parameters.pop("encoding_format", None)
    operation = prepare(model, parameters, _EMBEDDING)
    found = run(operation, lambda client: client.embed(operation.name, input, **operation.options))
    return embedding_of(operation, found, encoding)


async def aembedding(model: str, input: Any = None, **parameters: Any) -> results.EmbeddingResponse:
    """`embedding`, awaited."""
    encoding = parameters.pop("encoding_format", None)
    operation = prepare(model, parameters, _EMBEDDING)
    found = await arun(operation, lambda client: client.embed(operation.name, input, **operation.options))
    return embedding_of(operation, found, encoding)


_IMAGES = "n size quality response_format"


def images_of(operation: Operation, found: Any) -> results.ImageResponse:
    """The images in litellm's form."""
    data = [
        results.ImageObject(
            b64_json=None if image.data is None else base64.b64encode(image.data).decode(),
            revised_prompt=image.revised_prompt,
            url=image.url,
        )
        for image in found
    ]
    used = usage_of(found)
    usage = results.ImageUsage(
        input_tokens=used.prompt_tokens,
        input_tokens_details={"image_tokens": 0, "text_tokens": used.prompt_tokens},
        output_tokens=used.completion_tokens,
        total_tokens=used.total_tokens,
    )
    created = int(found.extra.get("created") or time.time())
    made = results.ImageResponse(created=created, data=data, usage=usage)
    made.hidden_params = operation.hidden(found)
    return made


def image_generation(prompt: str, model: str | None = None, **parameters: Any) -> results.ImageResponse:
    """Generates images.

    Args:
        prompt: The description of the images.
        model: `provider/model`. Default `openai/dall-e-2`.
        **parameters: `n`, `size`, `quality`, `response_format`, `timeout`, `api_key`, `api_base`, ...

    Raises:
        LiteLLMError: As `completion` does.
    """
    operation = prepare(model or "openai/dall-e-2", parameters, _IMAGES)
    found = run(operation, lambda client: client.images.generate(operation.name, prompt, **operation.options))
    return images_of(operation, found)


async def aimage_generation(prompt: str, model: str | None = None, **parameters: Any) -> results.ImageResponse:
    """`image_generation`, awaited."""
    operation = prepare(model or "openai/dall-e-2", parameters, _IMAGES)
    found = await arun(operation, lambda client: client.images.generate(operation.name, prompt, **operation.options))
    return images_of(operation, found)


_TRANSCRIPTION = "language prompt response_format temperature"


def transcript_of(operation: Operation, found: Any) -> results.TranscriptionResponse:
    """The transcript in litellm's form."""
    made = results.TranscriptionResponse(text=found.text, language=found.language, duration=found.duration)
    made.__dict__.update(found.extra)
    made.hidden_params = operation.hidden(found)
    return made


def transcription(model: str, file: Any, **parameters: Any) -> results.TranscriptionResponse:
    """Transcribes a recording.

    Args:
        model: `provider/model`, or a bare name whose provider is known.
        file: A file opened in binary mode, bytes, a path, or a pair of file name and bytes.
        **parameters: `language`, `prompt`, `response_format`, `temperature`, `timeout`, `api_key`, `api_base`, ...

    Raises:
        LiteLLMError: As `completion` does.
    """
    operation = prepare(model, parameters, _TRANSCRIPTION)
    given = file[:2] if isinstance(file, tuple) else file
    found = run(operation, lambda client: client.audio.transcribe(operation.name, given, **operation.options))
    return transcript_of(operation, found)


async def atranscription(model: str, file: Any, **parameters: Any) -> results.TranscriptionResponse:
    """`transcription`, awaited."""
    operation = prepare(model, parameters, _TRANSCRIPTION)
    given = file[:2] if isinstance(file, tuple) else file
    found = await arun(operation, lambda client: client.audio.transcribe(operation.name, given, **operation.options))
    return transcript_of(operation, found)


_SPEECH = "response_format speed instructions"


def speech(model: str, input: str, voice: Any = None, **parameters: Any) -> results.HttpxBinaryResponseContent:
    """Synthesises speech.

    Args:
        model: `provider/model`, or a bare name whose provider is known.
        input: The text to speak.
        voice: The provider's name of the voice.
        **parameters: `response_format`, `speed`, `instructions`, `timeout`, `api_key`, `api_base`, ...

    Raises:
        LiteLLMError: As `completion` does.
    """
    operation = prepare(model, parameters, _SPEECH)

    def speak(client: Any) -> results.HttpxBinaryResponseContent:
        with client.audio.speech(operation.name, input, voice=voice, **operation.options) as body:
            return results.HttpxBinaryResponseContent(body.read(), dict(body.headers), operation.hidden(body))

    made: results.HttpxBinaryResponseContent = run(operation, speak)
    return made


async def aspeech(model: str, input: str, voice: Any = None, **parameters: Any) -> results.HttpxBinaryResponseContent:
    """`speech`, awaited."""
    operation = prepare(model, parameters, _SPEECH)

    async def speak(client: Any) -> results.HttpxBinaryResponseContent:
        async with await client.audio.speech(operation.name, input, voice=voice, **operation.options) as body:
            return results.HttpxBinaryResponseContent(await body.read(), dict(body.headers), operation.hidden(body))

    made: results.HttpxBinaryResponseContent = await arun(operation, speak)
    return made


def ranking_of(operation: Operation, found: Any, documents: list[Any], with_documents: bool) -> results.RerankResponse:
    """The ranking in litellm's form."""
    ranked: list[dict[str, Any]] = []
    for one in found:
        entry: dict[str, Any] = {"index": one.index, "relevance_score": one.score}
        if with_documents:
            document = documents[one.index]
            entry["document"] = document if isinstance(document, dict) else {"text": document}
        ranked.append(entry)
    units = found.search_units
    meta = {} if units is None else {"billed_units": {"search_units": units}}
    made = results.RerankResponse(id=found.id, results=ranked, meta=meta)
    made.hidden_params = operation.hidden(found)
    return made


def _texts(documents: list[Any]) -> list[str]:
    return [document if isinstance(document, str) else document.get("text", "") for document in documents]


def rerank(model: str, query: str, documents: list[Any], **parameters: Any) -> results.RerankResponse:
    """Ranks documents by their relevance to a query.

    Args:
        model: `provider/model`, or a bare name whose provider is known.
        query: The query.
        documents: Texts, or dicts with `text`.
        **parameters: `top_n`, `return_documents` (false by default), `timeout`, `api_key`, `api_base`, ...

    Raises:
        LiteLLMError: As `completion` does.
    """
    shown = bool(parameters.pop("return_documents", False))
    operation = prepare(model, parameters, "top_n")
    texts = _texts(documents)
    found = run(operation, lambda client: client.rerank(operation.name, query, texts, **operation.options))
    return ranking_of(operation, found, documents, shown)


async def arerank(model: str, query: str, documents: list[Any], **parameters: Any) -> results.RerankResponse:
    """`rerank`, awaited."""
    shown = bool(parameters.pop("return_documents", False))
    operation = prepare(model, parameters, "top_n")
    texts = _texts(documents)
    found = await arun(operation, lambda client: client.rerank(operation.name, query, texts, **operation.options))
    return ranking_of(operation, found, documents, shown)
