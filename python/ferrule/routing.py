"""Routing of a call: how the targets of its group are chosen, over what the group says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Union

from ferrule import _native
from ferrule.errors import ConfigError, FerruleError

Strategy = Callable[[Sequence["RoutingTarget"]], Iterable[Union["RoutingTarget", str, int]]]
"""A strategy of your own: from the targets that may be asked to those to ask, in their order."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Routing:
    """How one call is routed. A field that is `None` is decided by the group.

    Every call of a model takes it as `routing=`, or a mapping with the same keys. It is checked when it is made.

    Attributes:
        strategy: How the targets are ordered: a name (docs/strategies.md), or a function of your own. It is called once
            for each call, in the caller's thread, with the targets that may be asked, and returns those to ask in their
            order: targets, their names or their indexes. It must be quick and synchronous.
        only: Only these targets: ids of providers, `provider/model`, or variants (`azure@my-eu`, `my-eu`). `*` stands
            for any text.
        exclude: None of these targets, named in the same way.
        tags: Only targets that have all of these tags. The region that a target's provider is set to counts as one.
        session: A name of the conversation. It stays with one target while that can be asked, so that the provider's
            prompt cache is of use. Strategies other than `sequential` then keep it there.
        max_targets: The most targets that are asked. Default: all.
        hedge: Whether to ask a second target while the first is silent; whichever answers first wins. `True` waits for
            the 95th percentile of the times of the group's fastest target, a number is in seconds. Default false.
        hedge_share: The share of calls, from 0 to 1, for which that may be done in the long run. Default 0.1.
        continue_streams: Whether another target continues a stream that breaks off. Default false.
        first_token: Seconds that a target may be silent while another is left: until the first token of a stream, or
            the answer of a plain call. Default: worked out from the target's own times (docs/failover.md).
        failover_on: The failures after which another target is tried (docs/failover.md).
        dry_run: Whether to return a `RoutingPlan` in place of an answer, without a request. Default false. Type
            checkers see a reply: `client.route` is the same, and typed.

    Raises:
        TypeError: A field has a wrong type.
        ValueError: There is no such strategy or failure.
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
    """A target of a group as it is at one time: what a strategy of your own is given.

    Attributes:
        name: `provider/model`, and after an `@` what distinguishes it from others of the same provider and model.
        provider: The provider's id.
        model: The provider's name of the model.
        weight: Its share, relative to the others'.
        tags: Its tags.
        region: The region that its provider is set to; `None` where it is set to none.
        available: Whether it can take a call now: its circuit breaker is closed, and it is not full.
        in_flight: Calls under way.
        latency: Seconds: to the first token for a stream, for each output token of plain calls. `None` where not known.
        cost: US dollars that this request is expected to cost there; `None` where not known.
        requests: Requests in the last minute.
        tokens: Tokens in the last minute.
        remaining: Which share of its rate limits is left, from 0 to 1; `None` where not known.
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
    """A target that a call would ask.

    Attributes:
        role: `target`, or `context_fallback` or `content_filter_fallback` for those that stand by.
        reason: Why it has its place.
    """

    role: str
    reason: str


@dataclass(frozen=True)
class PassedOver:
    """A target that a call would not ask.

    Attributes:
        name: `provider/model`, and after an `@` what distinguishes it from others of the same provider and model.
        provider: The provider's id.
        model: The provider's name of the model.
        reason: Why it would not be asked.
    """

    name: str
    provider: str
    model: str
    reason: str


@dataclass(frozen=True)
class RoutingPlan:
    """The targets that a call would try, in order, and why. Made without a request.

    Attributes:
        strategy: The strategy's name, or that of the function.
        targets: Who would be asked, in this order; each one where those before it failed.
        passed_over: Who would not be asked, and why.
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
        ConfigError: The function failed, or returned what is not among the targets.
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
    # One that is named again is asked once.
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
