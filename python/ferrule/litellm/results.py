"""Results of the other operations: embeddings, images, transcripts, speech, rankings, texts, responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm.objects import OpenAIObject

if TYPE_CHECKING:
    import os

    from ferrule.litellm.response import Usage


class Result(OpenAIObject):
    """A result with its metadata in `_hidden_params`, as of `ModelResponse`."""

    _hidden_params: dict[str, Any]

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.__dict__["_hidden_params"] = {}


class Embedding(OpenAIObject):
    """One vector, of the text at `index`."""

    embedding: list[float]
    index: int
    object: str


class EmbeddingResponse(Result):
    """Vectors, in the order of the texts."""

    model: str
    data: list[Any]
    object: str
    usage: Usage


class ImageObject(OpenAIObject):
    """One image: `url`, or `b64_json`."""

    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class ImageUsage(OpenAIObject):
    """The tokens of images: `input_tokens`, `output_tokens`, `total_tokens`."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class ImageResponse(Result):
    """Generated images."""

    created: int
    data: list[ImageObject]


class TranscriptionResponse(Result):
    """The words of a recording."""

    text: str
    language: str | None = None
    duration: float | None = None


class RerankResponse(Result):
    """Documents by relevance, the best first: `results` of `index`, `relevance_score` and perhaps `document`."""

    id: str
    results: list[dict[str, Any]]
    meta: dict[str, Any]


class TextChoices(OpenAIObject):
    """One of the texts of a text completion."""

    text: str
    index: int
    finish_reason: str | None
    logprobs: Any = None


class TextCompletionResponse(Result):
    """The answer of a text completion."""

    id: str
    object: str
    created: int
    model: str
    choices: list[TextChoices]
    usage: Usage


class ResponsesAPIResponse(Result):
    """An answer of the Responses API: `output`, `status`, `usage`, ..., as the provider sent it."""

    id: str
    output: list[Any]
    status: str
    usage: Any

    @property
    def output_text(self) -> str:
        """The text of all output."""
        found: list[str] = []
        for item in self.output:
            for part in item.get("content") or () if item.get("type") == "message" else ():
                if part.get("type") == "output_text":
                    found.append(part.get("text") or "")  # noqa: PERF401
        return "".join(found)


class ResponsesEvent(OpenAIObject):
    """An event of a streamed response: `type`, and the fields of that type."""

    type: str


class HttpxBinaryResponseContent:
    """Speech: `content`, and `stream_to_file` to write it.

    Attributes:
        content: The bytes.
        headers: The response headers.
    """

    def __init__(self, content: bytes, headers: dict[str, str], hidden: dict[str, Any]) -> None:
        self.content = content
        self.headers = headers
        self._hidden_params = hidden

    def read(self) -> bytes:
        """The bytes."""
        return self.content

    async def aread(self) -> bytes:
        """The bytes."""
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Any:
        """The bytes in pieces of `chunk_size`."""
        size = chunk_size or max(1, len(self.content))
        return iter([self.content[place : place + size] for place in range(0, len(self.content), size)])

    def stream_to_file(self, file: str | os.PathLike[str], **unused: Any) -> None:
        """Writes the bytes to a file."""
        del unused
        with open(file, "wb") as opened:
            opened.write(self.content)

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        """Writes the bytes to a file."""
        self.stream_to_file(file)

    async def astream_to_file(self, file: str | os.PathLike[str], **unused: Any) -> None:
        """Writes the bytes to a file."""
        self.stream_to_file(file, **unused)


def dictionaries(value: Any) -> Any:
    """A JSON value whose objects can also be read by attributes."""
    if isinstance(value, dict):
        return OpenAIObject(**{name: dictionaries(item) for name, item in value.items()})
    return [dictionaries(item) for item in value] if isinstance(value, list) else value
