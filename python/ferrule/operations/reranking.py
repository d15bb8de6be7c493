"""The order of documents, as programs see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrule.operations.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class RankedDocument:
    """One document of a `Ranking`.

    Attributes:
        index: Its place among the documents that were given.
        score: How well it answers the query, more is better; the range is the model's.
        document: The document.
    """

    index: int
    score: float
    document: str


class Ranking(Answer):
    """The documents of a call to `rerank`, best first: a sequence of `RankedDocument`.

    Attributes:
        id: The provider's id of the answer; empty where it gave none.
        results: The documents, best first.
        search_units: What was used, where the provider counts searches; `None` where it does not.
    """

    __slots__ = ("id", "results", "search_units")

    def __init__(self, fields: dict[str, Any], documents: Sequence[str]) -> None:
        super().__init__(fields)
        self.id: str = fields["id"]
        self.search_units: int | None = fields["search_units"]
        ranked: list[tuple[int, float]] = fields["results"]
        self.results = [RankedDocument(index, score, documents[index]) for index, score in ranked]

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, position: int) -> RankedDocument:
        return self.results[position]

    def __iter__(self) -> Iterator[RankedDocument]:
        return iter(self.results)

    def __repr__(self) -> str:
        return f"Ranking({len(self.results)} documents, model={self.model!r})"
