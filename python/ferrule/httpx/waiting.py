"""Waiting for exchanges: in threads, in hubs of greenlets, on asyncio, and in threads for other event loops."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, Protocol

from ferrule import bridge, greenlets

if TYPE_CHECKING:
    from ferrule._native import HttpExchange, LoopBridge
    from ferrule.greenlets import HubBridge


_VALUES = (list, tuple, bool, type(None))
"""What exchanges hand over that is not a future."""


def _is_future(ready: object) -> bool:
    return type(ready) not in _VALUES


class Blocking:
    """Waits in the calling thread, or in its greenlet, which lets others run."""

    def __init__(self) -> None:
        self._hub: HubBridge | None = greenlets.current()

    @property
    def bridge(self) -> LoopBridge | None:
        """The bridge that the exchange is to be started with."""
        return None if self._hub is None else self._hub.bridge

    def next(self, exchange: HttpExchange) -> Any:
        """What comes next; `None` at the end. An interrupted wait ends the exchange."""
        try:
            if self._hub is None:
                return exchange.wait()
            return self._in_hub(self._hub, exchange.next)
        except BaseException:
            exchange.cancel()
            raise

    def has_room(self, exchange: HttpExchange) -> bool:
        """Waits until more of the body is wanted, or no more is."""
        if self._hub is None:
            return exchange.wait_for_room()
        room: bool = self._in_hub(self._hub, exchange.room)
        return room

    def _in_hub(self, hub: Any, ask: Any) -> Any:
        here = greenlets.current() or hub
        while _is_future(ready := ask(here)):
            here.suspend(ready)
        return ready


class Waiter(Protocol):
    """Waits in a coroutine."""

    @property
    def bridge(self) -> LoopBridge | None:
        """The bridge that the exchange is to be started with."""
        ...

    async def next(self, exchange: HttpExchange) -> Any:
        """What comes next; `None` at the end."""
        ...

    async def has_room(self, exchange: HttpExchange) -> bool:
        """Waits until more of the body is wanted, or no more is."""
        ...


class OnLoop:
    """Waits on asyncio's running loop."""

    def __init__(self) -> None:
        self._loop, self.bridge = bridge.running()

    async def next(self, exchange: HttpExchange) -> Any:
        """What comes next; `None` at the end."""
        while _is_future(ready := exchange.next(self._loop)):
            await ready
        return ready

    async def has_room(self, exchange: HttpExchange) -> bool:
        """Waits until more of the body is wanted, or no more is."""
        while _is_future(room := exchange.room(self._loop)):
            await room
        return bool(room)


class InThread:
    """Waits in a thread of anyio's, on loops that are not asyncio's: trio's."""

    bridge = None

    def __init__(self) -> None:
        anyio = importlib.import_module("anyio")
        self._run: Any = anyio.to_thread.run_sync
        # Its own: those who wait for long must not use up the threads of others.
        self._limiter = anyio.CapacityLimiter(1)

    async def next(self, exchange: HttpExchange) -> Any:
        """What comes next; `None` at the end."""
        return await self._run(exchange.wait, abandon_on_cancel=True, limiter=self._limiter)

    async def has_room(self, exchange: HttpExchange) -> bool:
        """Waits until more of the body is wanted, or no more is."""
        return bool(await self._run(exchange.wait_for_room, abandon_on_cancel=True, limiter=self._limiter))


def here() -> Waiter:
    """What waits on the running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return InThread()
    return OnLoop()
