"""Event loops in threads of their own, for asynchronous functions that synchronous code calls."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from ferrule.bridge import running
from ferrule.greenlets import are_threads

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Coroutine

    from ferrule._native import LoopBridge

    _T = TypeVar("_T")


class OwnLoop:
    """An event loop in a daemon thread. It starts when it is first needed; in a forked child it is started again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._bridge: LoopBridge | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def bridge(self) -> LoopBridge:
        """The loop's bridge."""
        self.loop()
        if self is not functions_loop and are_threads():
            return functions_loop.bridge()
        assert self._bridge is not None  # noqa: S101 - it is there once the loop is
        return self._bridge

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop."""
        if self is not functions_loop and are_threads():
            # One system thread cannot run two loops.
            return functions_loop.loop()
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._run(ready)), name=self._name, daemon=True
                )
                self._thread.start()
                ready.wait()
            assert self._loop is not None  # noqa: S101 - the thread sets it before it is ready
            return self._loop

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> concurrent.futures.Future[_T]:
        """Starts a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop())

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._bridge = running()
        ready.set()
        await self._loop.create_future()


functions_loop = OwnLoop("ferrule-functions")
"""Runs the functions that are providers of synchronous clients."""
tools_loop = OwnLoop("ferrule-tools")
"""Runs the asynchronous tools of synchronous clients."""
