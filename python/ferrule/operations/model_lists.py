"""Model lists: which models providers offer, cached for a while, as each list is an HTTP request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import ModelInfo

MAX_AGE = 300.0
"""Seconds that a list is kept."""


class ModelListCache:
    """Model lists by provider. Safe to share between threads.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lists: dict[str, tuple[float, list[ModelInfo]]] = {}
        self._lock = threading.Lock()

    def get(self, provider: str) -> list[ModelInfo] | None:
        """The cached list of `provider`; `None` where there is none, or it is too old."""
        with self._lock:
            cached = self._lists.get(provider)
        if cached is None or self._clock() - cached[0] > MAX_AGE:
            return None
        return cached[1]

    def put(self, provider: str, models: list[ModelInfo]) -> None:
        """Caches the list of `provider`."""
        with self._lock:
            self._lists[provider] = (self._clock(), models)

    def clear(self) -> None:
        """Drops every list."""
        with self._lock:
            self._lists.clear()


def is_listed_as(listed: ModelInfo, name: str) -> bool:
    """Whether an entry of a list is the model called `name`: some providers add a tag or a folder to it."""
    return listed.id in (name, f"{name}:latest", f"models/{name}")


def log_failure(provider: str, error: Exception) -> None:
    """Logs that a provider's models could not be listed."""
    import logging  # large, and only needed for this warning

    from ferrule.configuration.notices import one_line

    logging.getLogger("ferrule").warning("the models of %s could not be listed: %s", provider, one_line(str(error)))
