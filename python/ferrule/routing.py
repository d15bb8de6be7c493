"""Routing of a call: how the targets of its group are chosen, overriding the group's settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Union

from ferrule import _native
from ferrule.errors import ConfigError, FerruleError

Strategy = Callable[[Sequence["RoutingTarget"]], Iterable[Union["RoutingTarget", str, int]]]
"""A custom strategy: a function that gets the available targets and returns those to try, in order."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Routing:
    """How one call is routed. For a field that is `None`, the group's setting applies.

    Every call of a model accepts it as `routing=`, or a mapping with the same keys. Fields are checked on creation.

    Attributes:
        strategy: How the targets are ordered: a name (docs/strategies.md), or a function. The function is called once
            for each call, in the caller's thread, with the available targets. It returns those to try, in order, as
            targets, names or indexes. It must be quick and synchronous.
        only: Use only these targets: provider ids, `provider/model`, or variants (`azure@my-eu`, `my-eu`). `*` matches
            any text.
        exclude: Do not use these targets; same format as `only`.
        tags: Use only targets that have all of these tags. The region of a target's provider counts as a tag.
        session: The name of a conversation. Its calls go to the same target while that is available, with any strategy,
            so that the provider's prompt cache is effective.
        max_targets: The maximum number of targets to try. Default: all.
        hedge: Whether to try a second target while the first is silent; the faster answer is used. `True` waits for the
            95th percentile of the times of the group's fastest target, a number is in seconds. Default false.
        hedge_share: The share of calls, from 0 to 1, that may be hedged in the long run. Default 0.1.
        continue_streams: Whether another target continues a stream that breaks off. Default false.
        first_token: Seconds that a target may be silent while others are left: until the first token of a stream, or
            the answer of a plain call. Default: derived from the target's measured times (docs/failover.md).
        failover_on: The failures after which another target is tried (docs/failover.md).
        dry_run: Whether to return a `RoutingPlan` instead of a reply, without a request. Default false. Type checkers
            still infer a reply; `client.route` does the same with the right type.

    Raises:
        TypeError: A field has the wrong type.
        ValueError: The strategy or failure is unknown.
    """

    strategy: str | Strategy | None = None
    only: str | Sequence[str] | None = None
    exclude: str | Sequence[str] | None = None
    tags: str | Sequence[str] | None = None
    session: str | None = None
    max_targets: int | None = None
    hedge: bool | float | None = None
    hedge_share: float | None = None
    continue_streams: bool | None = None
    first_token: float | None = None
    failover_on: Sequence[str] | None = None
    dry_run: bool = False

    def __post_init__(self) -> None:
        _native.check_routing(self)
        for name in ("only", "exclude", "tags", "failover_on"):
            value = getattr(self, name)
            if value is not None:
                # The caller's list may change, and a frozen object has to be hashable.
                object.__setattr__(self, name, (value,) if isinstance(value, str) else tuple(value))

    def __repr__(self) -> str:
        given = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return f"Routing({', '.join(f'{name}={value!r}' for name, value, usual in given if value is not usual)})"


@dataclass(frozen=True)
class RoutingTarget:
    """A snapshot of a group's target, as passed to a custom strategy.

    Attributes:
        name: `provider/model`, with an `@variant` if the group has others of the same provider and model.
        provider: The provider's id.
        model: The provider's name of the model.
        weight: Its weight, relative to the others.
        tags: Its tags.
        region: The region of its provider; `None` if none is set.
        available: Whether it can take a call now: its circuit breaker is closed, and it is not full.
        in_flight: The number of calls in progress.
        latency: Seconds to the first token of streams, or for each output token of plain calls; `None` if unknown.
        cost: The expected cost of this request in US dollars; `None` if unknown.
        requests: Requests in the last minute.
        tokens: Tokens in the last minute.
        remaining: The share of its rate limits that is left, from 0 to 1; `None` if unknown.
    """

    name: str
    provider: str
    model: str
    weight: float
    tags: tuple[str, ...]
    region: str | None
    available: bool
    in_flight: int
    latency: float | None
    cost: float | None
    requests: float
    tokens: float
    remaining: float | None


@dataclass(frozen=True)
class PlannedTarget(RoutingTarget):
    """A target that a call would try.

    Attributes:
        role: `target`, `context_fallback` or `content_filter_fallback`.
        reason: The reason for its position.
    """

    role: str
    reason: str


@dataclass(frozen=True)
class PassedOver:
    """A target that a call would skip.

    Attributes:
        name: `provider/model`, with an `@variant` if the group has others of the same provider and model.
        provider: The provider's id.
        model: The provider's name of the model.
        reason: Why it would be skipped.
    """

    name: str
    provider: str
    model: str
    reason: str


@dataclass(frozen=True)
class RoutingPlan:
    """The targets that a call would try, in order, with reasons. Computed without a request.

    Attributes:
        strategy: The name of the strategy, or of the function.
        targets: The targets in the order in which they would be tried; each one only if those before it fail.
        passed_over: The targets that would be skipped, and why.
    """

    strategy: str
    targets: tuple[PlannedTarget, ...]
    passed_over: tuple[PassedOver, ...]

    def __str__(self) -> str:
        lines = [f"{self.strategy}:"]
        lines += [f"{place}. {one.name}: {one.reason}" for place, one in enumerate(self.targets, 1)]
        lines += [f"not {one.name}: {one.reason}" for one in self.passed_over]
        return "\n".join(lines)


def plan_of(fields: Mapping[str, Any]) -> RoutingPlan:
    """The plan that the engine describes by `fields`."""
    return RoutingPlan(
        strategy=fields["strategy"],
        targets=tuple(PlannedTarget(**one) for one in fields["targets"]),
        passed_over=tuple(PassedOver(**one) for one in fields["passed_over"]),
    )


def choose(function: Strategy, fields: Sequence[Mapping[str, Any]]) -> list[int]:
    """The indexes of the targets that `function` chooses, in its order.

    Raises:
        ConfigError: The function failed, or returned something that is not one of the targets.
    """
    name = getattr(function, "__qualname__", type(function).__name__)
    targets = [RoutingTarget(**one) for one in fields]
    try:
        returned = function(list(targets))
        if inspect.isawaitable(returned):
            if inspect.iscoroutine(returned):
                returned.close()  # Else Python warns that nobody awaited it.
            raise ConfigError(f"strategy: {name} is asynchronous; a strategy must be a plain function")
        single = isinstance(returned, (RoutingTarget, str, int))
        # A generator's own code runs here.
        chosen = [returned] if single else list(returned)
    except FerruleError:
        raise
    except Exception as error:
        raise ConfigError(f"strategy: {name} failed: {type(error).__name__}: {error}") from error
    if not chosen:
        raise ConfigError(f"strategy: {name} returned no target")
    # A target that is returned twice is tried once.
    return list(dict.fromkeys(_index(one, targets, name) for one in chosen))


def _index(chosen: Any, targets: Sequence[RoutingTarget], name: str) -> int:
    if isinstance(chosen, int) and not isinstance(chosen, bool):
        if 0 <= chosen < len(targets):
            return chosen
    elif isinstance(chosen, RoutingTarget):
        # Two targets of a group may be equal.
        found = [index for index, one in enumerate(targets) if one is chosen]
        found += [index for index, one in enumerate(targets) if one.name == chosen.name]
        if found:
            return found[0]
        chosen = chosen.name
    elif isinstance(chosen, str):
        for index, one in enumerate(targets):
            if chosen in (one.name, f"{one.provider}/{one.model}"):
                return index
    known = ", ".join(one.name for one in targets[:8])
    raise ConfigError(f"strategy: {name} returned {chosen!r:.80}, which is not among the targets of the call: {known}")
