"""Usage tracking: the tokens and cost of a client's calls, `client.usage()`.

Every call counts once, when it ends: plain or streamed, complete or interrupted. The extension module keeps the sums;
here they are added up on request.
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
    """The total usage and cost of some calls.

    Attributes:
        calls: The calls that ended.
        failed: Of them, those that ended without any reply.
        interrupted: Of them, those that ended with a partial reply: the stream broke off, or was closed.
        input_tokens: Tokens of the prompts, as far as providers reported them.
        output_tokens: Tokens of the replies, as far as providers reported them.
        cache_read_tokens: Of the input, read from a cache.
        cache_write_tokens: Of the input, written to a cache.
        reasoning_tokens: Of the output, reasoning.
        cost: The cost in US dollars of the calls whose cost is known.
        unknown_cost: How many calls have a reply whose cost is not known. If it is not 0, `cost` is incomplete.
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
    """Adds up the usage of a client's calls. Not a copy: each method includes the calls made in the meantime."""

    def __init__(self, native: NativeClient) -> None:
        self._native = native

    def total(self) -> UsageTotals:
        """The totals of all calls."""
        return self._by(lambda _: None).get(None, UsageTotals())

    def by_provider(self) -> dict[str, UsageTotals]:
        """The totals by provider id."""
        return self._by(lambda row: row["provider"])

    def by_model(self) -> dict[str, UsageTotals]:
        """The totals by model, as `provider/model`."""
        return self._by(lambda row: f"{row['provider']}/{row['model']}")

    def by_alias(self) -> dict[str | None, UsageTotals]:
        """The totals by alias; under `None` those of calls without one."""
        return self._by(lambda row: row["alias"])

    def by_metadata(self, key: str) -> dict[str | None, UsageTotals]:
        """The totals by the value of `key` in the calls' `metadata`; under `None` those of calls without it."""
        return self._by(lambda row: row["metadata"].get(key))

    def reset(self) -> None:
        """Sets the totals to zero."""
        self._native.clear_usage()

    def _by(self, key: Callable[[dict[str, Any]], Any]) -> dict[Any, UsageTotals]:
        sums: dict[Any, dict[str, Any]] = {}
        with localcontext() as context:
            context.prec = 60  # so that sums of money are exact
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
