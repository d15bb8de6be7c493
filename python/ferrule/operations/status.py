"""Status of a client: its groups, its targets, and their circuit breakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrule._native import NativeClient


@dataclass(frozen=True)
class TargetStatus:
    """A target: a provider's model, alone or in groups.

    Attributes:
        name: `provider/model`, and after an `@` what tells it apart from others of the same provider and model.
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
    """

    groups: tuple[GroupStatus, ...]
    targets: tuple[TargetStatus, ...]

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
    )


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
