"""Status of a client: its groups, its targets, and their circuit breakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrule.operations.admission_status import BudgetStatus, LimitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule._native import NativeClient


@dataclass(frozen=True)
class TargetStatus:
    """A target: a provider's model, alone or in groups.

    Attributes:
        name: `provider/model`, and after an `@` what distinguishes it from others of the same provider and model.
        provider: The provider's id.
        model: The provider's name of the model.
        breaker: `closed`, `open`, `half_open`, `forced_open` (by `client.breaker(...).open()`) or `excluded` (the
            provider does not know the model, or does not allow it).
        reopens_in: Seconds until a call tries it again, where its breaker is open by itself.
        failures: Failures in a row; 0 unless its breaker is closed.
        times_opened: How often its breaker opened.
        in_flight: Calls under way.
        first_token: Seconds to the first token of streams; `None` where that is not known.
        per_token: Seconds for each output token of plain calls; `None` where that is not known.
        requests: Requests in the last minute.
        last_failure: The last failure that its breaker counted, in words.
    """

    name: str
    provider: str
    model: str
    breaker: str
    reopens_in: float | None
    failures: int
    times_opened: int
    in_flight: int
    first_token: float | None
    per_token: float | None
    requests: float
    last_failure: str | None


@dataclass(frozen=True)
class KeyStatus:
    """One of several API keys of a provider.

    Attributes:
        provider: The provider's id, and after an `@` what distinguishes it where it is made for a target of a group.
        key: The key, of which at most the last four characters are shown.
        weight: Its share of the calls, relative to the others'.
        state: `usable`, `rate_limited` (at `models`), `refused` (by the provider, everywhere) or `unreadable` (in its
            file, or from its command).
        usable_in: Seconds until it is used again, at the first of `models`; `None` where it is used.
        models: The models at which it is left alone: it is rate limited there, or may not use them.
    """

    provider: str
    key: str
    weight: float
    state: str
    usable_in: float | None
    models: tuple[str, ...]


@dataclass(frozen=True)
class GroupStatus:
    """A group of models.

    Attributes:
        name: Its name.
        strategy: How its targets are ordered.
        targets: The names of its targets.
    """

    name: str
    strategy: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What a client knows of its groups and targets now. Made without a request.

    Attributes:
        groups: The groups, by name.
        targets: The targets that were called or are in a group, by name.
        keys: The API keys of providers that have several.
        limits: The rate limits that calls were counted at, for each value of their scopes.
        budgets: The budgets that calls were counted at, for each value of their scopes.
    """

    groups: tuple[GroupStatus, ...]
    targets: tuple[TargetStatus, ...]
    keys: tuple[KeyStatus, ...] = ()
    limits: tuple[LimitStatus, ...] = ()
    budgets: tuple[BudgetStatus, ...] = ()

    def target(self, name: str) -> TargetStatus | None:
        """The target called `name`; `None` where there is none."""
        return next((target for target in self.targets if target.name == name), None)


def status_of(native: NativeClient) -> Status:
    """The status of a client."""
    found: Mapping[str, Any] = native.status()
    return Status(
        groups=tuple(
            GroupStatus(group["name"], group["strategy"], tuple(group["targets"])) for group in found["groups"]
        ),
        targets=tuple(TargetStatus(**target) for target in found["targets"]),
        keys=tuple(_key(key) for key in found["keys"]),
        limits=tuple(LimitStatus(**limit) for limit in found["limits"]),
        budgets=tuple(BudgetStatus(**budget) for budget in found["budgets"]),
    )


def _key(found: Mapping[str, Any]) -> KeyStatus:
    rest = {name: value for name, value in found.items() if name != "models"}
    return KeyStatus(models=tuple(found["models"]), **rest)


class Breaker:
    """The circuit breaker of a target, or those of all targets of a group, for the operator."""

    def __init__(self, native: NativeClient, name: str) -> None:
        self._native = native
        self._name = name

    def __repr__(self) -> str:
        return f"Breaker({self._name!r})"

    def open(self) -> None:
        """Keeps all calls away, until `reset`.

        Raises:
            ConfigError: There is no such target or group.
        """
        self._native.set_breaker(self._name, True)

    def reset(self) -> None:
        """Lets calls through again, and forgets the failures so far.

        Raises:
            ConfigError: There is no such target or group.
        """
        self._native.set_breaker(self._name, False)
