"""Counts of the native path: how many calls took it, and why others did not."""

from __future__ import annotations

from collections import Counter


class Counts:
    """The calls of one SDK's drop-in clients in this process."""

    def __init__(self) -> None:
        self.fast = 0
        self.fallback = 0
        self.guards: Counter[str] = Counter()

    def statistics(self) -> dict[str, int | dict[str, int]]:
        """As `ferrule.openai.statistics` gives it."""
        return {
            "fast": self.fast,
            "guarded": sum(self.guards.values()),
            "fallback": self.fallback,
            "guards": dict(self.guards),
        }
