"""Chat completions: `completion` and `acompletion`, with caches, callbacks and fallbacks around them."""

from __future__ import annotations

from typing import Any

from ferrule.litellm import fallbacks
from ferrule.litellm.calls import acomplete, complete
from ferrule.litellm.requests import Request
from ferrule.litellm.settings import settings


def completion(model: str, messages: Any = None, **parameters: Any) -> Any:
    """Asks a model, and waits for its answer.

    Args:
        model: `provider/model`, or a bare name whose provider is known.
        messages: The conversation, in OpenAI's form.
        **parameters: litellm's and OpenAI's: `temperature`, `max_tokens`, `tools`, `response_format`, `stream`,
            `timeout` (seconds), `num_retries`, `fallbacks`, `api_key`, `api_base`, `metadata`, `drop_params`, ...; a
            name that nobody knows goes to the provider.

    Returns:
        A `ModelResponse`; with `stream=True` a `CustomStreamWrapper` of chunks.

    Raises:
        LiteLLMError: Its classes are litellm's, and openai's where that is imported (`ferrule.litellm.exceptions`).
    """
    if "fallbacks" in parameters or "context_window_fallback_dict" in parameters or settings.context_window_fallbacks:
        return fallbacks.complete_with(model, messages, parameters)
    return complete(Request(model, messages, parameters))


async def acompletion(model: str, messages: Any = None, **parameters: Any) -> Any:
    """`completion`, awaited.

    Args:
        model: As `completion` takes it.
        messages: As `completion` takes them.
        **parameters: As `completion` takes them.
    """
    if "fallbacks" in parameters or "context_window_fallback_dict" in parameters or settings.context_window_fallbacks:
        return await fallbacks.acomplete_with(model, messages, parameters)
    return await acomplete(Request(model, messages, parameters))


def batch_completion(model: str, messages: list[Any], max_workers: int = 100, **parameters: Any) -> list[Any]:
    """Asks a model several conversations at once.

    Args:
        model: As `completion` takes it.
        messages: The conversations.
        max_workers: How many are asked at a time at most.
        **parameters: As `completion` takes them.

    Returns:
        The answers in the order of the conversations; in place of one that failed its exception.
    """
    from concurrent.futures import ThreadPoolExecutor

    def complete_one(conversation: Any) -> Any:
        try:
            return completion(model, conversation, **parameters)
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, min(max_workers, len(messages) or 1))) as pool:
        return list(pool.map(complete_one, messages))
