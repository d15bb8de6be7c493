"""Options of rate limits and budgets, as types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - also at run time, for typing.get_type_hints
from decimal import Decimal  # noqa: TC003 - also at run time, for typing.get_type_hints
from typing import Literal, TypedDict


class LimitOptions(TypedDict, total=False):
    """A rate limit, in `Client(limits=...)` or a configuration."""

    scope: str | None
    """What it is kept of, each with a counter of its own: `all`, `provider`, `key`, `target`, `group` or
    `metadata.<label>`. Default `all`."""
    match: Sequence[str] | None
    """The values of the scope that it is for. Default: all."""
    missing: Literal["shared", "refuse", "ignore"] | None
    """Calls that have no value of the scope. Default `shared`, for groups `ignore`."""
    requests_per_second: int | None
    """Requests in any second."""
    requests_per_minute: int | None
    """Requests in any minute."""
    requests_per_day: int | None
    """Requests in any 24 hours."""
    tokens_per_second: int | None
    """Tokens in any second, prompts and answers."""
    tokens_per_minute: int | None
    """Tokens in any minute, prompts and answers."""
    tokens_per_day: int | None
    """Tokens in any 24 hours, prompts and answers."""
    concurrency: int | None
    """Calls under way at once."""
    when_full: Literal["wait", "refuse"] | None
    """Whether a call waits or is refused. Default `wait`."""
    max_wait: float | None
    """Seconds that a call waits at most. Default 30."""
    reserve_output: int | None
    """Tokens of output to reserve, and to send as the limit, where a call has no `max_tokens`."""


class BudgetOptions(TypedDict, total=False):
    """A budget, in `Client(budgets=...)` or a configuration."""

    scope: str | None
    """What it is kept of, each with a counter of its own: `all`, `provider`, `key`, `target`, `group` or
    `metadata.<label>`. Default `all`."""
    match: Sequence[str] | None
    """The values of the scope that it is for. Default: all."""
    missing: Literal["shared", "refuse", "ignore"] | None
    """Calls that have no value of the scope. Default `shared`, for groups `ignore`."""
    amount: float | Decimal
    """Dollars that may be spent in a window."""
    values: Mapping[str, float | Decimal] | None
    """Other amounts for single values of the scope."""
    window: str | None
    """What the amount is for: `hour`, `day`, `week`, `month`, `year`, `total`, or as `rolling 24h`. Default `month`."""
    time_zone: str | None
    """Where days, weeks, months and years begin, such as `Europe/Oslo`. Default UTC."""
    mode: Literal["hard", "soft", "degrade"] | None
    """Where a call does not fit in: refused, sent all the same with an event, or a cheaper group. Default `hard`."""
    degrade_to: str | None
    """The group or model to ask instead, for `degrade`."""
    at: float | None
    """The share of the amount from which on it is used, 0 to 1. Default 0.8."""
    unknown_cost: Literal["refuse", "allow"] | None
    """A call whose cost has no upper bound. Default `refuse`; soft budgets allow it."""
    reserve_output: int | None
    """Tokens of output to reserve, and to send as the limit, where a call has no `max_tokens`."""
    max_wait: float | None
    """Seconds that a call waits at most for what others have reserved. Default 5."""
