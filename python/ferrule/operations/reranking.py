"""Reranking: the documents of a call to `rerank`, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrule.operations.reply import OperationReply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class RankedDocument:
    """One document of a `Ranking`.

    Attributes:
        index: Its position among the documents that were given, from 0.
        score: Its relevance to the query: higher is better; the range depends on the model.
        document: The document.
    """

    index: int
    score: float
    document: str


class Ranking(OperationReply):
    """The documents of a call to `rerank`, best first: a sequence of `RankedDocument`.

    Attributes:
        id: The provider's id of the response; empty where it gave none.
        results: The documents, best first.
        search_units: How many searches the provider charges for; `None` where it does not count searches.
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
