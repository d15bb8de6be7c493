"""Status of rate limits and budgets, and what is done to budgets by hand."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - also at run time, for typing.get_type_hints
from typing import TYPE_CHECKING, Any

from ferrule.numeric import as_dollars

if TYPE_CHECKING:
    from ferrule._native import NativeClient


@dataclass(frozen=True)
class LimitStatus:
    """A rate limit, for one value of its scope. What is not limited is `None`.

    Attributes:
        name: Its name.
        scope: What it is kept of, such as `metadata.team`.
        value: Which of those, such as the team's name; `(none)` for calls that have no value.
        requests_per_second: The limit of requests in any second.
        requests_this_second: Requests in the last second, those included that are about to be sent.
        requests_per_minute: The limit of requests in any minute.
        requests_this_minute: Requests in the last minute.
        requests_per_day: The limit of requests in any 24 hours.
        requests_this_day: Requests in the last 24 hours.
        tokens_per_second: The limit of tokens in any second.
        tokens_this_second: Tokens in the last second, those included that calls under way may use.
        tokens_per_minute: The limit of tokens in any minute.
        tokens_this_minute: Tokens in the last minute.
        tokens_per_day: The limit of tokens in any 24 hours.
        tokens_this_day: Tokens in the last 24 hours.
        concurrency: The limit of calls under way.
        in_flight: Calls under way.
        waiting: Calls that wait for it.
    """

    name: str
    scope: str
    value: str
    requests_per_second: int | None
    requests_this_second: int | None
    requests_per_minute: int | None
    requests_this_minute: int | None
    requests_per_day: int | None
    requests_this_day: int | None
    tokens_per_second: int | None
    tokens_this_second: int | None
    tokens_per_minute: int | None
    tokens_this_minute: int | None
    tokens_per_day: int | None
    tokens_this_day: int | None
    concurrency: int | None
    in_flight: int
    waiting: int


@dataclass(frozen=True)
class BudgetStatus:
    """A budget, for one value of its scope. Amounts are in dollars.

    Attributes:
        name: Its name.
        scope: What it is kept of, such as `metadata.team`.
        value: Which of those, such as the team's name; `(none)` for calls that have no value.
        mode: `hard`, `soft` or `degrade`.
        window: What its amount is for, such as `month`.
        amount: What may be spent in it.
        topped_up: What was added to that by hand.
        reported: What was spent, as the providers reported it.
        estimated: What was spent at most by calls that were sent and whose use was never reported.
        reserved: What calls under way may spend at most.
        ends_at: When its window ends, in seconds since 1970; `None` where it does not.
        waiting: Calls that wait for it.
    """

    name: str
    scope: str
    value: str
    mode: str
    window: str
    amount: Decimal
    topped_up: Decimal
    reported: Decimal
    estimated: Decimal
    reserved: Decimal
    ends_at: int | None
    waiting: int

    @property
    def spent(self) -> Decimal:
        """What was spent, estimates included."""
        return self.reported + self.estimated

    @property
    def left(self) -> Decimal:
        """What is neither spent nor reserved; below 0 where a soft budget is exceeded."""
        return self.amount + self.topped_up - self.spent - self.reserved

    @property
    def ends(self) -> datetime.datetime | None:
        """When its window ends, in UTC; `None` where it does not."""
        return None if self.ends_at is None else datetime.datetime.fromtimestamp(self.ends_at, datetime.timezone.utc)


class Budget:
    """A budget, or one value of its scope, for the operator. Each change is logged under `ferrule`."""

    def __init__(self, native: NativeClient, name: str, value: str | None) -> None:
        self._native = native
        self._name = name
        self._value = value

    def __repr__(self) -> str:
        return f"Budget({self._name!r})" if self._value is None else f"Budget({self._name!r}, {self._value!r})"

    def top_up(self, amount: float | Decimal) -> BudgetStatus:
        """Adds dollars to what may be spent in this window. The next one has its usual amount.

        Args:
            amount: How many dollars, 0 or more.

        Returns:
            The budget as it is then.

        Raises:
            ConfigError: There is no such budget, or it is not said which value of its scope.
            TypeError: `amount` is not a number of dollars.
        """
        dollars = as_dollars(amount)
        if dollars is None:
            raise TypeError(f"amount: expected a number of dollars, 0 or more, not {amount!r}")
        return self._change(dollars)

    def reset(self) -> BudgetStatus:
        """Forgets what was spent in this window. What calls under way have reserved stays.

        Returns:
            The budget as it is then.

        Raises:
            ConfigError: There is no such budget, or it is not said which value of its scope.
        """
        return self._change(None)

    def _change(self, dollars: str | None) -> BudgetStatus:
        found: dict[str, Any] = self._native.change_budget(self._name, self._value, dollars)
        return BudgetStatus(**found)
