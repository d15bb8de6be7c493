"""Budgets of a router: `provider_budget_config`, and `max_budget` of deployments, as Ferrule's budgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ferrule.litellm.providers import ferrule_name

if TYPE_CHECKING:
    from ferrule.litellm.deployments import Deployment

_PERIOD = re.compile(r"(\d+)(s|m|h|d|w|mo)")
_DAYS = {"d": 1, "w": 7, "mo": 30}


def window(period: Any) -> str:
    """Ferrule's name of a period of litellm's: `1d`, `12h`, `2w`, `1mo`, ...

    Raises:
        ValueError: It is not one.
    """
    found = _PERIOD.fullmatch(str(period))
    if found is None or not int(found[1]):
        raise ValueError(f"expected a number and s, m, h, d, w or mo, as in 1d, not {period!r}")
    count, unit = int(found[1]), found[2]
    return f"rolling {count * _DAYS[unit]}d" if unit in _DAYS else f"rolling {count}{unit}"


def checked(given: Any) -> dict[str, tuple[float, str]]:
    """The amount and the window of each provider, by litellm's names.

    Raises:
        ValueError: One is not valid, or there is no such provider; the message names the field.
    """
    found: dict[str, tuple[float, str]] = {}
    for name, budget in (given or {}).items():
        place = f"provider_budget_config.{name}"
        if ferrule_name(name) is None:
            raise ValueError(f"{place}: there is no such provider")
        fields: Any = budget if isinstance(budget, dict) else vars(budget)
        amount = fields.get("budget_limit", fields.get("max_budget"))
        period = fields.get("time_period", fields.get("budget_duration"))
        if amount is None or period is None:
            raise ValueError(f"{place}: needs budget_limit, in dollars, and time_period, as in 1d")
        found[name] = _budget(place, amount, period)
    return found


def _budget(place: str, amount: Any, period: Any) -> tuple[float, str]:
    try:
        return float(amount), window(period)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{place}: {error}") from None


def budgets(
    of_providers: dict[str, tuple[float, str]], deployments: list[Deployment]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The budgets of a client, by name, and notices of those that cannot be kept.

    Args:
        of_providers: As `checked` returns them.
        deployments: The router's.
    """
    found: dict[str, dict[str, Any]] = {}
    notices: list[str] = []
    for name, (amount, period) in of_providers.items():
        asked = {one.provider.id for one in deployments if one.provider.name == name}
        ids = sorted(asked) or [ferrule_name(name) or name]
        found[f"provider-{name}"] = _options("provider", ids, amount, period)
        if len(ids) > 1:
            notices.append(f"provider_budget_config.{name}: holds for each of {', '.join(ids)} alone")
    return found, notices


def of_deployment(one: Deployment) -> tuple[float, str] | None:
    """The amount and the window of a deployment's own budget; `None` without one.

    Raises:
        ValueError: It is not valid; the message names the field.
    """
    amount, period = one.params.get("max_budget"), one.params.get("budget_duration")
    if amount is None or period is None:
        return None
    return _budget(f"{one.model_name!r} litellm_params.max_budget, budget_duration", amount, period)


def register(client: Any, deployments: list[Deployment]) -> None:
    """Gives a client the budgets of deployments, whose targets it has named."""
    for one in deployments:
        own = of_deployment(one)
        if own is not None:
            client.registry.budgets.register(f"deployment-{one.id}", _options("target", [one.target_name], *own))


def _options(scope: str, match: list[Any], amount: float, period: str) -> dict[str, Any]:
    return {"scope": scope, "match": match, "amount": amount, "window": period, "unknown_cost": "allow"}
