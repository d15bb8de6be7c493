"""Reads a client's configuration again when its files change.

One thread for each client that asks for it, which looks at the files' times and content now and then: that needs no
library, works on network drives, and finds files that come later. A file that is broken changes nothing.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule.configuration.registry import Registry

INTERVAL = 1.0
"""Seconds between two looks."""


class Watch:
    """Looks after the files of a client until it is closed, or the client is gone."""

    def __init__(self, registry: Registry, interval: float = INTERVAL) -> None:
        self._registry = weakref.ref(registry)
        self._interval = interval
        self._seen = self._look(registry, {})
        self.start()
        _watches.add(self)

    def start(self) -> None:
        """Starts the thread."""
        self._closed = threading.Event()
        # The thread must not keep alive what it looks after.
        arguments = (weakref.ref(self), self._closed, self._interval)
        threading.Thread(target=_run, args=arguments, name="ferrule-watch", daemon=True).start()

    def close(self) -> None:
        """Ends the thread."""
        _watches.discard(self)
        self._closed.set()

    def __del__(self) -> None:
        self._closed.set()

    def look(self) -> bool:
        """Reads the configuration again where a file changed. False where the client is gone."""
        registry = self._registry()
        if registry is None:
            return False
        try:
            seen = self._look(registry, self._seen)
            if seen == self._seen:
                return True
            self._seen = seen
            registry.reload()
        except Exception as error:
            _log("the configuration stays as it was, its new one cannot be used: %s", error)
        else:
            _log("the configuration was read again", level=20)
        return True

    @staticmethod
    def _look(registry: Registry, before: Any) -> Any:
        from ferrule.configuration import files

        return files.fingerprint(registry.configuration.found(), before)


def _run(watch: weakref.ref[Watch], closed: threading.Event, interval: float) -> None:
    while not closed.wait(interval):
        looking = watch()
        if looking is None or not looking.look():
            return
        del looking


def _log(text: str, *values: object, level: int = 40) -> None:
    import logging

    logging.getLogger("ferrule").log(level, text, *values)


_watches: weakref.WeakSet[Watch] = weakref.WeakSet()


def _start_again() -> None:
    # Threads do not come along into a child.
    for watch in list(_watches):
        watch.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_again)
