"""Fallbacks of a single call: other models where one fails, and a larger one where the prompt is too long."""

from __future__ import annotations

from typing import Any

from ferrule.litellm.calls import acomplete, complete
from ferrule.litellm.exceptions import ContextWindowExceededError
from ferrule.litellm.requests import Request
from ferrule.litellm.settings import settings


def _plan(model: str, parameters: dict[str, Any]) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, Any]]:
    """Models in the order they are tried, each with its parameters; and larger ones where a prompt is too long."""
    given = dict(parameters)
    others = given.pop("fallbacks", None) or []
    larger: dict[str, Any] = given.pop("context_window_fallback_dict", None) or {}
    for entry in settings.context_window_fallbacks or ():
        larger = {**entry, **larger}
    asked: list[tuple[str, dict[str, Any]]] = [(model, given)]
    for other in others:
        if isinstance(other, dict):
            changed = {**given, **other}
            asked.append((changed.pop("model", model), changed))
        else:
            # The key and the address are the first model's.
            kept = {name: value for name, value in given.items() if name not in ("api_key", "api_base", "base_url")}
            asked.append((other, given if other.partition("/")[0] == model.partition("/")[0] else kept))
    return asked, larger


def _larger(model: str, larger: dict[str, Any]) -> list[str]:
    found = larger.get(model) or larger.get(model.partition("/")[2]) or []
    return [found] if isinstance(found, str) else list(found)


def complete_with(model: str, messages: Any, parameters: dict[str, Any]) -> Any:
    """Asks the model, then its fallbacks in their order, until one answers.

    Raises:
        LiteLLMError: The last error.
    """
    asked, larger = _plan(model, parameters)
    last: Exception | None = None
    while asked:
        name, given = asked.pop(0)
        try:
            return complete(Request(name, messages, given))
        except Exception as error:
            last = error
            if isinstance(error, ContextWindowExceededError):
                asked = [(one, given) for one in _larger(name, larger)] + asked
            if not asked:
                raise
    raise last or ValueError("fallbacks: there is no model to ask")


async def acomplete_with(model: str, messages: Any, parameters: dict[str, Any]) -> Any:
    """`complete_with`, awaited."""
    asked, larger = _plan(model, parameters)
    last: Exception | None = None
    while asked:
        name, given = asked.pop(0)
        try:
            return await acomplete(Request(name, messages, given))
        except Exception as error:
            last = error
            if isinstance(error, ContextWindowExceededError):
                asked = [(one, given) for one in _larger(name, larger)] + asked
            if not asked:
                raise
    raise last or ValueError("fallbacks: there is no model to ask")
