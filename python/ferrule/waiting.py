"""Waiting for calls, in threads and in hubs of greenlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ferrule import greenlets
from ferrule._native import Flight, LoopBridge

if TYPE_CHECKING:
    from ferrule.greenlets import HubBridge


def bridge_of(hub: HubBridge | None) -> LoopBridge | None:
    """The bridge of the hub that runs the calling greenlet; `None` in an ordinary thread."""
    return None if hub is None else hub.bridge


def call_and_wait(start: Callable[..., Flight], *arguments: Any, **options: Any) -> Any:
    """Starts a call and waits for what it delivers."""
    hub = greenlets.current()
    return wait_for(start(*arguments, **options, bridge=bridge_of(hub)), hub)


def wait_for(flight: Flight, hub: HubBridge | None) -> Any:
    """What the call delivers next. An interrupted wait cancels the call."""
    try:
        return flight.wait() if hub is None else hub.wait(flight)
    except BaseException:
        flight.cancel()
        raise
