"""Figures of one measurement: how its calls ended, how long they took, and how many requests they made upstream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Calls, each with its seconds and its end: `whole`, `partial` (a success with a part of the text), or an error."""

    calls: list[tuple[float, str]]

    def share(self, end: str) -> float:
        """The share of calls that ended so, 0 to 1."""
        return sum(one == end for _, one in self.calls) / len(self.calls)

    def milliseconds(self, part: float) -> float:
        """The nearest-rank quantile of the time of all calls."""
        ordered = sorted(seconds for seconds, _ in self.calls)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


@dataclass(frozen=True)
class Measured:
    """One client with one strategy in one scenario.

    Attributes:
        name: The client.
        strategy: Its strategy.
        scenario: What the first provider does.
        opening: The calls at the beginning of the outage.
        opening_requests: The requests that these made.
        outcome: The calls after those.
        requests: The requests that they made.
        herd: The requests that a provider got after its recovery before it could have answered one.
        back: After how many seconds it was asked again; `None` where that was not within a minute.
    """

    name: str
    strategy: str
    scenario: str
    opening: Outcome
    opening_requests: int
    outcome: Outcome
    requests: int
    herd: int | None
    back: float | None

    def to_dict(self) -> dict[str, Any]:
        """The figures."""
        everything = Outcome([*self.opening.calls, *self.outcome.calls])
        errors = sorted({end for _, end in everything.calls} - {"whole", "partial"})
        return {
            "client": self.name,
            "strategy": self.strategy,
            "scenario": self.scenario,
            "calls": len(everything.calls),
            "success": everything.share("whole"),
            "partial": everything.share("partial"),
            "errors": errors,
            "p50_ms": self.outcome.milliseconds(0.5),
            "p99_ms": self.outcome.milliseconds(0.99),
            "opening_p99_ms": self.opening.milliseconds(0.99),
            "opening_requests_per_call": self.opening_requests / len(self.opening.calls),
            "requests_per_call": self.requests / len(self.outcome.calls),
            "herd": self.herd,
            "back_s": self.back,
        }

    def summary(self) -> str:
        """One line, for whoever waits."""
        row = self.to_dict()
        return (
            f"{row['success']:8.2%} whole, {row['partial']:.2%} partial, p50 {row['p50_ms']:.0f} ms,"
            f" p99 {row['p99_ms']:.0f} ms, {row['requests_per_call']:.2f} requests,"
            f" herd {row['herd']}, back {row['back_s']}"
        )
