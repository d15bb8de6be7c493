"""Limits and budgets in the configuration schema: the keys of `[limits.*]` and `[budgets.*]`."""

from __future__ import annotations

from ferrule.configuration.field import Field

_SCOPE = {
    "scope": Field(
        "text",
        "What it is kept of, each with a counter of its own: `all`, `provider`, `key`, `target`, `group` or "
        "`metadata.<label>`. Default `all`.",
        '"metadata.team"',
    ),
    "match": Field("words", "The values of the scope that it is for. Default: all.", '["search", "ads"]'),
    "missing": Field(
        "text",
        "Calls that have no value of the scope: they share one counter (`shared`), are refused (`refuse`), or are not "
        "counted (`ignore`). Default `shared`, for groups `ignore`.",
        '"shared"',
        choices=("shared", "refuse", "ignore"),
    ),
}
_RESERVE = Field(
    "count", "Tokens of output to reserve, and to send as the limit, where a call has no `max_tokens`.", "4096"
)

LIMIT = {
    **_SCOPE,
    "requests_per_second": Field("count", "Requests in any second.", "20"),
    "requests_per_minute": Field("count", "Requests in any minute.", "600"),
    "requests_per_day": Field("count", "Requests in any 24 hours.", "100000"),
    "tokens_per_second": Field("count", "Tokens in any second, prompts and answers.", "10000"),
    "tokens_per_minute": Field("count", "Tokens in any minute, prompts and answers.", "200000"),
    "tokens_per_day": Field("count", "Tokens in any 24 hours, prompts and answers.", "50000000"),
    "concurrency": Field("count", "Calls under way at once.", "50"),
    "when_full": Field(
        "text", "Whether a call waits or is refused. Default `wait`.", '"wait"', choices=("wait", "refuse")
    ),
    "max_wait": Field("number", "Seconds that a call waits at most. Default 30.", "30"),
    "reserve_output": _RESERVE,
}
"""The keys of a limit. `LimitOptions` has the same."""

BUDGET = {
    **_SCOPE,
    "amount": Field("money", "Dollars that may be spent in a window.", "50.00"),
    "values": Field(
        "named",
        "Other amounts for single values of the scope.",
        "{ search = 200.00 }",
        item=Field("money", "Dollars."),
    ),
    "window": Field(
        "text",
        "What the amount is for: `hour`, `day`, `week`, `month`, `year`, `total`, or as `rolling 24h`. Default "
        "`month`.",
        '"month"',
    ),
    "time_zone": Field("text", "Where days, weeks, months and years begin. Default UTC.", '"Europe/Oslo"'),
    "mode": Field(
        "text",
        "Where a call does not fit in: it is refused (`hard`), sent all the same (`soft`, with an event), or a cheaper "
        "group is used (`degrade`). Default `hard`.",
        '"degrade"',
        choices=("hard", "soft", "degrade"),
    ),
    "degrade_to": Field("text", "The group or model to ask instead, for `degrade`.", '"cheap"'),
    "at": Field("share", "The share of the amount from which on it is used, 0 to 1. Default 0.8.", "0.8"),
    "unknown_cost": Field(
        "text",
        "A call whose cost has no upper bound: no price, hosted tools. Default `refuse`; soft budgets allow it.",
        '"refuse"',
        choices=("refuse", "allow"),
    ),
    "reserve_output": _RESERVE,
    "max_wait": Field("number", "Seconds that a call waits at most for what others have reserved. Default 5.", "5"),
}
"""The keys of a budget. `BudgetOptions` has the same."""
