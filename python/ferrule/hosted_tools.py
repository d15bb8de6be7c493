"""Hosted tools: a web search, fetching of pages and code that the provider runs itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence


class UserLocation(TypedDict, total=False):
    """Where a user is, about."""

    city: str
    region: str
    country: str
    """Two letters, for instance `NO`."""
    timezone: str
    """For instance `Europe/Oslo`."""


def web_search(
    *,
    max_uses: int | None = None,
    allowed_domains: Sequence[str] | None = None,
    blocked_domains: Sequence[str] | None = None,
    user_location: UserLocation | None = None,
    context_size: Literal["low", "medium", "high"] | None = None,
) -> dict[str, Any]:
    """A web search that the provider makes. Its sources are in `Reply.citations`.

    Anthropic, OpenAI (Responses, and the search models of Chat Completions), Gemini, OpenRouter, Groq and Perplexity
    have it. Others raise `UnsupportedError`, and so do options that a provider does not have.

    Args:
        max_uses: The most searches in one reply (Anthropic).
        allowed_domains: Search these only.
        blocked_domains: Do not search these.
        user_location: Where the user is, for results nearby.
        context_size: How much of the results the model reads (OpenAI, OpenRouter, Perplexity).

    Returns:
        A declaration for `tools`.

    Raises:
        TypeError: Domains are not a list of strings.
    """
    return _declared(
        "web_search",
        max_uses=max_uses,
        allowed_domains=_texts("allowed_domains", allowed_domains),
        blocked_domains=_texts("blocked_domains", blocked_domains),
        user_location=None if user_location is None else dict(user_location),
        context_size=context_size,
    )


def web_fetch(
    *,
    max_uses: int | None = None,
    allowed_domains: Sequence[str] | None = None,
    blocked_domains: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Pages that the provider fetches where the prompt names them. Anthropic, Gemini and OpenRouter have it.

    Args:
        max_uses: The most pages in one reply (Anthropic).
        allowed_domains: Fetch from these only (Anthropic).
        blocked_domains: Do not fetch from these (Anthropic).

    Returns:
        A declaration for `tools`.

    Raises:
        TypeError: Domains are not a list of strings.
    """
    return _declared(
        "web_fetch",
        max_uses=max_uses,
        allowed_domains=_texts("allowed_domains", allowed_domains),
        blocked_domains=_texts("blocked_domains", blocked_domains),
    )


def code_execution() -> dict[str, Any]:
    """Code that the model writes and the provider runs. Anthropic, OpenAI (Responses), Gemini and Groq have it.

    Returns:
        A declaration for `tools`.
    """
    return _declared("code_execution")


def _texts(option: str, value: Sequence[str] | None) -> list[str] | None:
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{option}: expected a list of strings, not {value!r}")
    return list(value)


def _declared(name: str, **options: Any) -> dict[str, Any]:
    # The type is known to `crates/wire/src/dialect/shared/hosted_declaration.rs`.
    said = {key: value for key, value in options.items() if value is not None}
    return {"type": f"ferrule:{name}", **said}
