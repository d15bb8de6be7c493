"""How many tokens a prompt has, as programs see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ferrule import _native

if TYPE_CHECKING:
    Source = Literal["vocabulary", "provider", "estimate"]


class TokenCount(NamedTuple):
    """How many tokens a prompt has.

    Attributes:
        tokens: The number.
        exact: Whether it is what the provider counts. Else it is an estimate.
        source: Where it is from: `vocabulary` (counted here, with the model's own), `provider` (it was asked), or
            `estimate` (counted here, with a vocabulary or rules that are not quite the model's).
    """

    tokens: int
    exact: bool
    source: Source


def locally(model: str, messages: Any, options: dict[str, Any]) -> TokenCount:
    """The count that needs nobody."""
    tokens, exact = _native.count_tokens_locally(model, messages, options)
    return TokenCount(tokens, exact, "vocabulary" if exact else "estimate")


def answered(delivered: Any, local: TokenCount) -> TokenCount:
    """What the provider said, or `local` where it cannot be asked."""
    (tokens,) = delivered
    return local if tokens is None else TokenCount(tokens, True, "provider")
