"""Reply of an operation: the metadata that embeddings, rankings, images and transcripts have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule._native import Attempt, Cost, Stats, Usage


class OperationReply:
    """The metadata that the replies of all operations other than chat have.

    Attributes:
        provider: The id of the provider that answered.
        model: The model that answered, as the provider names it.
        request_id: The provider's request id; `None` where it gave none.
        usage: The tokens used; `None` where the provider did not report them.
        cost: The cost, as `Reply.cost` has it; `None` where the price or the usage is not known.
        attempts: Every attempt, retries included, oldest first.
        stats: How long the call took.
        extra: Fields of the response that only this provider has.
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

    # Without these two the oldest protocols of pickle refuse what has slots.
    def __getstate__(self) -> dict[str, Any]:
        names = [name for kind in type(self).__mro__ for name in getattr(kind, "__slots__", ())]
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OperationReply) or type(self) is not type(other):
            return NotImplemented
        return self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash((type(self), self.provider, self.model, self.request_id))
