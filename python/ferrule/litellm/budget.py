"""Budget of a process: `max_budget`."""

from __future__ import annotations

from ferrule.litellm.exceptions import BudgetExceededError
from ferrule.litellm.settings import settings


def check_budget() -> None:
    """Refuses a call where the calls before it cost as much as they may.

    Raises:
        BudgetExceededError: They do.
    """
    if settings.max_budget and settings.spent >= settings.max_budget:
        raise BudgetExceededError(settings.spent, settings.max_budget)
