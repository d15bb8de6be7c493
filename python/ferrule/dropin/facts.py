"""Facts of routed calls: what `response._ferrule` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferrule._native import Attempt, Cost, Flight, Reply
from ferrule.errors import FerruleError

Source = Reply | Mapping[str, Any] | FerruleError | None
"""Where the facts are: a reply, what an operation delivered, or the error that a call ended with."""


class RoutedCall:
    """Facts of a call that was routed: what it cost, and who was asked.

    It is the `_ferrule` of the response object, of a stream, and of an error of the SDK's. Of a stream they are those
    so far, and final at its end.
    """

    def __init__(self, source: Source, flight: Flight | None = None) -> None:
        self._source = source
        self._flight = flight

    def _found(self) -> Source:
        return self._source if self._flight is None else self._flight.received()

    def _get(self, name: str) -> Any:
        source = self._found()
        return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)

    @property
    def cost(self) -> Cost | None:
        """What the call cost; `None` where the price or the usage is not known."""
        found: Cost | None = self._get("cost")
        return found

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt, the last one last: provider, model, outcome and duration."""
        return list(self._get("attempts") or ())

    @property
    def provider(self) -> str | None:
        """The id of the provider that answered, or failed last."""
        found: str | None = self._get("provider")
        return found

    @property
    def model(self) -> str | None:
        """The model, in the provider's words."""
        found: str | None = self._get("model")
        return found

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request."""
        found: str | None = self._get("request_id")
        return found

    @property
    def reply(self) -> Reply[Any] | None:
        """The whole reply; `None` for what is not a chat, and for errors."""
        source = self._found()
        return source if isinstance(source, Reply) else None

    @property
    def error(self) -> FerruleError | None:
        """Ferrule's own error, where the call failed."""
        source = self._found()
        return source if isinstance(source, FerruleError) else None

    def __reduce__(self) -> tuple[Callable[..., RoutedCall], tuple[Source]]:
        return RoutedCall, (self._found(),)

    def __repr__(self) -> str:
        cost = self.cost
        shown = "unknown" if cost is None else f"${cost.total}"
        return f"<RoutedCall: {self.provider}/{self.model}, {len(self.attempts)} attempts, cost {shown}>"
