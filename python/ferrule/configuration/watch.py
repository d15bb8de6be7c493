"""File watching: reads a client's configuration again when one of its files changes.

One thread for each client that asks for it polls the files' times and content: that needs no library, works on network
drives, and finds files that are created later. A file that is not valid changes nothing.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

from ferrule.configuration import files
from ferrule.configuration.notices import one_line

if TYPE_CHECKING:
    from ferrule.configuration.registry import Registry

INTERVAL = 1.0
"""Seconds between two polls."""


class Watch:
    """Polls the files of a client until it is closed, or the client is gone.

    Args:
        registry: The client's registry.
        interval: Seconds between two polls.
    """

    def __init__(self, registry: Registry, interval: float = INTERVAL) -> None:
        self._registry = weakref.ref(registry)
        self._interval = interval
        self._seen = files.fingerprint(registry.watched(), {})
        self.start()
        _watches.add(self)

    def start(self) -> None:
        """Starts the thread."""
        self._closed = threading.Event()
        # The thread must not keep the client alive.
        arguments = (weakref.ref(self), self._closed, self._interval)
        threading.Thread(target=_run, args=arguments, name="ferrule-watch", daemon=True).start()

    def close(self) -> None:
        """Ends the thread."""
        _watches.discard(self)
        self._closed.set()

    def __del__(self) -> None:
        self._closed.set()

    def poll(self) -> bool:
        """Reads the configuration again if a file changed. Returns false if the client is gone."""
        registry = self._registry()
        if registry is None:
            return False
        try:
            seen = files.fingerprint(registry.watched(), self._seen)
            if seen == self._seen:
                return True
            self._seen = seen
            registry.reload()
        except Exception as error:
            _log("the configuration stays as it was, the new one is not usable: %s", one_line(str(error)))
        else:
            _log("the configuration was read again", level=20)
        return True


def _run(watch: weakref.ref[Watch], closed: threading.Event, interval: float) -> None:
    while not closed.wait(interval):
        polled = watch()
        if polled is None or not polled.poll():
            return
        del polled


def _log(text: str, *values: object, level: int = 40) -> None:
    import logging  # large, and not needed before something changes

    logging.getLogger("ferrule").log(level, text, *values)


_watches: weakref.WeakSet[Watch] = weakref.WeakSet()


def _restart() -> None:
    # A forked child does not have the threads of its parent.
    for watch in list(_watches):
        watch.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
