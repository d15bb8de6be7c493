"""Targets of Ferrule's own API and of its drop-ins, shown by a result or not: ratios within one run, never times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Target:
    subject: str
    wanted: str
    limit: float
    measured: Callable[[Summary], float | None]
    at_least: bool = False
    unit: str = "x"

    def verdict(self, summary: Summary) -> tuple[str, str]:
        """The figure and `ok`, `MISS` or, where something was not measured, a dash."""
        value = self.measured(summary)
        if value is None:
            return "-", "-"
        met = value >= self.limit if self.at_least else value <= self.limit
        return f"{value:.2f} {self.unit}", "ok" if met else "MISS"


def at_most(case: str, other: str, limit: float) -> Target:
    """Ferrule costs no more than so many times the other."""
    return Target(case, f"<= {limit:g} x {other}", limit, lambda summary: summary.ratio(case, "ferrule", other))


def below(case: str, other: str, limit: float) -> Target:
    """The other costs at least so many times Ferrule."""
    wanted = f">= {limit:g} x below {other}"
    return Target(case, wanted, limit, lambda summary: summary.ratio(case, other, "ferrule"), at_least=True)


def drop_in(case: str, other: str, limit: float) -> Target:
    """The other costs at least so many times its drop-in."""
    mine = f"ferrule.{other}"
    wanted = f"{mine} >= {limit:g} x below {other}"
    return Target(case, wanted, limit, lambda summary: summary.ratio(case, other, mine), at_least=True)


def import_more(other: str, milliseconds: float) -> Target:
    """Importing a drop-in costs that much more than importing the other."""

    def measured(summary: Summary) -> float | None:
        mine, theirs = summary.footprint(f"ferrule.{other}", "import_ms"), summary.footprint(other, "import_ms")
        return mine - theirs if mine is not None and theirs is not None else None

    return Target("import", f"ferrule.{other} <= {milliseconds:g} ms above {other}", milliseconds, measured, unit="ms")


def microseconds_more(case: str, most: float) -> Target:
    """A call through a group costs that much more than the plain one, or an item of a stream."""

    def measured(summary: Summary) -> float | None:
        return summary.difference(case, "ferrule-group", "ferrule")

    return Target(case, f"<= {most:g} us more through a group of three", most, measured, unit="us")


def stamp_within(case: str, milliseconds: float) -> Target:
    """The arrival time stamped in Rust is that close to the upstream's write, for 99 chunks in 100."""

    def measured(summary: Summary) -> float | None:
        microseconds = summary.middle(case, "ferrule", "stamped_p99_us")
        return microseconds / 1000 if microseconds is not None else None

    return Target(case, f"p99 of the stamp <= {milliseconds:g} ms", milliseconds, measured, unit="ms")


def soaked(summary: Summary) -> float | None:
    return summary.growth("ferrule")


TARGETS = [
    at_most("plain-1", "floor", 1.6),
    below("plain-1", "openai", 14),
    below("plain-1", "litellm", 30),
    at_most("plain-64", "floor", 3),
    below("plain-64", "openai", 45),
    below("plain-64", "litellm", 90),
    at_most("burst", "floor+json", 1),
    below("burst", "openai", 60),
    below("burst", "litellm", 200),
    at_most("streams-64", "floor", 1),
    below("streams-64", "openai", 6),
    below("streams-64", "litellm", 25),
    stamp_within("streams-8-busy", 1),
    stamp_within("streams-8-busy-2-cores", 1),
    below("prompt-1mb", "openai", 8),
    microseconds_more("plain-1", 5),
    # Nothing more for each chunk: what a call costs more is spread over a thousand of them.
    microseconds_more("burst", 0.05),
    drop_in("plain-1", "openai", 8),
    drop_in("plain-64", "openai", 18),
    drop_in("burst", "openai", 25),
    drop_in("streams-64", "openai", 3.5),
    drop_in("prompt-1mb", "openai", 30),
    drop_in("helpers", "openai", 5),
    drop_in("plain-1", "anthropic", 6),
    drop_in("plain-64", "anthropic", 12),
    drop_in("burst", "anthropic", 8),
    drop_in("helpers", "anthropic", 3),
    drop_in("plain-1", "litellm", 20),
    drop_in("burst", "litellm", 60),
    import_more("openai", 10),
    Target("import", "<= 15 ms", 15, lambda s: s.footprint("ferrule", "import_ms"), unit="ms"),
    Target("memory", "<= 16 MB after the first call", 16, lambda s: s.megabytes_above_floor("ferrule"), unit="MB"),
    Target("open streams", "<= 20 KB each", 20, lambda s: s.open_streams("ferrule", "kb_per_stream"), unit="KB"),
    Target("open streams", "none starved", 0, lambda s: s.open_streams("ferrule", "starved"), unit="starved"),
    Target("soak", "< 5 % after the first quarter", 5, soaked, unit="%"),
    Target("wheel", "<= 10 MB", 10, lambda s: s.wheel_megabytes(), unit="MB"),
]


def table(result: dict[str, Any]) -> list[list[str]]:
    summary = Summary(result)
    subjects = ("soak", "wheel") if result["what"] == "soak" else None
    rows = [["target", "wanted", "measured", ""]]
    for target in TARGETS:
        if (target.subject == "soak") if subjects is None else (target.subject not in subjects):
            continue
        rows.append([target.subject, target.wanted, *target.verdict(summary)])
    return rows
