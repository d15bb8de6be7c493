"""Options as types: of completions and of other operations, of providers, and time limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, Union

from ferrule._native import Message

Messages = Union[str, Sequence[Union[Message, Mapping[str, Any]]]]  # noqa: UP007 - also at run time, on Python 3.10
"""A prompt: text, or a list of `Message` objects or dicts with `role` and `content`."""


DEFAULT_TOTAL = 600.0
"""Seconds for a whole call where nothing says how many (`crates/engine/src/timeout.rs`)."""


class Timeouts(NamedTuple):
    """Time limits of a call, in seconds. Each has its own error; a limit that is `None` is the client's.

    Attributes:
        connect: Connecting, name look-up and TLS included. Default 5.
        first_byte: From sending the request to the first byte of the response body. Default: as `total`.
        idle: Between two chunks of the response. Default 120.
        total: The whole call, retries included. Default 600.
    """

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class SecretVariable(TypedDict):
    """A secret in an environment variable."""

    env: str


class SecretFile(TypedDict):
    """A secret in a file, which is read when the secret is first needed."""

    file: str


class SecretCommand(TypedDict):
    """A secret that a program prints. It is run, without a shell, when the secret is first needed."""

    command: str | Sequence[str]


Secret = Union[str, SecretVariable, SecretFile, SecretCommand]  # noqa: UP007 - as above
"""A secret, or a reference to it. In text `${NAME}` and `${NAME:-default}` stand for environment variables."""


class ProviderOptions(TypedDict, total=False):
    """A provider's options, in `Client(providers=...)` or a configuration. Built-in ones need only what differs."""

    base_url: str | None
    """Its base URL, up to where the wire format's path begins, for instance `https://api.openai.com/v1`."""
    api_key: Secret | None
    """Its API key; by default from the environment."""
    dialect: str | None
    """Its wire format; by default the built-in provider's, else `openai-chat`."""
    headers: Mapping[str, Secret] | None
    """Headers of each request."""
    query: Mapping[str, Secret] | None
    """Query parameters of each request."""
    region: str | None
    """The region in its base URL, or the one that chooses it."""
    account: str | None
    """The account in its base URL. This and the following fill the `{placeholders}` of the base URL."""
    api_version: str | None
    """The API version."""
    deployment: str | None
    """The deployment."""
    gateway: str | None
    """The gateway."""
    host: str | None
    """The host."""
    location: str | None
    """The location."""
    project: str | None
    """The project."""
    resource: str | None
    """The resource."""
    fallback: str | None
    """The provider that is called, with the same model, when this one cannot be reached."""
    command: Sequence[str] | None
    """The program to run for it (`cursor-cli`) or, with `spawn`, as its proxy, and its arguments."""
    spawn: bool | None
    """Whether to start a LiteLLM proxy for it, and stop it with the client: see `ferrule.sidecar`. Default false."""
    spawn_config: str | None
    """The configuration file of the proxy."""
    spawn_environment: Sequence[str] | None
    """Further environment variables for the proxy; `*` at the end of a name stands for any text."""
    spawn_timeout: float | None
    """Seconds within which the proxy has to be ready. Default 120."""
    quirks: Mapping[str, Any] | None
    """How it differs from its wire format, in addition to the built-in provider's quirks."""


class OperationOptions(TypedDict, total=False):
    """The options of every operation other than chat. An option that is absent or `None` is the client's default."""

    metadata: Mapping[str, str] | None
    """Labels for `client.usage()`. They are not sent, as no provider takes them for such operations."""
    timeout: float | Timeouts | None
    """Seconds for the whole call, or `Timeouts`. Default: the client's, else 600."""
    max_retries: int | None
    """How many times a failed attempt is repeated. Default: the client's, else 2."""
    drop_params: bool | None
    """Whether to drop options that the provider cannot carry, with a warning, instead of raising `UnsupportedError`.
    Default: the client's, else false."""
    extra_headers: Mapping[str, str] | None
    """Additional HTTP headers."""
    extra_query: Mapping[str, str] | None
    """Additional query parameters."""
    extra_body: Mapping[str, Any] | None
    """Additional fields of the request body; they win over Ferrule's of the same name."""


class EmbeddingOptions(OperationOptions, total=False):
    """The options of `embed`."""

    dimensions: int | None
    """The length of each vector; the model's own by default."""
    input_type: str | None
    """What the embeddings are for: `query`, `document`, `classification`, `clustering`, `similarity`, or the provider's
    own term."""
    user: str | None
    """An opaque id of your user, for the provider's abuse detection."""
    batch_size: int | None
    """The maximum number of texts in one request; the provider's limit by default."""


class RerankOptions(OperationOptions, total=False):
    """The options of `rerank`."""

    top_n: int | None
    """How many of the best documents to return; all by default."""


class ImageOptions(OperationOptions, total=False):
    """The options of `images.generate`."""

    n: int | None
    """How many images; 1 by default."""
    size: str | None
    """Width and height in pixels, for instance `1024x1024`."""
    quality: str | None
    """The provider's name of the quality."""
    response_format: str | None
    """`url` or `b64_json`, for models that support both."""


class SpeechOptions(OperationOptions, total=False):
    """The options of `audio.speech`, in addition to the voice."""

    response_format: str | None
    """The audio format: `mp3`, `wav`, `opus`, ...; the provider's default otherwise."""
    speed: float | None
    """The speed as a factor; 1 is normal."""
    instructions: str | None
    """How to speak, in words."""


class TranscriptionOptions(OperationOptions, total=False):
    """The options of `audio.transcribe`."""

    language: str | None
    """The spoken language, for instance `en`."""
    prompt: str | None
    """Words that are likely to occur."""
    response_format: str | None
    """The format of the transcript: `json`, `verbose_json`, `text`, `srt`, `vtt`."""
    temperature: float | None
    """The sampling temperature."""


Tools = Iterable[Union[Callable[..., Any], Mapping[str, Any]]]  # noqa: UP007 - as above
"""Tools of a run: functions, `Tool` objects, and dicts of tools that the provider runs itself."""

Approval = Union[bool, str]  # noqa: UP007 - as above
"""What `approve` says of a tool call: true to make it, false to stop the run, or text for the model in its place."""


class RunOptions(TypedDict, total=False):
    """The options of each call that a run makes. An option that is absent or `None` is the provider's default."""

    system: str | Sequence[Mapping[str, Any]] | None
    """Instructions, before the messages: text, or text blocks (with `cache_control`, for instance)."""
    tool_choice: str | Mapping[str, Any] | None
    """`"auto"`, `"none"`, `"required"`, the name of a tool, or a dict in OpenAI's or Anthropic's form."""
    parallel_tool_calls: bool | None
    """Whether the model may call several tools at once."""
    response_format: Any
    """`"json"`, `"text"`, a JSON schema, or a type (pydantic, dataclass, msgspec, TypedDict): see `Reply.parsed`."""
    reasoning: str | int | Mapping[str, Any] | None
    """How much to reason: an effort (`"none"` to `"max"`), a number of tokens, or a dict of `effort` and
    `budget_tokens`."""
    temperature: float | None
    """The sampling temperature; higher is more random."""
    top_p: float | None
    """Sample from the most likely tokens that together have this probability, 0 to 1."""
    top_k: int | None
    """Sample from this number of the most likely tokens."""
    frequency_penalty: float | None
    """How much less likely a token becomes each time it occurs."""
    presence_penalty: float | None
    """How much less likely a token becomes once it has occurred."""
    max_tokens: int | None
    """The maximum number of tokens of the reply, reasoning included."""
    stop: str | Sequence[str] | None
    """Texts at which the reply ends."""
    seed: int | None
    """Makes sampling repeatable, as far as the provider can."""
    n: int | None
    """How many replies (`Reply.choices`); 1 by default."""
    logprobs: bool | int | None
    """Whether to report log probabilities, or for how many alternatives at each position."""
    metadata: Mapping[str, str] | None
    """Labels for the provider's logs and for `client.usage()`."""
    user: str | None
    """An opaque id of your user, for the provider's abuse detection."""
    max_retries: int | None
    """How many times a failed attempt is repeated before the first event. Default: the client's, else 2."""
    drop_params: bool | None
    """Whether to drop options that the provider's wire format cannot carry, with a warning, instead of raising
    `UnsupportedError`. Default: the client's, else false."""
    extra_headers: Mapping[str, str] | None
    """Additional HTTP headers."""
    extra_query: Mapping[str, str] | None
    """Additional query parameters."""
    extra_body: Mapping[str, Any] | None
    """Additional fields of the request body; they win over Ferrule's of the same name."""


class CompletionOptions(RunOptions, total=False):
    """The options of `complete` and `stream`. An option that is absent or `None` is the provider's default."""

    tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None
    """Tools the model may call: JSON-schema dicts in OpenAI's or Anthropic's form, or typed Python functions."""
    timeout: float | Timeouts | None
    """Seconds for the whole call, or `Timeouts`. Default: the client's, else 600."""
