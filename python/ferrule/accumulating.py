"""Accumulators of streams: the text so far (`TextAccumulator`), and how fast it came (`StreamStats`)."""

from __future__ import annotations

import math
from typing import Any

from ferrule._native import (
    Continued,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStart,
    UsageUpdate,
)

__all__ = ["StreamStats", "TextAccumulator"]

_DELTAS = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallStart, ToolCallDelta)


class TextAccumulator:
    """The text of a stream so far, of events that are added one by one or in batches.

    For a program that follows the events itself; `stream.reply().text` is the same without it.

    Attributes:
        choice: The number of the answer whose text it is.
    """

    def __init__(self, choice: int = 0) -> None:
        self.choice = choice
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._taken = 0

    def add(self, event: Any) -> str:
        """Adds an event, or a list of them. Events without text of this answer do nothing.

        A restart (`Continued`) begins anew: what came before it is not part of the reply.

        Args:
            event: An event of a stream, or a batch.

        Returns:
            The text that was added.
        """
        if isinstance(event, (list, tuple)):
            return "".join([self.add(one) for one in event])
        if isinstance(event, TextDelta):
            if event.choice == self.choice:
                self._texts.append(event.text)
                return event.text
        elif isinstance(event, ReasoningDelta):
            if event.choice == self.choice:
                self._reasoning.append(event.text)
        elif isinstance(event, Continued) and event.how == "restart":
            self._texts.clear()
            self._reasoning.clear()
            self._taken = 0
        return ""

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._texts)

    @property
    def reasoning(self) -> str:
        """The reasoning so far; empty where the provider shows none."""
        return "".join(self._reasoning)

    def take(self, end: str = "\n") -> list[str]:
        """The pieces that are whole by now and were not taken before: lines, or what else ends with `end`.

        Args:
            end: What ends a piece, such as `". "` for what is spoken sentence by sentence. Default: a line break.

        Returns:
            The pieces, each with its end.

        Raises:
            ValueError: `end` is empty.
        """
        if not end:
            raise ValueError("end: expected a text that ends a piece, not an empty one")
        rest = self.text[self._taken :]
        *whole, _ = rest.split(end)
        pieces = [piece + end for piece in whole]
        self._taken += sum(len(piece) for piece in pieces)
        return pieces

    def rest(self) -> str:
        """What `take` left: the last piece, once the stream is over. It counts as taken."""
        rest = self.text[self._taken :]
        self._taken += len(rest)
        return rest

    def __len__(self) -> int:
        return sum(map(len, self._texts))

    def __repr__(self) -> str:
        return f"<TextAccumulator: {len(self)} characters>"


class StreamStats:
    """How fast a stream comes, as far as it was read: made by `Stream.measure()`.

    Times are those at which the engine read events from the socket, so a slow reader does not count.

    Attributes:
        started: When the call started, on the clock of `time.monotonic()`, in seconds.
        events: How many events were read.
        bytes: How many bytes of text, reasoning, refusals and arguments of tools they had, in UTF-8.
    """

    def __init__(self, started: float) -> None:
        self.started = started
        self.events = 0
        self.bytes = 0
        self._tokens: int | None = None
        self._first: float | None = None
        self._last: float | None = None
        self._latest: float | None = None
        self._gaps: list[float] = []
        self._is_over = False

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds from the start of the call until the first text, reasoning or tool call; `None` before that."""
        return None if self._first is None else max(self._first - self.started, 0.0)

    @property
    def duration(self) -> float | None:
        """Seconds from the start of the call until the last event that was read; `None` before the first."""
        return None if self._latest is None else max(self._latest - self.started, 0.0)

    @property
    def between_tokens_p50(self) -> float | None:
        """The median of the seconds between two pieces of the answer; `None` where there were less than two."""
        return self.between_tokens(0.5)

    @property
    def between_tokens_p99(self) -> float | None:
        """The 99th percentile of the seconds between two pieces; `None` where there were less than two."""
        return self.between_tokens(0.99)

    def between_tokens(self, quantile: float) -> float | None:
        """A quantile of the seconds between two pieces of the answer, each of which most providers send per token.

        Args:
            quantile: From 0 to 1.

        Raises:
            ValueError: It is another number.
        """
        if not 0 <= quantile <= 1:
            raise ValueError(f"quantile: expected a number from 0 to 1, not {quantile!r}")
        if not self._gaps:
            return None
        ordered = sorted(self._gaps)
        return ordered[max(math.ceil(quantile * len(ordered)) - 1, 0)]

    @property
    def tokens(self) -> int | None:
        """The tokens of the answer, as the provider reported them; `None` until it did."""
        return self._tokens

    @property
    def tokens_per_second(self) -> float | None:
        """Tokens of the answer for each second between its first and its last piece; `None` where not known."""
        return self._rate(self._tokens)

    @property
    def events_per_second(self) -> float | None:
        """Pieces of the answer for each second between its first and its last; `None` where there are less than two."""
        return self._rate(len(self._gaps)) if self._gaps else None

    def _rate(self, count: int | None) -> float | None:
        if count is None or self._first is None or self._last is None or self._last <= self._first:
            return None
        return count / (self._last - self._first)

    def add(self, event: Any) -> None:
        """Counts an event, or a list of them."""
        if isinstance(event, (list, tuple)):
            for one in event:
                self.add(one)
            return
        self.events += 1
        if isinstance(event, UsageUpdate):
            self._tokens = event.usage.output_tokens if event.usage.output_tokens is not None else self._tokens
        at = getattr(event, "received_at", None)
        if at is None:
            return
        self._latest = at
        if not isinstance(event, _DELTAS):
            return
        if self._last is None:
            self._first = at
        else:
            self._gaps.append(max(at - self._last, 0.0))
        self._last = at
        text = event.arguments if isinstance(event, ToolCallDelta) else getattr(event, "text", "")
        self.bytes += len(text.encode("utf-8", "surrogatepass"))

    # What a watch of a call has (`call_layers.py`).

    def received_from(self, received: Any) -> None:
        """Nothing: events say all."""

    def delivered(self, value: Any) -> None:
        """Counts a batch."""
        if value is not None:
            self.add(value)

    def failed(self, error: BaseException) -> None:
        """Nothing: what came before counts."""

    def closed(self) -> None:
        """Nothing: what came before counts."""

    def __repr__(self) -> str:
        def shown(seconds: float | None) -> str:
            return "?" if seconds is None else f"{seconds:.3f} s"

        rate = self.tokens_per_second
        return (
            f"<StreamStats: {self.events} events, {self.bytes} bytes, first token after "
            f"{shown(self.time_to_first_token)}, between tokens p50 {shown(self.between_tokens_p50)}, p99 "
            f"{shown(self.between_tokens_p99)}, {'?' if rate is None else round(rate)} tokens/s>"
        )
