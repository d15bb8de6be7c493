"""Options as types: of completions and of other operations, of providers, and time limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, Union

import ferrule
from ferrule._native import Message
from ferrule.typing_compat import T, T_co

Messages = Union[str, Sequence[Union[Message, Mapping[str, Any]]]]  # noqa: UP007 - also at run time, on Python 3.10
"""A prompt: text, or a list of `Message` objects or dicts with `role` and `content`."""

Role = Literal["system", "developer", "user", "assistant", "tool"]
"""The role of a `Message`."""

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Named levels of reasoning effort."""

ToolChoice = Union[Literal["auto", "none", "required"], Callable[..., Any], Mapping[str, Any]]  # noqa: UP007 - as above
"""Which tool the model should call: its own choice, a function in `tools`, or a dict in a provider's format."""


class _Adapter(Protocol[T_co]):
    """A `pydantic.TypeAdapter`."""

    def validate_json(self, data: str | bytes | bytearray, /) -> T_co: ...

    def json_schema(self) -> dict[str, Any]: ...


ResponseType = Union[type[T], _Adapter[T]]  # noqa: UP007 - as above
"""The type of `Reply.parsed`: a class, `list[...]` of a class, or a `pydantic.TypeAdapter`."""


Model = Union[str, Sequence[str], None]  # noqa: UP007 - as above
"""A model: its name, several names to try in order, or `None` for the default model."""

DEFAULT_TOTAL = 600.0
"""The default limit of a whole call, in seconds (`crates/engine/src/timeout.rs`)."""


class Timeouts(NamedTuple):
    """Time limits of a call, in seconds. Each has its own error. For a limit that is `None`, the client's applies.

    Attributes:
        connect: Connecting, including DNS and TLS. Default 5.
        first_byte: From sending the request to the first byte of the response body. Default: same as `total`.
        idle: Between two chunks of the response. Default 120.
        total: The whole call, including retries. Default 600.
    """

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class SecretVariable(TypedDict):
    """A secret in an environment variable."""

    env: str


class SecretFile(TypedDict):
    """A secret in a file. The file is read when the secret is first needed."""

    file: str


class SecretCommand(TypedDict):
    """A secret printed by a program, which runs without a shell when the secret is first needed."""

    command: str | Sequence[str]


Secret = Union[str, SecretVariable, SecretFile, SecretCommand]  # noqa: UP007 - as above
"""A secret, or a reference to it. In text `${NAME}` and `${NAME:-default}` stand for environment variables."""


class RetryOptions(TypedDict, total=False):
    """How failed attempts are retried. Keys that are absent come from the next level: group, provider, client."""

    preset: str | None
    """The values of the keys that are not set: `default`, `aggressive`, `conservative` or `none`."""
    max_retries: int | None
    """Further attempts after each target was tried once. Default 2."""
    backoff: float | None
    """Seconds before the first retry, doubled for each further one. Default 0.5."""
    backoff_max: float | None
    """The longest wait before a retry, in seconds, unless the provider requests one. Default 8, 30 if overloaded."""
    budget: float | None
    """Retries as a share of calls, 0 to 1. Default 0.5."""


class BreakerOptions(TypedDict, total=False):
    """When the circuit breaker of a target opens, and for how long."""

    failures: int | None
    """Failures in a row that open it; 0 for never. Default 5."""
    failure_rate: float | None
    """The failure rate that opens it, 0 to 1; 0 for never. Default 0.5."""
    minimum: int | None
    """The number of calls in the window from which the rate applies. Default 20."""
    window: float | None
    """Seconds over which the rate is measured. Default 60."""
    open: float | None
    """Seconds that it stays open before a call may probe the target. Default 10."""
    open_max: float | None
    """The longest time it stays open, in seconds, as the time doubles. Default 25."""
    check: float | None
    """Seconds between health checks of an open target's provider. Default: never."""
    slow: float | None
    """Seconds after which an answer counts as a failure. Default: never."""
    all_open: str | None
    """If all are open: `fail` at once, or `ask` the next target. Default: `ask` for a single target, else `fail`."""


class _Key(TypedDict):
    key: Secret
    """The key, or a reference to it."""


class KeyOptions(_Key, total=False):
    """One of several API keys of a provider."""

    weight: float | None
    """Its share of the calls, relative to the other keys. Default 1."""


class ProviderOptions(TypedDict, total=False):
    """A provider's options, in `Client(providers=...)` or a configuration. A built-in one needs only what differs."""

    base_url: str | None
    """Its base URL, without the wire format's own path, for instance `https://api.openai.com/v1`."""
    api_key: Secret | None
    """Its API key; by default from the environment."""
    api_keys: Sequence[Secret | KeyOptions] | None
    """Several API keys instead of `api_key`. Calls use them by weight, and another one if a key is rate limited or
    refused."""
    dialect: str | None
    """Its wire format; by default the built-in provider's, else `openai-chat`."""
    headers: Mapping[str, Secret] | None
    """Headers sent with each request."""
    query: Mapping[str, Secret] | None
    """Query parameters sent with each request."""
    region: str | None
    """The region in its base URL, or the one whose base URL is used."""
    account: str | None
    """The account in its base URL. This and the following fill the `{placeholders}` of the base URL."""
    api_version: str | None
    """The API version: in the base URL (Azure, Gemini, Vertex AI), the header (Anthropic) or the body (Anthropic on
    Vertex AI)."""
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
    """The provider to call with the same model if this one fails: short for a group of both. `none` turns off a
    built-in one."""
    retry: RetryOptions | None
    """Retries of its calls."""
    breaker: BreakerOptions | None
    """The circuit breakers of its models."""
    command: Sequence[str] | None
    """The program to run for it (`cursor-cli`) or, with `spawn`, as its proxy, and its arguments."""
    spawn: bool | None
    """Whether to start a LiteLLM proxy for it, and stop it with the client: see `ferrule.sidecar`. Default false."""
    spawn_config: str | None
    """The configuration file of the proxy."""
    spawn_environment: Sequence[str] | None
    """Further environment variables for the proxy; `*` at the end of a name matches any text."""
    spawn_timeout: float | None
    """Seconds within which the proxy must be ready. Default 120."""
    quirks: Mapping[str, Any] | None
    """How it differs from its wire format, in addition to the built-in provider's quirks."""


class TargetOptions(TypedDict, total=False):
    """One target of a group."""

    model: str
    """`provider/model`, an alias, a bare name, or another group."""
    weight: float | None
    """Its weight relative to the others, for strategies that use weights; 0: a last resort. Default 1."""
    tags: Sequence[str] | None
    """Tags by which calls select it in `Routing(tags=...)`."""
    concurrency: int | None
    """The maximum number of calls in progress there."""
    options: Mapping[str, Any] | None
    """Default options of calls to this target: those of `CompletionOptions` and of every other operation (`dimensions`,
    `size`, `voice`, ...). Each applies to all calls that have an option of that name."""
    provider: ProviderOptions | None
    """Provider settings that differ for this target: key, region or address."""
    prices: Mapping[str, Any] | None
    """Its prices, as in `Client(models=...)`."""
    same_as: str | None
    """The model whose embeddings are identical, if the catalog does not know it."""


class GroupOptions(TypedDict, total=False):
    """A group of models that stand in for each other, in `Client(groups=...)` or a configuration."""

    targets: Sequence[str | TargetOptions]
    """The targets: model names, or dicts with options."""
    strategy: str | Callable[[Sequence[ferrule.RoutingTarget]], Iterable[ferrule.RoutingTarget | str | int]] | None
    """How targets are ordered: a name, or in Python a function (see `Routing`). Default `sequential`."""
    sticky: bool | None
    """Whether a conversation stays with one target while it is available. It is identified by its system prompt and
    first message. Default false."""
    hedge: bool | float | None
    """Whether to try a second target while the first is silent: `True` waits for the 95th percentile of the fastest
    target's times, a number is in seconds. Default false."""
    hedge_share: float | None
    """The share of calls, from 0 to 1, that may be hedged in the long run. Default 0.1."""
    continue_streams: bool | None
    """Whether another target continues a broken stream. Default false."""
    first_token: float | None
    """Seconds that a target may be silent while others are left. Default: from its measured times."""
    context_fallback: Sequence[str] | None
    """Models to try if the prompt is too long for all targets."""
    content_filter_fallback: Sequence[str] | None
    """Models to try if a content filter refuses. Default: none."""
    failover_on: Sequence[str] | None
    """The failures after which another target is tried."""
    retry: RetryOptions | None
    """Retries of its calls."""
    breaker: BreakerOptions | None
    """The circuit breakers of its targets."""


class OperationOptions(TypedDict, total=False):
    """The options of every operation other than chat. For an option that is absent or `None`, the client's applies.

    Attributes:
        metadata: Labels by which `client.usage()` groups usage and cost. They are not sent to the provider.
        timeout: Seconds for the whole call, or `Timeouts`. Default: the client's, else 600.
        max_retries: How many times a failed attempt is retried. Default: the client's, else 2.
        retry: How failed attempts are retried: a preset (`"none"`, for instance), or `RetryOptions`. Default: the
            group's, the provider's or the client's.
        routing: How the targets of the group are chosen, overriding the group's settings: a `Routing`, or a dict of
            its fields.
        drop_params: Whether to drop options that the provider does not support, with a warning, instead of raising
            `UnsupportedError`. Default: the client's, else false.
        extra_headers: Additional HTTP headers.
        extra_query: Additional query parameters.
        extra_body: Additional fields of the request body; they override Ferrule's fields of the same name.
        hooks: Interceptors for this call only: `ferrule.Interceptor` objects, or pairs of stage and function. See
            docs/hooks.md.
    """

    metadata: Mapping[str, str] | None
    timeout: float | Timeouts | None
    max_retries: int | None
    retry: str | RetryOptions | None
    routing: ferrule.Routing | Mapping[str, Any] | None
    drop_params: bool | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    hooks: Sequence[ferrule.Hook] | None


class EmbeddingOptions(OperationOptions, total=False):
    """The options of `embed`.

    Attributes:
        dimensions: The length of each vector; the model's own by default.
        input_type: What the embeddings are for: `query`, `document`, `classification`, `clustering`, `similarity`, or
            the provider's own term.
        user: An opaque id of your user, for the provider's abuse detection.
        batch_size: The maximum number of texts in one request; the provider's limit by default.
    """

    dimensions: int | None
    input_type: str | None
    user: str | None
    batch_size: int | None


class RerankOptions(OperationOptions, total=False):
    """The options of `rerank`.

    Attributes:
        top_n: How many of the best documents to return; all by default.
    """

    top_n: int | None


class ImageOptions(OperationOptions, total=False):
    """The options of `images.generate`.

    Attributes:
        n: How many images; 1 by default.
        size: Width and height in pixels, for instance `1024x1024`.
        quality: The provider's name of the quality.
        response_format: `url` or `b64_json`, for models that support both.
    """

    n: int | None
    size: str | None
    quality: str | None
    response_format: str | None


class SpeechOptions(OperationOptions, total=False):
    """The options of `audio.speech`, in addition to the voice.

    Attributes:
        response_format: The audio format: `mp3`, `wav`, `opus`, ...; the provider's default otherwise.
        speed: The speed as a factor; 1 is normal.
        instructions: How to speak, in words.
    """

    response_format: str | None
    speed: float | None
    instructions: str | None


class TranscriptionOptions(OperationOptions, total=False):
    """The options of `audio.transcribe`.

    Attributes:
        language: The spoken language, for instance `en`.
        prompt: Words that are likely to occur.
        response_format: The format of the transcript: `json`, `verbose_json`, `text`, `srt`, `vtt`.
        temperature: The sampling temperature.
    """

    language: str | None
    prompt: str | None
    response_format: str | None
    temperature: float | None


Tools = Iterable[Union[Callable[..., Any], Mapping[str, Any]]]  # noqa: UP007 - as above
"""Tools of a run: functions, `Tool` objects, and dicts of tools that the provider runs itself."""

Approval = Union[bool, str]  # noqa: UP007 - as above
"""The result of `approve`: true to make the tool call, false to stop the run, or text to send to the model instead."""


class CommonOptions(TypedDict, total=False):
    """The options of every chat call. For an option that is absent or `None`, the provider's default applies.

    Attributes:
        system: The system prompt: text, or text blocks (with `cache_control`, for instance).
        tool_choice: `"auto"`, `"none"` or `"required"`; a function or the name of a tool in `tools`, which must be
            called; or a dict in OpenAI's or Anthropic's format.
        parallel_tool_calls: Whether the model may call several tools at once.
        reasoning: How much to reason: an effort, a number of tokens, or a dict of `effort`, `budget_tokens` and
            `display`. The dict's `effort` may be a provider's own value.
        temperature: The sampling temperature; higher is more random.
        top_p: Sample from the most likely tokens that together have this probability, 0 to 1.
        top_k: Sample from this number of the most likely tokens.
        frequency_penalty: How much less likely a token becomes each time it occurs.
        presence_penalty: How much less likely a token becomes once it has occurred.
        max_tokens: The maximum number of tokens in the reply, including reasoning.
        stop: Texts at which the reply ends.
        seed: Makes sampling repeatable, as far as the provider can.
        n: How many replies (`Reply.choices`); 1 by default.
        logprobs: Whether to report log probabilities, or for how many alternatives at each position.
        metadata: Labels by which `client.usage()` groups usage and cost. They are not sent to the provider.
        provider_metadata: Labels for the provider's own records (OpenAI, Bedrock).
        user: An opaque id of your user, for the provider's abuse detection.
        safety_identifier: An opaque id of your user, in OpenAI's newer field: at most 64 characters.
        service_tier: The price and speed, as a value of the provider: `"flex"`, `"priority"`, `"standard_only"`, ...
        verbosity: The length of the text: `"low"`, `"medium"` or `"high"` (OpenAI).
        betas: Anthropic's beta features by name, on its own API, Bedrock and Vertex AI.
        prompt_cache: Cache the part of the prompt that repeats between calls (tools, system prompt, the conversation so
            far), for the provider's default time (true), five minutes, one hour, or the closest that the provider
            supports. `Reply.usage` shows the cached tokens.
        max_retries: How many times a failed attempt is retried before the first event. Default: the client's, else 2.
        retry: How failed attempts are retried: a preset (`"none"`, for instance), or `RetryOptions`. Default: the
            group's, the provider's or the client's.
        routing: How the targets of the group are chosen, overriding the group's settings: a `Routing`, or a dict of
            its fields.
        drop_params: Whether to drop options that the provider's wire format does not support, with a warning, instead
            of raising `UnsupportedError`. Default: the client's, else false.
        extra_headers: Additional HTTP headers.
        extra_query: Additional query parameters.
        extra_body: Additional fields of the request body; they override Ferrule's fields of the same name.
        hooks: Interceptors for this call only: `ferrule.Interceptor` objects, or pairs of stage and function. See
            docs/hooks.md.
    """

    system: str | Sequence[Mapping[str, Any]] | None
    tool_choice: ToolChoice | None
    parallel_tool_calls: bool | None
    reasoning: ReasoningEffort | int | Mapping[str, Any] | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    max_tokens: int | None
    stop: str | Sequence[str] | None
    seed: int | None
    n: int | None
    logprobs: bool | int | None
    metadata: Mapping[str, str] | None
    provider_metadata: Mapping[str, str] | None
    user: str | None
    safety_identifier: str | None
    service_tier: str | None
    verbosity: str | None
    betas: Sequence[str] | None
    prompt_cache: Literal[True, "5m", "1h"] | None
    max_retries: int | None
    retry: str | RetryOptions | None
    routing: ferrule.Routing | Mapping[str, Any] | None
    drop_params: bool | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    hooks: Sequence[ferrule.Hook] | None


class RunOptions(CommonOptions, total=False):
    """The options of each call that a run makes.

    Attributes:
        response_format: A type (pydantic, dataclass, msgspec, `TypedDict`, enum, `list[...]`, union, ...), a JSON
            schema, `"json"` or `"text"`: see `Reply.parsed`.
    """

    response_format: Any


class CallOptions(CommonOptions, total=False):
    """The options of `complete` and `stream` that do not decide the type of the reply.

    Attributes:
        tools: Tools that the model may call: typed Python functions, or dicts in OpenAI's or Anthropic's format.
        timeout: Seconds for the whole call, or `Timeouts`. Default: the client's, else 600.
    """

    tools: Sequence[Mapping[str, Any] | Callable[..., Any]] | None
    timeout: float | Timeouts | None


class CompletionOptions(CallOptions, total=False):
    """The options of `complete` and `stream`.

    Attributes:
        response_format: A type (pydantic, dataclass, msgspec, `TypedDict`, enum, `list[...]`, union, ...), a JSON
            schema, `"json"` or `"text"`: see `Reply.parsed`.
        retries_on_invalid: How many times to ask again if the reply is not valid for `response_format`, with the
            validation error added to the conversation. Default 0. Not available for streams.
    """

    response_format: Any
    retries_on_invalid: int | None


# `help()` shows the keys of a typed dictionary with those that it inherits.
for _kind, _base in (
    (RunOptions, CommonOptions),
    (CallOptions, CommonOptions),
    (CompletionOptions, CallOptions),
    *((one, OperationOptions) for one in (EmbeddingOptions, RerankOptions, ImageOptions, SpeechOptions)),
    (TranscriptionOptions, OperationOptions),
):
    if _kind.__doc__ and _base.__doc__:  # Python leaves docstrings out with -OO.
        _kind.__doc__ = _kind.__doc__.rstrip() + "\n" + _base.__doc__.partition("Attributes:\n")[2]
