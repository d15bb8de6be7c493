"""Managers of the SDKs' stream helpers (`.stream()`), whose streams accumulate fast."""

from __future__ import annotations

import functools
from typing import Any

from ferrule.sdk_objects import chat_snapshots, message_snapshots, response_snapshots


def accelerated(manager: Any) -> Any:
    """The same manager; the stream that it opens accumulates fast, and gives the same events.

    Args:
        manager: What `.stream()` of chat completions, Responses or messages returned, synchronous or not, before it is
            entered. It stays an instance of its class. What an instrumentation has put around one is left as it is.
    """
    kind: Any = type(manager)
    if manager.__class__ is not kind:  # A proxy, which says that it is what it wraps.
        return manager
    try:
        manager.__class__ = _accelerated(kind)
    except TypeError:  # A class of somebody else's, whose objects are laid out in another way.
        return manager
    return manager


def accelerate(stream: Any) -> None:
    """Makes a stream of the SDK's helpers accumulate fast, before anything was read from it."""
    state = getattr(stream, "_state", None)
    if hasattr(state, "handle_chunk"):
        chat_snapshots.accelerate(state)
    elif hasattr(state, "handle_event"):
        response_snapshots.accelerate(state)
    else:
        message_snapshots.accelerate(stream)


@functools.cache
def _accelerated(class_: Any) -> Any:
    """A subclass, called as the class is, that accelerates what it opens."""
    if hasattr(class_, "__aenter__"):

        async def enter_async(self: Any) -> Any:
            stream = await class_.__aenter__(self)
            accelerate(stream)
            return stream

        methods: dict[str, Any] = {"__aenter__": enter_async}
    else:

        def enter(self: Any) -> Any:
            stream = class_.__enter__(self)
            accelerate(stream)
            return stream

        methods = {"__enter__": enter}
    named = {"__module__": class_.__module__, "__qualname__": class_.__qualname__, "__doc__": class_.__doc__}
    return type(class_.__name__, (class_,), named | methods)
