"""What every answer beside chat has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule._native import Attempt, Cost, Stats, Usage


class Answer:
    """What every answer beside chat has.

    Attributes:
        provider: The provider that answered.
        model: The model that answered, as the provider names it.
        request_id: The provider's id of the request; `None` where it gave none.
        usage: Tokens used; `None` where the provider did not say.
        cost: What it cost, as `reply.cost`; `None` where the price or the usage is not known.
        attempts: Every attempt, retries included.
        stats: How long it took.
        extra: The provider's own fields.
    """

    __slots__ = ("attempts", "cost", "extra", "model", "provider", "request_id", "stats", "usage")

    def __init__(self, fields: dict[str, Any]) -> None:
        self.provider: str = fields["provider"]
        self.model: str = fields["model"]
        self.request_id: str | None = fields["request_id"]
        self.usage: Usage | None = fields["usage"]
        self.cost: Cost | None = fields["cost"]
        self.attempts: list[Attempt] = fields["attempts"]
        self.stats: Stats = fields["stats"]
        self.extra: dict[str, Any] = fields["extra"]
