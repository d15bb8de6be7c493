"""Fallbacks of a router: which group is tried after one that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm.exceptions import ContentPolicyViolationError, ContextWindowExceededError

if TYPE_CHECKING:
    from collections.abc import Generator

    from ferrule.litellm.router_settings import RouterSettings

Step = tuple[str, dict[str, Any]]
"""A group to ask, and what its call has of its own."""


def steps(model: str, settings: RouterSettings, given: dict[str, Any]) -> Generator[Step, Exception, None]:
    """The groups to ask, one after the other. Each error is sent in; the first one is raised.

    Args:
        model: The group that the call names.
        settings: The router's.
        given: The call's own `fallbacks`, `context_window_fallbacks`, ..., and `disable_fallbacks`.
    """
    asked = {model}
    waiting: list[tuple[Step, int]] = []
    error = first = yield model, {}
    current, depth = model, 0
    while True:
        if not given.get("disable_fallbacks") and depth < settings.max_fallbacks:
            waiting = [(step, depth + 1) for step in _after(current, error, settings, given)] + waiting
        waiting = [one for one in waiting if one[0][0] not in asked]
        if not waiting:
            raise first
        step, depth = waiting.pop(0)
        current = step[0]
        asked.add(current)
        error = yield step


def _after(model: str, error: Exception, settings: RouterSettings, given: dict[str, Any]) -> list[Step]:
    named: list[Any] = []
    if isinstance(error, ContextWindowExceededError):
        named = _of(model, given.get("context_window_fallbacks", settings.context_window_fallbacks))
    elif isinstance(error, ContentPolicyViolationError):
        named = _of(model, given.get("content_policy_fallbacks", settings.content_policy_fallbacks))
    if not named:
        usual = given.get("fallbacks", settings.fallbacks) or []
        if usual and all(isinstance(entry, str) or "model" in entry for entry in usual):
            named = list(usual)  # A call may give the groups themselves, with arguments.
        else:
            named = _of(model, usual) or list(settings.default_fallbacks)
    found: list[Step] = []
    for entry in named:
        if isinstance(entry, dict):
            own = dict(entry)
            found.append((own.pop("model", model), own))
        else:
            found.append((entry, {}))
    return found


def _of(model: str, entries: Any) -> list[Any]:
    """The fallbacks of a group, by `[{group: [other, ...]}, ...]`; `*` is for those that have none."""
    usual: list[Any] = []
    for entry in entries or ():
        if isinstance(entry, dict):
            if model in entry:
                return _listed(entry[model])
            usual = _listed(entry["*"]) if "*" in entry else usual
    return usual


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, (str, dict)) else list(value)
