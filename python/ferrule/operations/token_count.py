"""Token counts of prompts."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ferrule import _native


class TokenCount(NamedTuple):
    """The number of tokens of a prompt.

    Attributes:
        tokens: The number.
        exact: Whether it is what the provider counts; an estimate otherwise.
        source: How it was counted: `vocabulary` (locally, with the model's own vocabulary), `provider` (by the
            provider), or `estimate` (locally, with a vocabulary or rules that are close to the model's).
    """

    tokens: int
    exact: bool
    source: Literal["vocabulary", "provider", "estimate"]


def count_locally(model: str, messages: Any, options: dict[str, Any]) -> TokenCount:
    """The count that needs no request."""
    tokens, exact = _native.count_tokens_locally(model, messages, options)
    return TokenCount(tokens, exact, "vocabulary" if exact else "estimate")


def provider_count(delivered: Any, local: TokenCount) -> TokenCount:
    """The provider's own count, or `local` where it has no such operation."""
    (tokens,) = delivered
    return local if tokens is None else TokenCount(tokens, True, "provider")
