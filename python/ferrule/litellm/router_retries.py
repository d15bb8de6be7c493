"""Retries of a router by the class of the error: `retry_policy`. Without one Ferrule's engine repeats calls itself."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from ferrule.litellm.exceptions import LiteLLMError

if TYPE_CHECKING:
    from ferrule.litellm.router_settings import RouterSettings
    from ferrule.routing import Routing


class Retries:
    """The retries of one call of a group.

    Attributes:
        has_policy: Whether there is a policy: then each attempt is a call of its own.
    """

    def __init__(self, settings: RouterSettings, group: str, given: dict[str, Any]) -> None:
        own: Any = given.pop("retry_policy", None)
        if isinstance(own, dict):
            from ferrule.litellm.router_settings import RetryPolicy

            own = RetryPolicy(**own)
        self._policy = own or settings.model_group_retry_policy.get(group) or settings.retry_policy
        self._usual = int(given.get("num_retries", settings.num_retries))
        self._pause = settings.retry_after
        self._done = 0
        self.has_policy = self._policy is not None

    def routing(self, routing: Routing) -> Routing:
        """The routing of the next attempt."""
        return dataclasses.replace(routing, max_targets=1) if self.has_policy else routing

    def again(self, error: Exception) -> bool:
        """Whether the call is made again after `error`. Waits for as long as the router or the provider says."""
        pause = self._next(error)
        time.sleep(pause or 0.0)
        return pause is not None

    async def aagain(self, error: Exception) -> bool:
        """`again`, awaited."""
        pause = self._next(error)
        await asyncio.sleep(pause or 0.0)
        return pause is not None

    def _next(self, error: Exception) -> float | None:
        """After how many seconds the call is made again; `None` where it is not."""
        if self._policy is None or not isinstance(error, LiteLLMError):
            return None
        if self._done >= self._policy.retries(error, self._usual):
            return None
        self._done += 1
        headers = error.litellm_response_headers or {}
        return max(self._pause, min(_seconds(headers.get("retry-after")), 60.0))


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
