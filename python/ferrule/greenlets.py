"""gevent's hubs: blocking calls in greenlets, which let other greenlets run while they wait.

The engine waits outside Python, where gevent's monkey-patching does not reach. So a call of a greenlet waits as one of
an event loop's task does: its thread's hub watches the descriptor of a `LoopBridge`.
"""

from __future__ import annotations

import importlib
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ferrule._native import LoopBridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule._native import Flight

_T = TypeVar("_T")

_READABLE = 1
"""gevent's number for a descriptor that can be read."""


class HubBridge:
    """One hub's bridge to the engine."""

    def __init__(self, hub: Any) -> None:
        self.bridge = LoopBridge(has_loop=False)
        self.waiters: Any = importlib.import_module("gevent.event").AsyncResult
        # A hub gives up where all that it waits for does not count: this one counts only while somebody waits.
        self._watcher = hub.loop.io(self.bridge.fileno(), _READABLE, ref=False)
        self._watcher.start(self.bridge.drain)
        self._waiting = 0

    def create_future(self) -> Any:
        """What a greenlet waits for."""
        return self.waiters()

    def wait(self, flight: Flight) -> Any:
        """`Flight.wait` for a flight that was started with the bridge of a hub."""
        here = current()
        if here is None:
            return flight.wait()
        while isinstance(ready := flight.next(cast("Any", here)), here.waiters):
            here.suspend(ready)
        return ready

    def suspend(self, waiter: Any) -> None:
        """Lets other greenlets run until `waiter` is done."""
        self._waiting += 1
        self._watcher.ref = True
        try:
            waiter.get()
        finally:
            self._waiting -= 1
            self._watcher.ref = self._waiting > 0

    def forget(self) -> None:
        """Has the hub watch no more."""
        self._watcher.stop()


_last: weakref.ref[Any] | None = None
"""The hub that a call was made in last."""
_bridges: weakref.WeakKeyDictionary[Any, HubBridge] = weakref.WeakKeyDictionary()


def current() -> HubBridge | None:
    """The bridge of this thread's hub; `None` where gevent did not patch the program, or nothing can wait for a hub."""
    global _last
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("socket"):
        return None
    gevent: Any = sys.modules["gevent"]
    hub = gevent.get_hub()
    if gevent.getcurrent() is hub:
        return None
    if _last is None or _last() is not hub:
        _last = weakref.ref(hub)
    bridge = _bridges.get(hub)
    if bridge is None:
        try:
            bridge = HubBridge(hub)
        except OSError:  # Windows' hubs watch sockets only.
            return None
        _bridges[hub] = bridge
    return bridge


def are_threads() -> bool:
    """Whether what the program starts as a thread is a greenlet, of which one system thread has many."""
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("threading"))


def in_hub(function: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
    """Calls `function` for a thread of the engine's, in a greenlet of the hub that a call was made in last.

    A thread that Python did not start cannot have a hub of its own, which most of what gevent patches needs. Without
    gevent the function is called where we are.
    """
    hub = _last() if _last is not None else None
    if hub is None:
        return function(*arguments, **options)
    outcome: list[tuple[_T | None, BaseException | None]] = []
    done = sys.modules["gevent.monkey"].get_original("_thread", "allocate_lock")()
    done.acquire()

    def run() -> None:
        try:
            outcome.append((function(*arguments, **options), None))
        except BaseException as error:
            outcome.append((None, error))
        done.release()

    hub.loop.run_callback_threadsafe(sys.modules["gevent"].spawn, run)
    done.acquire()
    value, error = outcome[0]
    if error is not None:
        raise error
    return cast("_T", value)


def _in_a_child() -> None:
    # A descriptor that the parent waits for, too: each would take the other's wake-ups.
    for bridge in _bridges.values():
        bridge.forget()
    _bridges.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_a_child)
