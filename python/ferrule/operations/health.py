"""How providers are, as programs see it."""

from __future__ import annotations

from typing import NamedTuple


class Health(NamedTuple):
    """How a provider is, as far as one request that nobody charges for can tell.

    Attributes:
        provider: The provider's id.
        reachable: Whether anything answered.
        authorised: Whether it takes our key; `None` where that could not be told.
        latency: Seconds until it answered, connecting included; `None` where nothing did.
        problem: What is wrong; `None` where nothing is.
    """

    provider: str
    reachable: bool
    authorised: bool | None
    latency: float | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether it answered and took our key."""
        return self.reachable and self.authorised is True
