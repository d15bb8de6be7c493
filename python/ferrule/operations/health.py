"""Health of a provider: whether it is reachable, accepts the key, and how fast it answers."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """The health of a provider, as far as one request that is free of charge shows.

    Attributes:
        provider: The provider's id.
        reachable: Whether it answered; `None` where it was not asked, as its key or another setting is missing.
        authorised: Whether it accepted the key; `None` where that cannot be known.
        latency: Seconds until it answered, connecting included; `None` where it did not.
        problem: What is wrong; `None` where nothing is.
    """

    provider: str
    reachable: bool | None
    authorised: bool | None
    latency: float | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether it answered and accepted the key."""
        return self.reachable is True and self.authorised is True
