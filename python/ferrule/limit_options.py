"""Options of rate limits and budgets, as types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - also at run time, for typing.get_type_hints
from decimal import Decimal  # noqa: TC003 - also at run time, for typing.get_type_hints
from typing import Literal, TypedDict


class LimitOptions(TypedDict, total=False):
    """A rate limit, in `Client(limits=...)` or a configuration."""

    scope: str | None
    """What has its own counter: `all` calls together, or each `provider`, `key`, `target`, `group` or
    `metadata.<label>`. Default `all`."""
    match: Sequence[str] | None
    """The values of the scope to which it applies. Default: all."""
    missing: Literal["shared", "refuse", "ignore"] | None
    """How calls without a value of the scope are treated. Default `shared`, for groups `ignore`."""
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
    """The maximum number of calls in progress."""
    when_full: Literal["wait", "refuse"] | None
    """Whether a call waits or is refused. Default `wait`."""
    max_wait: float | None
    """The longest wait of a call, in seconds. Default 30."""
    reserve_output: int | None
    """Output tokens to reserve, and to send as the limit, if a call has no `max_tokens`."""


class BudgetOptions(TypedDict, total=False):
    """A budget, in `Client(budgets=...)` or a configuration."""

    scope: str | None
    """What has its own counter: `all` calls together, or each `provider`, `key`, `target`, `group` or
    `metadata.<label>`. Default `all`."""
    match: Sequence[str] | None
    """The values of the scope to which it applies. Default: all."""
    missing: Literal["shared", "refuse", "ignore"] | None
    """How calls without a value of the scope are treated. Default `shared`, for groups `ignore`."""
    amount: float | Decimal
    """The amount for a window, in US dollars."""
    values: Mapping[str, float | Decimal] | None
    """Amounts for individual values of the scope."""
    window: str | None
    """The time window: `hour`, `day`, `week`, `month`, `year`, `total`, or such as `rolling 24h`. Default `month`."""
    time_zone: str | None
    """The time zone of days, weeks, months and years, such as `Europe/Oslo`. Default UTC."""
    mode: Literal["hard", "soft", "degrade"] | None
    """Whether a call that does not fit is refused, sent with an event, or sent to a cheaper group. Default `hard`."""
    degrade_to: str | None
    """The group or model to use instead, for `degrade`."""
    at: float | None
    """The share of the amount at which `degrade_to` takes over, 0 to 1. Default 0.8."""
    unknown_cost: Literal["refuse", "allow"] | None
    """How calls whose cost has no upper bound are treated. Default `refuse`; soft budgets allow them."""
    reserve_output: int | None
    """Output tokens to reserve, and to send as the limit, if a call has no `max_tokens`."""
    max_wait: float | None
    """The longest wait for reservations of other calls, in seconds. Default 5."""
