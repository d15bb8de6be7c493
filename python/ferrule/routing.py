"""Routing of a call: how the targets of its group are chosen, over what the group says."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ferrule import _native

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


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
            the 95th percentile of the group's times, a number is in seconds. Default false.
        continue_streams: Whether another target continues a stream that breaks off. Default false.
        first_token: Seconds that a target may be silent while another is left: until the first token of a stream, or
            the answer of a plain call. Default: worked out from the target's own times (docs/failover.md).
        failover_on: The failures after which another target is asked (docs/failover.md).
        dry_run: Whether to return a `RoutingPlan` in place of an answer, without a request. Default false. Type
            checkers see a reply: `client.route` is the same, and typed.

    Raises:
        TypeError: A field has a wrong type.
        ValueError: There is no such strategy or failure.
    """

    strategy: str | Callable[[Sequence[Any]], Iterable[Any]] | None = None
    only: str | Sequence[str] | None = None
    exclude: str | Sequence[str] | None = None
    tags: str | Sequence[str] | None = None
    session: str | None = None
    max_targets: int | None = None
    hedge: bool | float | None = None
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
