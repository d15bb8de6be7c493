"""Cooldowns of deployments that refuse: by their key (401), or as too many requests were made of them (429).

Ferrule's circuit breakers count failures of servers. litellm counts refusals as well, so the router does it itself.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrule.litellm.deployments import Deployment

_STATUSES = (401, 429)
_WINDOW = 60.0


class Cooldowns:
    """Counts refusals, and keeps calls away from deployments that refused too often.

    Args:
        allowed: How many refusals a deployment may have in a minute.
        seconds: For how long it is left alone after one more.
    """

    def __init__(self, allowed: int, seconds: float) -> None:
        self._allowed = allowed
        self._seconds = seconds
        self._counting = threading.Lock()
        self._refusals: dict[str, list[float]] = {}
        self._until: dict[str, float] = {}

    def free(self, deployments: list[Deployment]) -> list[Deployment]:
        """Those that may be asked now."""
        if not self._until:
            return deployments
        now = time.monotonic()
        with self._counting:
            self._until = {name: until for name, until in self._until.items() if until > now}
            return [one for one in deployments if one.target_name not in self._until]

    def count(self, attempts: Iterable[Any], deployments: list[Deployment]) -> None:
        """Counts the refusals among the attempts of a call of a group's `deployments`."""
        if len(deployments) < 2:
            return  # Whom else would one ask?
        for attempt in attempts:
            if not attempt.skipped and attempt.status in _STATUSES:
                self._refused(attempt.target)

    def _refused(self, target: str) -> None:
        now = time.monotonic()
        with self._counting:
            recent = [one for one in self._refusals.get(target, ()) if one > now - _WINDOW]
            recent.append(now)
            if len(recent) > self._allowed:
                self._until[target] = now + self._seconds
                recent = []
            self._refusals[target] = recent
