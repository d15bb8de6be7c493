"""Limits of deployments: requests (`rpm`) and tokens (`tpm`) in a minute."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrule.litellm.deployments import Deployment


class Limits:
    """Counts what deployments were asked for in the current minute. `rpm` requests are let through."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self._minute = 0
        self._requests: dict[str, int] = {}
        self._tokens: dict[str, int] = {}

    def free(self, deployments: list[Deployment]) -> list[Deployment]:
        """Those that may be asked now."""
        with self._counting:
            self._turn()
            return [
                one
                for one in deployments
                if not (
                    (one.rpm is not None and self._requests.get(one.id, 0) >= one.rpm)
                    or (one.tpm is not None and self._tokens.get(one.id, 0) >= one.tpm)
                )
            ]

    def count(self, deployment: Deployment, tokens: int) -> None:
        """Counts a request that used `tokens`."""
        with self._counting:
            self._turn()
            self._requests[deployment.id] = self._requests.get(deployment.id, 0) + 1
            self._tokens[deployment.id] = self._tokens.get(deployment.id, 0) + tokens

    def _turn(self) -> None:
        minute = int(time.time() // 60)
        if minute != self._minute:
            self._minute = minute
            self._requests.clear()
            self._tokens.clear()
