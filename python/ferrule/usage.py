"""What a client's calls used and cost in all: `client.usage()`.

Every call counts once when it ends, plain or streamed, whole or interrupted. The sums are kept by the extension module;
here they are put together when somebody asks.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import NativeClient

__all__ = ["UsageTotals", "UsageTracker"]


@dataclasses.dataclass(frozen=True)
class UsageTotals:
    """What some calls used and cost in all.

    Attributes:
        calls: All calls that ended.
        failed: Of them, those that ended without any answer.
        interrupted: Of them, those that ended with a part of it: the stream broke off, or was closed.
        input_tokens: Tokens of the prompts, as far as providers reported them.
        output_tokens: Tokens of the answers, as far as providers reported them.
        cache_read_tokens: Of the input, read from a cache.
        cache_write_tokens: Of the input, written to a cache.
        reasoning_tokens: Of the output, reasoning.
        cost: In dollars, of the calls whose cost is known.
        unknown_cost: How many calls have an answer whose cost is not known. Not 0: then `cost` is not all.
    """

    calls: int = 0
    failed: int = 0
    interrupted: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = Decimal(0)
    unknown_cost: int = 0


_FIGURES = tuple(field.name for field in dataclasses.fields(UsageTotals))


class UsageTracker:
    """Sums up a client's calls. It is not a copy: asked again, it knows of the calls made meanwhile."""

    def __init__(self, native: NativeClient) -> None:
        self._native = native

    def total(self) -> UsageTotals:
        """All calls."""
        return self._by(lambda _: None).get(None, UsageTotals())

    def by_provider(self) -> dict[str, UsageTotals]:
        """The calls of each provider."""
        return self._by(lambda row: row["provider"])

    def by_model(self) -> dict[str, UsageTotals]:
        """The calls of each model, as `provider/model`."""
        return self._by(lambda row: f"{row['provider']}/{row['model']}")

    def by_alias(self) -> dict[str | None, UsageTotals]:
        """The calls by each alias; under `None` those by a model's own name."""
        return self._by(lambda row: row["alias"])

    def by_metadata(self, key: str) -> dict[str | None, UsageTotals]:
        """The calls by what their `metadata` has under `key`; under `None` those without it."""
        return self._by(lambda row: row["metadata"].get(key))

    def reset(self) -> None:
        """Forgets the calls so far."""
        self._native.clear_usage()

    def _by(self, key: Callable[[dict[str, Any]], Any]) -> dict[Any, UsageTotals]:
        sums: dict[Any, dict[str, Any]] = {}
        with localcontext() as context:
            context.prec = 60  # sums of money are exact
            for row in self._native.usage_rows():
                figures = sums.setdefault(key(row), dict.fromkeys(_FIGURES, 0))
                for name in _FIGURES:
                    figures[name] += row[name]
        totals: dict[Any, UsageTotals] = {}
        for name, figures in sums.items():
            figures["cost"] = Decimal(figures["cost"])
            totals[name] = UsageTotals(**figures)
        return totals

    def __repr__(self) -> str:
        total = self.total()
        return f"UsageTracker(calls={total.calls}, cost={total.cost}, unknown_cost={total.unknown_cost})"
