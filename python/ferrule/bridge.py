"""Event loop bridges: one `LoopBridge` for each running loop, through which the engine wakes it.

The loop watches the bridge's file descriptor, and one wake-up delivers everything that is ready
(`crates/python/src/bridge.rs`). A loop that cannot watch descriptors (Windows' Proactor) is woken by a thread instead.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref

from ferrule._native import LoopBridge

_bridges: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopBridge] = weakref.WeakKeyDictionary()
_last = threading.local()


def running() -> tuple[asyncio.AbstractEventLoop, LoopBridge]:
    """The running loop and its bridge.

    Raises:
        RuntimeError: No loop is running in this thread.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise _no_loop() from None
    last = getattr(_last, "bridge", None)
    # Nearly every call comes from the same loop as the call before.
    if last is not None and last[0]() is loop:
        return loop, last[1]
    bridge = _bridges.get(loop)
    if bridge is None:
        bridge = _attach(loop)
        _bridges[loop] = bridge
    _last.bridge = (weakref.ref(loop), bridge)
    return loop, bridge


def _no_loop() -> RuntimeError:
    """What is missing, by who is running instead."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        return RuntimeError(
            "asynchronous clients run on asyncio; trio is running: use trio.to_thread.run_sync with a ferrule.Client, "
            "or trio-asyncio's aio_as_trio"
        )
    return RuntimeError("no running event loop: asynchronous clients are used inside asyncio.run")


def _attach(loop: asyncio.AbstractEventLoop) -> LoopBridge:
    try:
        bridge = LoopBridge()
        loop.add_reader(bridge.fileno(), bridge.drain)
    except (NotImplementedError, OSError):
        bridge = LoopBridge(thread=True)
        _wake_by_thread(loop, bridge)
    return bridge


def _wake_by_thread(loop: asyncio.AbstractEventLoop, bridge: LoopBridge) -> None:
    # The thread must not keep the loop alive, and has to end with it.
    reference = weakref.ref(loop, lambda _: bridge.close())

    def wake() -> None:
        while bridge.wait():
            loop = reference()
            if loop is None or loop.is_closed():
                return
            try:
                loop.call_soon_threadsafe(bridge.drain)
            except RuntimeError:  # It was closed in the meantime.
                return
            del loop

    threading.Thread(target=wake, name="ferrule-bridge", daemon=True).start()
