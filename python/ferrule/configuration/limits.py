"""Limits and budgets of a configuration, checked, and as the engine takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import check_scope, check_state, check_window
from ferrule.numeric import as_dollars

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrule.configuration.layers import Merged, Path

_PER = ("second", "minute", "day")
_FIGURES = tuple(f"{what}_per_{per}" for what in ("requests", "tokens") for per in _PER)


def rate_limits(merged: Merged) -> list[dict[str, Any]]:
    """The rate limits of `merged`."""
    return [
        {
            "name": name,
            **_scope(fields),
            "requests": [fields.get(f"requests_per_{per}") for per in _PER],
            "tokens": [fields.get(f"tokens_per_{per}") for per in _PER],
            "concurrency": fields.get("concurrency"),
            "max_wait": None if fields.get("when_full") == "refuse" else float(fields.get("max_wait", 30)),
            "reserve_output": fields.get("reserve_output"),
        }
        for name, fields in (merged.tree.get("limits") or {}).items()
    ]


def budgets(merged: Merged) -> list[dict[str, Any]]:
    """The budgets of `merged`."""
    return [
        {
            "name": name,
            **_scope(fields),
            "amount": as_dollars(fields.get("amount")),
            "values": {value: as_dollars(amount) for value, amount in (fields.get("values") or {}).items()},
            "window": fields.get("window", "month"),
            "time_zone": fields.get("time_zone"),
            "mode": fields.get("mode", "hard"),
            "degrade_to": fields.get("degrade_to"),
            "at": float(fields.get("at", 0.8)),
            "allow_unknown_cost": fields.get("unknown_cost") == "allow",
            "max_wait": float(fields.get("max_wait", 5)),
            "reserve_output": fields.get("reserve_output"),
        }
        for name, fields in (merged.tree.get("budgets") or {}).items()
    ]


def shared_state(merged: Merged) -> dict[str, Any]:
    """Where the limits and budgets of `merged` are counted."""
    days = merged.tree.get("usage_days")
    return {
        "state": merged.tree.get("state", "memory"),
        "on_state_loss": merged.tree.get("on_state_loss", "local"),
        "usage_days": None if days is None else float(days),
    }


def problems(merged: Merged) -> Iterator[tuple[Path, str]]:
    """What is wrong beyond the types of the keys: the path of each problem, and the words for it."""
    if wrong := check_state(merged.tree.get("state", "memory")):
        yield ("state",), wrong
    for name, fields in (merged.tree.get("limits") or {}).items():
        path = ("limits", name)
        yield from _problems_of_scope(path, fields)
        if all(fields.get(figure) is None for figure in (*_FIGURES, "concurrency")):
            yield path, "says no limit, for instance `requests_per_minute = 600` or `concurrency = 50`"
    for name, fields in (merged.tree.get("budgets") or {}).items():
        path = ("budgets", name)
        yield from _problems_of_scope(path, fields)
        if fields.get("amount") is None:
            yield path, "`amount` is missing, for instance 50.00"
        zone = fields.get("time_zone")
        if zone is not None and (wrong := check_window("total", zone)):
            yield (*path, "time_zone"), wrong
        elif wrong := check_window(fields.get("window", "month"), None):
            yield (*path, "window"), wrong
        degrades = fields.get("mode") == "degrade"
        if degrades and not fields.get("degrade_to"):
            yield path, '`degrade_to` is missing: the group or model to ask from a threshold on (mode = "degrade")'
        for key in ("degrade_to", "at"):
            if not degrades and fields.get(key) is not None:
                yield (*path, key), 'has an effect only with mode = "degrade"'


def _scope(fields: Mapping[str, Any]) -> dict[str, Any]:
    scope = fields.get("scope", "all")
    matched = fields.get("match")
    return {
        "scope": scope,
        "match": None if matched is None else list(matched),
        "missing": fields.get("missing") or ("ignore" if scope == "group" else "shared"),
    }


def _problems_of_scope(path: tuple[str, ...], fields: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    scope = fields.get("scope", "all")
    if wrong := check_scope(scope):
        yield (*path, "scope"), wrong
    elif scope == "all" and (key := next((one for one in ("match", "values") if fields.get(one)), None)):
        yield (*path, key), "needs a scope whose values it names, such as `metadata.team`"
