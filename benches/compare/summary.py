"""Medians, spreads and ratios of a result file.

A ratio is taken within each round, where both ran side by side; then the median of those.
"""

from __future__ import annotations

from statistics import median
from typing import Any


class Summary:
    def __init__(self, result: dict[str, Any]) -> None:
        self.result = result

    def values(self, case: str, client: str, figure: str = "cpu_us") -> list[float | None]:
        """One per round, nothing where it was not measured."""
        rounds = self.result.get("rounds", [])
        return [one.get(case, {}).get(client, {}).get(figure) for one in rounds]

    def middle(self, case: str, client: str, figure: str = "cpu_us") -> float | None:
        known = [value for value in self.values(case, client, figure) if value is not None]
        return median(known) if known else None

    def spread_percent(self, case: str, client: str, figure: str = "cpu_us") -> float | None:
        """Half the distance between the worst and the best round, in percent of the median."""
        known = [value for value in self.values(case, client, figure) if value is not None]
        return (max(known) - min(known)) / 2 / median(known) * 100 if len(known) > 1 else None

    def ratio(self, case: str, client: str, other: str) -> float | None:
        pairs = zip(self.values(case, client), self.values(case, other), strict=False)
        ratios = [mine / theirs for mine, theirs in pairs if mine is not None and theirs]
        return median(ratios) if ratios else None

    def difference(self, case: str, client: str, other: str) -> float | None:
        """By how many microseconds a client costs more than another."""
        pairs = zip(self.values(case, client), self.values(case, other), strict=False)
        more = [mine - theirs for mine, theirs in pairs if mine is not None and theirs is not None]
        return median(more) if more else None

    def failures(self) -> list[str]:
        """Every case that a client failed, with its error, once."""
        found: dict[str, None] = {}
        for one in self.result.get("rounds", []):
            for case, clients in one.items():
                for client, figures in clients.items():
                    if "error" in figures:
                        found[f"{client}, {case}: {figures['error']}"] = None
        for part in ("footprint", "open_streams", "soak"):
            for client, figures in self.result.get(part, {}).items():
                if "error" in figures:
                    found[f"{client}, {part}: {figures['error']}"] = None
        return list(found)

    def footprint(self, client: str, figure: str) -> float | None:
        return self.result.get("footprint", {}).get(client, {}).get(figure)

    def megabytes_above_floor(self, client: str) -> float | None:
        """Resident memory after the first call above that of the floor: asyncio and a socket."""
        mine, floor = self.footprint(client, "resident_kb"), self.footprint("floor", "resident_kb")
        return (mine - floor) / 1024 if mine is not None and floor is not None else None

    def open_streams(self, client: str, figure: str) -> float | None:
        return self.result.get("open_streams", {}).get(client, {}).get(figure)

    def growth(self, client: str) -> float | None:
        """How far resident memory rose above its value at a quarter of the soak, in percent."""
        curve = self.result.get("soak", {}).get(client, {}).get("resident_kb")
        if not curve:
            return None
        settled = curve[len(curve) // 4 :]
        return (max(kilobytes for _, kilobytes in settled) / settled[0][1] - 1) * 100

    def wheel_megabytes(self) -> float | None:
        wheel = self.result.get("wheel")
        return wheel["bytes"] / 1e6 if wheel else None
