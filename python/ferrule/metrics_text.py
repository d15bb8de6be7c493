"""Prometheus text format: families of metrics with their samples, histograms, and a bound on the number of series."""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SERIES = 1_000
"""How many label sets a metric has at most; what comes later counts under the labels `other`."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OTHER = "other"


@dataclasses.dataclass
class Family:
    """A metric: its name, its kind (`counter`, `gauge`, `histogram`), its meaning, and its samples."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, dict[str, str], float]] = dataclasses.field(default_factory=list)

    def add(self, labels: Mapping[str, str], value: float, suffix: str = "") -> None:
        """Adds a sample; `suffix` is what a histogram's samples have behind the name."""
        self.samples.append((self.name + suffix, dict(labels), value))


class Series:
    """The label sets of a metric, of which there are at most `MAX_SERIES`."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._known: set[tuple[str, ...]] = set()

    def key(self, values: Iterable[str | None]) -> tuple[str, ...]:
        """The label set that counts for these values."""
        key = tuple(value or "" for value in values)
        if key in self._known:
            return key
        if len(self._known) >= MAX_SERIES:
            return (_OTHER,) * len(self.labels)
        self._known.add(key)
        return key

    def named(self, key: Sequence[str]) -> dict[str, str]:
        """The labels with their names."""
        return dict(zip(self.labels, key, strict=True))


class Counter:
    """Numbers that only grow, by label set."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._name, self._text = name, text
        self._series = Series(labels)
        self._sums: dict[tuple[str, ...], float] = {}

    def add(self, values: Iterable[str | None], amount: float = 1) -> None:
        """Counts."""
        key = self._series.key(values)
        self._sums[key] = self._sums.get(key, 0) + amount

    def family(self) -> Family:
        """What is read of it."""
        family = Family(self._name, "counter", self._text)
        for key in sorted(self._sums):
            family.add(self._series.named(key), self._sums[key])
        return family


class Histogram:
    """How often values fell below the bounds of buckets, by label set."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._name, self._text = name, text
        self._series = Series(labels)
        self._bounds = tuple(bounds)
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, values: Iterable[str | None], amounts: Iterable[float]) -> None:
        """Counts `amounts` under one label set."""
        key = self._series.key(values)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = [0] * (len(self._bounds) + 1)
        total = self._sums.get(key, 0.0)
        for amount in amounts:
            counts[bisect.bisect_left(self._bounds, amount)] += 1
            total += amount
        self._sums[key] = total

    def family(self) -> Family:
        """What is read of it."""
        family = Family(self._name, "histogram", self._text)
        for key in sorted(self._counts):
            counts = self._counts[key]
            labels = self._series.named(key)
            below = 0
            for bound, count in zip((*self._bounds, float("inf")), counts, strict=True):
                below += count
                family.add({**labels, "le": number(bound)}, below, "_bucket")
            family.add(labels, self._sums[key], "_sum")
            family.add(labels, below, "_count")
        return family


def number(value: float) -> str:
    """A number as Prometheus reads it."""
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def text_of(families: Iterable[Family]) -> str:
    """The text that Prometheus scrapes."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_escaped(family.help, quotes=False)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for name, labels, value in family.samples:
            pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{name}{{{pairs}}} {number(value)}" if pairs else f"{name} {number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text
