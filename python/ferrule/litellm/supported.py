"""Supported parameters: which of OpenAI's a provider takes (`get_supported_openai_params`)."""

from __future__ import annotations

from ferrule._native import carried_options, provider_table
from ferrule.litellm.exceptions import BadRequestError
from ferrule.litellm.providers import provider_of

_ALL = [
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "max_tokens",
    "max_completion_tokens",
    "modalities",
    "prediction",
    "n",
    "presence_penalty",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "function_call",
    "functions",
    "max_retries",
    "extra_headers",
    "parallel_tool_calls",
    "audio",
    "web_search_options",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "store",
    "response_format",
    "user",
    "reasoning_effort",
]
_NEUTRAL = {"max_completion_tokens": "max_tokens", "reasoning_effort": "reasoning", "top_logprobs": "logprobs"}
_ALWAYS = ("stream", "stream_options", "max_retries", "extra_headers")


def get_supported_openai_params(
    model: str, custom_llm_provider: str | None = None, **unused: object
) -> list[str] | None:
    """The parameters of OpenAI's that reach a provider; `None` where there is no such provider.

    Args:
        model: The model as calls name it.
        custom_llm_provider: The provider, where the name says none.
        **unused: litellm's other arguments, which change nothing.
    """
    del unused
    try:
        provider = provider_of(model, custom_llm_provider)
    except BadRequestError:
        return None
    if provider.as_given:
        return list(_ALL)
    dialect = next((row["dialect"] for row in provider_table() if row["id"] == provider.id), "openai-chat")
    carried = carried_options()[dialect]
    return [name for name in _ALL if name in _ALWAYS or _NEUTRAL.get(name, name) in carried]
