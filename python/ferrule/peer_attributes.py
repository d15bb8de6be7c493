"""Attribute names of other libraries (openai, anthropic, litellm, llm, ...): what Ferrule has in place of each.

Read only for an error: of the module (`ferrule.completion`), of a client (`client.chat`), or of a class of errors
(`ferrule.RateLimitError`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrule.configuration.suggestions import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPLETE = "call client.complete(model, messages)"
_MODULE_COMPLETE = "call ferrule.complete(model, messages), or a ferrule.Client's complete"
_ASYNC = "ferrule.AsyncClient has the same methods as coroutines: await client.complete(model, messages)"
_DROP_IN = "the SDK's own class, with Ferrule below it, is `from ferrule.%s import %s` (%s)"
_EMBED = "call client.embed(model, texts)"
_CLIENT_METHOD = "it is a method of a client: ferrule.Client().%s(...)"
_RAISED = "the error is ferrule.%s"
_KEPT = "messages are a list that the program keeps (docs/conversations.md)"
_NOT_THERE = "Ferrule has no such thing (docs/what-ferrule-does-not-do.md)"
_SETTING = "it is a setting of a provider: Client(providers={provider: {...}}) (docs/configuration.md)"


def _each(names: str, answer: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), answer)


_ERRORS = {
    "APIError": "ProviderError",
    "APIStatusError": "ProviderError",
    "APIResponseValidationError": "ResponseDecodeError",
    "APIConnectionError": "ConnectError",
    "APITimeoutError": "TimeoutError",
    "BadRequestError": "InvalidRequestError",
    "BudgetExceeded": "BudgetExceededError",
    "ConflictError": "ProviderError",
    "ContentFilterError": "ContentFilteredError",
    "ContentFilterFinishReasonError": "ParseError, of `reply.parsed`",
    "ContentPolicyViolationError": "ContentFilteredError",
    "ContextWindowExceededError": "ContextLengthError",
    "InsufficientQuotaError": "QuotaExceededError",
    "InternalServerError": "ServerError",
    "JSONSchemaValidationError": "ParseError, of `reply.parsed`",
    "LengthFinishReasonError": "ParseError, of `reply.parsed`",
    "OpenAIError": "FerruleError",
    "AnthropicError": "FerruleError",
    "RateLimitError": "RateLimitedError",
    "ReadTimeout": "TimeoutError",
    "RequestTimeoutError": "TimeoutError",
    "ServiceUnavailableError": "OverloadedError",
    "Timeout": "TimeoutError",
    "UnprocessableEntityError": "InvalidRequestError",
    "UnsupportedParamsError": "UnsupportedError",
}

MODULE: dict[str, str] = {
    **{name: _RAISED % ours for name, ours in _ERRORS.items()},
    **{
        name: _DROP_IN % ("openai", name, "docs/migrate-from-openai.md")
        for name in ("OpenAI", "AzureOpenAI", "AsyncOpenAI")
    },
    "AsyncAzureOpenAI": _DROP_IN % ("openai", "AsyncAzureOpenAI", "docs/migrate-from-openai.md"),
    **{
        name: _DROP_IN % ("anthropic", name, "docs/migrate-from-anthropic.md")
        for name in ("Anthropic", "AsyncAnthropic")
    },
    **_each(
        "completion text_completion chat chat_completion create generate ask prompt ChatCompletion", _MODULE_COMPLETE
    ),
    **_each("acompletion acomplete astream atext_completion aprompt", _ASYNC),
    **_each("embedding embeddings aembedding", _CLIENT_METHOD % "embed"),
    **_each("batch_completion abatch_completion batch", _CLIENT_METHOD % "map"),
    **_each("token_counter encode", _CLIENT_METHOD % "count_tokens"),
    **_each("image_generation aimage_generation", _CLIENT_METHOD % "images.generate"),
    **_each("transcription atranscription", _CLIENT_METHOD % "audio.transcribe"),
    **_each("speech aspeech", _CLIENT_METHOD % "audio.speech"),
    **_each("arerank", _CLIENT_METHOD % "rerank"),
    **{
        name: _CLIENT_METHOD % name
        for name in ("embed", "rerank", "map", "stream_run", "models", "count_tokens", "estimate_cost", "health")
    },
    **_each(
        "get_model get_async_model", "call ferrule.complete('provider/model', 'the prompt'); nothing is loaded first"
    ),
    "Router": "Client(groups=...) fails over and balances (docs/failover.md); litellm's own is ferrule.litellm.Router",
    **_each("completion_cost cost_per_token", "every reply has its `cost`; client.estimate_cost(...) says it before"),
    **_each("api_key openai_key anthropic_key api_base base_url organization", _SETTING),
    **_each("Conversation conversation", _KEPT),
    **_each("Agent Assistant", "client.run(model, messages, tools=[...]) calls tools in turns (docs/tools.md)"),
    **_each("function_tool tool Function", "a typed Python function is a tool: tools=[function] (docs/tools.md)"),
}
"""Of the module `ferrule`."""

CLIENT: dict[str, str] = {
    "chat": f"{_COMPLETE}; `client.chat.completions.create` is there in `from ferrule.openai import OpenAI`",
    "messages": f"{_COMPLETE}; `client.messages.create` is there in `from ferrule.anthropic import Anthropic`",
    "responses": f"{_COMPLETE} with 'openai-responses/...'; `from ferrule.openai import OpenAI` has `responses`",
    **_each("completions completion create generate invoke ask prompt predict generate_content call", _COMPLETE),
    **_each("acompletion acomplete astream ainvoke aembed arun", _ASYNC),
    **_each("stream_complete chat_stream stream_chat generate_content_stream", "call client.stream(model, messages)"),
    **_each("parse beta", "write response_format=Type: `reply.parsed` is one (docs/structured-output.md)"),
    **_each("embeddings embedding create_embedding embed_multi embed_content", _EMBED),
    **_each("batch abatch batch_completion", "call client.map(model, prompts) (docs/many-prompts.md)"),
    **_each("list_models get_models available_models", "call client.models(provider)"),
    **_each("with_options copy", "options are those of each call; settings are those of a new ferrule.Client(...)"),
    **_each(
        "get_model model", "the model is the first argument of a call: client.complete('provider/model', messages)"
    ),
    **_each("conversation history threads", _KEPT),
    **_each("api_key base_url organization timeout max_retries default_headers", _SETTING),
    **_each("transcribe transcriptions", "call client.audio.transcribe(model, file)"),
    **_each("speech speak", "call client.audio.speech(model, text, voice=...)"),
    **_each("image generate_image", "call client.images.generate(model, prompt)"),
    **_each("token_counter tokenize", "call client.count_tokens(model, messages)"),
    **_each("cost completion_cost", "every reply has its `cost`; client.usage().total().cost is that of all calls"),
    **_each("tools tool agent", "call client.run(model, messages, tools=[...]) (docs/tools.md)"),
    **_each("files batches fine_tuning moderations vector_stores assistants videos evals containers", _NOT_THERE),
    "aclose": "write client.close(), or `with ferrule.Client() as client`; AsyncClient has aclose()",
}
"""Of `Client` and `AsyncClient`."""


def module_answer(name: str, known: Iterable[str]) -> str:
    """The text of the error for an attribute that the module does not have.

    Args:
        name: Its name.
        known: The public names that there are.
    """
    answer = MODULE.get(name)
    rest = f": {answer}" if answer else suggestion(name, known)
    return f"module 'ferrule' has no attribute {name!r}{rest}"


def client_answer(kind: str, name: str, known: Iterable[str]) -> str:
    """The same of a client.

    Args:
        kind: The name of its class.
        name: The attribute.
        known: The attributes that there are.
    """
    answer = CLIENT.get(name)
    rest = f": {answer}" if answer else suggestion(name, [one for one in known if not one.startswith("_")])
    return f"{kind!r} object has no attribute {name!r}{rest}"
