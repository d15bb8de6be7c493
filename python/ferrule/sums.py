"""Sums of usage and cost over several replies. What one of them does not say is not known of the sum either."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from ferrule._native import Cost, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence


def sum_of_usages(usages: Sequence[Usage]) -> Usage:
    """The usages added up; a number that one of them does not have is `None`."""
    rows = [usage.to_dict() for usage in usages]
    names = rows[0].keys() - {"extra"} if rows else set()
    sums = {name: _sum([row.get(name) for row in rows]) for name in names}
    return Usage.from_dict(sums)


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None


def sum_of_costs(costs: Sequence[Cost | None]) -> Cost | None:
    """The costs added up; `None` where one is not known, or there is none."""
    known = [cost for cost in costs if cost is not None]
    if not known or len(known) < len(costs):
        return None
    if len(known) == 1:
        return known[0]
    breakdown: dict[str, Decimal] = {}
    quantities: dict[str, int] = {}
    with localcontext() as context:
        context.prec = 60  # so that sums of money are exact
        total = sum((cost.total for cost in known), Decimal(0))
        # One that the provider reported has only a total: the parts of the others are not those of the whole.
        for cost in known if all(cost.breakdown for cost in known) else []:
            for name, amount in cost.breakdown.items():
                breakdown[name] = breakdown.get(name, Decimal(0)) + amount
                quantities[name] = quantities.get(name, 0) + cost.quantities[name]
    fields: dict[str, Any] = {
        "total": format(total, "f"),
        "currency": "USD",
        "breakdown": {name: format(amount, "f") for name, amount in breakdown.items()},
        "quantities": quantities,
        "is_reported": all(cost.is_reported for cost in known),
    }
    rows = [cost.to_dict() for cost in known]
    for name in ("source", "source_version", "source_date", "source_licence"):
        values = list(dict.fromkeys(row[name] for row in rows))
        fields[name] = values[0] if len(values) == 1 else None
    # Replies of several providers may have prices from several lists.
    fields["source"] = ", ".join(dict.fromkeys(row["source"] for row in rows))
    return Cost.from_dict(fields)
