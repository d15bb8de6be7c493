"""Waiting for calls on an event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from ferrule import _native
from ferrule._native import Flight

# What a flight delivers, as opposed to a future to wait for; a reply first, as it comes most often.
DELIVERED = (_native.Reply, list, dict, tuple, type(None))


async def settle(flight: Flight, loop: asyncio.AbstractEventLoop) -> Any:
    """What the call delivers next. Cancelling the wait cancels the call."""
    try:
        while not isinstance(ready := flight.next(loop), DELIVERED):
            await ready
        return ready
    except BaseException:
        flight.cancel()
        raise
