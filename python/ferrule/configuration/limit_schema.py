"""Limits and budgets in the configuration schema: the keys of `[limits.*]` and `[budgets.*]`."""

from __future__ import annotations

from ferrule.configuration.field import Field

_SCOPE = {
    "scope": Field(
        "text",
        "What has its own counter: `all` calls together, or each `provider`, `key`, `target`, `group` or "
        "`metadata.<label>`. Default `all`.",
        '"metadata.team"',
    ),
    "match": Field("words", "The values of the scope to which it applies. Default: all.", '["search", "ads"]'),
    "missing": Field(
        "text",
        "Calls without a value of the scope share one counter (`shared`), are refused (`refuse`), or are not counted "
        "(`ignore`). Default `shared`, for groups `ignore`.",
        '"shared"',
        choices=("shared", "refuse", "ignore"),
    ),
}
_RESERVE = Field("count", "Output tokens to reserve, and to send as the limit, if a call has no `max_tokens`.", "4096")

LIMIT = {
    **_SCOPE,
    "requests_per_second": Field("count", "Requests in any second.", "20"),
    "requests_per_minute": Field("count", "Requests in any minute.", "600"),
    "requests_per_day": Field("count", "Requests in any 24 hours.", "100000"),
    "tokens_per_second": Field("count", "Tokens in any second, prompts and answers.", "10000"),
    "tokens_per_minute": Field("count", "Tokens in any minute, prompts and answers.", "200000"),
    "tokens_per_day": Field("count", "Tokens in any 24 hours, prompts and answers.", "50000000"),
    "concurrency": Field("count", "The maximum number of calls in progress.", "50"),
    "when_full": Field(
        "text", "Whether a call waits or is refused. Default `wait`.", '"wait"', choices=("wait", "refuse")
    ),
    "max_wait": Field("number", "The longest wait of a call, in seconds. Default 30.", "30"),
    "reserve_output": _RESERVE,
}
"""The keys of a limit. `LimitOptions` has the same."""

BUDGET = {
    **_SCOPE,
    "amount": Field("money", "The amount for a window, in US dollars.", "50.00"),
    "values": Field(
        "named",
        "Amounts for individual values of the scope.",
        "{ search = 200.00 }",
        item=Field("money", "Dollars."),
    ),
    "window": Field(
        "text",
        "The time window: `hour`, `day`, `week`, `month`, `year`, `total`, or rolling, such as `rolling 24h`. Default "
        "`month`.",
        '"month"',
    ),
    "time_zone": Field("text", "The time zone of days, weeks, months and years. Default UTC.", '"Europe/Oslo"'),
    "mode": Field(
        "text",
        "A call that does not fit is refused (`hard`), sent anyway with an event (`soft`), or sent to a cheaper group "
        "(`degrade`). Default `hard`.",
        '"degrade"',
        choices=("hard", "soft", "degrade"),
    ),
    "degrade_to": Field("text", "The group or model to use instead, for `degrade`.", '"cheap"'),
    "at": Field("share", "The share of the amount at which `degrade_to` takes over, 0 to 1. Default 0.8.", "0.8"),
    "unknown_cost": Field(
        "text",
        "Calls whose cost has no upper bound (no price, hosted tools). Default `refuse`; soft budgets allow them.",
        '"refuse"',
        choices=("refuse", "allow"),
    ),
    "reserve_output": _RESERVE,
    "max_wait": Field("number", "The longest wait for reservations of other calls, in seconds. Default 5.", "5"),
}
"""The keys of a budget. `BudgetOptions` has the same."""
