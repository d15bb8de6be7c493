"""Which models providers offer, remembered for a while: asking is an HTTP request each."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import ModelInfo

SECONDS = 300.0
"""How long a list is remembered."""


class KnownModels:
    """Lists of models by provider. Safe to share between threads.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lists: dict[str, tuple[float, list[ModelInfo]]] = {}
        self._lock = threading.Lock()

    def get(self, provider: str) -> list[ModelInfo] | None:
        """What is remembered of `provider`; `None` where nothing is, or it is too old."""
        with self._lock:
            known = self._lists.get(provider)
        if known is None or self._clock() - known[0] > SECONDS:
            return None
        return known[1]

    def put(self, provider: str, models: list[ModelInfo]) -> None:
        """Remembers what `provider` offers now."""
        with self._lock:
            self._lists[provider] = (self._clock(), models)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._lists.clear()


def offers(listed: ModelInfo, name: str) -> bool:
    """Whether an entry of a list is the model asked for as `name`: providers write a tag or a folder beside it."""
    return listed.id in (name, f"{name}:latest", f"models/{name}")


def unlisted(provider: str, error: Exception) -> None:
    """Says that a provider's models could not be listed."""
    import logging

    logging.getLogger("ferrule").warning("the models of %s could not be listed: %s", provider, error)
