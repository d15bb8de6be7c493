"""What callers may set: time limits, and the options of a call and of a provider, as types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Timeouts(NamedTuple):
    """Time limits of a call, in seconds. Each has its own error; what is `None` is the client's.

    Attributes:
        connect: To connect, name look-up and TLS included. Default 5.
        first_byte: From sending the request to the first byte of the answer's body. Default: as long as `total`.
        idle: Between two pieces of the answer. Default 120.
        total: The whole call, retries included. Default 600.
    """

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class Env(TypedDict):
    """A secret that is in an environment variable."""

    env: str


class SecretFile(TypedDict):
    """A secret that is in a file, read when it is first needed."""

    file: str


class Command(TypedDict):
    """A secret that a program prints, started without a shell when it is first needed."""

    command: str | Sequence[str]


Secret = str | Env | SecretFile | Command
"""A secret, or where it comes from. In text `${NAME}` and `${NAME:-default}` stand for environment variables."""


class ProviderOptions(TypedDict, total=False):
    """One provider of `Client(providers={...})` or of a configuration. A built-in provider needs only what differs."""

    base_url: str | None
    """Its address up to where the dialect's path begins, for instance `https://api.openai.com/v1`."""
    api_key: Secret | None
    """Its key; by default from the environment."""
    dialect: str | None
    """Its wire format; by default the built-in row's, else `openai-chat`."""
    headers: Mapping[str, Secret] | None
    """Headers for each request."""
    query: Mapping[str, Secret] | None
    """Parameters of each request's address."""
    region: str | None
    """The region in its address, or whose address it is."""
    account: str | None
    """The account in its address; this and the following fill `{placeholders}`."""
    api_version: str | None
    deployment: str | None
    gateway: str | None
    host: str | None
    location: str | None
    project: str | None
    resource: str | None
    fallback: str | None
    """The provider that is asked, with the same model, when this one cannot be reached."""
    command: Sequence[str] | None
    """The program it is (`cursor-cli`), or with `spawn` the one that is started for it."""
    spawn: bool | None
    """Start a LiteLLM proxy for it, and stop it with the client: see `ferrule.sidecar`."""
    spawn_config: str | None
    """The configuration file of the proxy that is started."""
    spawn_timeout: float | None
    """Seconds until the proxy that is started has to be ready. Default 120."""
    quirks: Mapping[str, Any] | None
    """How it differs from its dialect, beside what its built-in row says."""


class OperationOptions(TypedDict, total=False):
    """The options that every operation beside chat has. What is absent or `None` is the client's default."""

    metadata: Mapping[str, str] | None
    """What the call is told apart by in `client.usage()`. It is not sent: no such operation of a provider takes it."""
    timeout: float | Timeouts | None
    """Seconds for the whole call, or `Timeouts`."""
    max_retries: int | None
    """How many times a failed attempt is repeated. Default 2."""
    drop_params: bool | None
    """Leave out what the provider cannot carry, with a warning, instead of raising `UnsupportedError`."""
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    """Fields of the provider's own; they win over ours of the same name."""


class EmbeddingOptions(OperationOptions, total=False):
    """The options of `embed`."""

    dimensions: int | None
    """How many numbers each vector shall have; the model's own number by default."""
    input_type: str | None
    """What the vectors are for: `query`, `document`, `classification`, `clustering`, `similarity`, or the provider's
    own word."""
    user: str | None
    """An opaque id of your user, for the provider's abuse checks."""
    batch_size: int | None
    """The most texts in one request; the provider's limit by default."""


class RerankOptions(OperationOptions, total=False):
    """The options of `rerank`."""

    top_n: int | None
    """How many of the best are wanted; all by default."""


class ImageOptions(OperationOptions, total=False):
    """The options of `images.generate`."""

    n: int | None
    """How many."""
    size: str | None
    """For instance `1024x1024`."""
    quality: str | None
    """In the provider's words."""
    response_format: str | None
    """`url` or `b64_json`, for models that let one choose."""


class SpeechOptions(OperationOptions, total=False):
    """The options of `audio.speech` beside the voice."""

    response_format: str | None
    """`mp3`, `wav`, `opus`, ...: the provider's default otherwise."""
    speed: float | None
    """How fast; 1 is usual."""
    instructions: str | None
    """How to say it."""


class TranscriptionOptions(OperationOptions, total=False):
    """The options of `audio.transcribe`."""

    language: str | None
    """The recording's language, for instance `en`."""
    prompt: str | None
    """Words to expect."""
    response_format: str | None
    """`json`, `verbose_json`, `text`, `srt`, `vtt`."""
    temperature: float | None
    """Randomness."""


class CompletionOptions(TypedDict, total=False):
    """The options of `complete` and `stream`. What is absent or `None` is the provider's default."""

    system: str | Sequence[Mapping[str, Any]] | None
    """Instructions, before the messages: text, or text blocks (with `cache_control`, for instance)."""
    tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None
    """Tools the model may call: JSON-schema dicts in OpenAI's or Anthropic's form, or typed Python functions."""
    tool_choice: str | Mapping[str, Any] | None
    """`"auto"`, `"none"`, `"required"`, the name of a tool, or a dict in OpenAI's or Anthropic's form."""
    parallel_tool_calls: bool | None
    """Whether the model may call several tools at once."""
    response_format: Any
    """`"json"`, `"text"`, a JSON schema, or a type (pydantic, dataclass, msgspec, TypedDict): see `Reply.parsed`."""
    reasoning: str | int | Mapping[str, Any] | None
    """How much to think: an effort (`"none"` to `"max"`), a number of tokens, or a dict of `effort` and
    `budget_tokens`."""
    temperature: float | None
    top_p: float | None
    top_k: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    max_tokens: int | None
    """The most tokens to answer with, reasoning included."""
    stop: str | Sequence[str] | None
    seed: int | None
    n: int | None
    """How many answers."""
    logprobs: bool | int | None
    """Whether to report log probabilities, or of how many alternatives at each place."""
    metadata: Mapping[str, str] | None
    user: str | None
    """An opaque id of your user, for the provider's abuse checks."""
    timeout: float | Timeouts | None
    """Seconds for the whole call, or `Timeouts`."""
    max_retries: int | None
    """How many times a failed attempt is repeated before the first event. Default 2."""
    drop_params: bool | None
    """Leave out what the provider's dialect cannot carry, with a warning, instead of raising `UnsupportedError`."""
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    """Fields of the provider's own; they win over ours of the same name."""
