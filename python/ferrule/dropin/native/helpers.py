"""Stream helpers of the SDKs (`.stream()`), whose streams accumulate fast."""

from __future__ import annotations

import functools
import os
from typing import Any

from ferrule.dropin.native.replay import SWITCH
from ferrule.sdk_objects.stream_managers import accelerated


def helped(official: Any, made: Any) -> Any:
    """`made`, a subclass of an SDK's resource class, whose helper `stream` gives managers of fast streams.

    One that somebody replaced on the official class is called as it is.
    """
    original = vars(official).get("stream")
    if original is None:
        return made

    @functools.wraps(original)
    def stream(self: Any, *positional: Any, **given: Any) -> Any:
        manager = vars(official)["stream"].__get__(self, type(self))(*positional, **given)
        return manager if os.environ.get(SWITCH) == "sdk" else accelerated(manager)

    made.stream = stream
    return made


@functools.cache
def _helped(official: type) -> Any:
    fields = {"__module__": official.__module__, "__doc__": official.__doc__}
    return helped(official, type(official.__name__, (official,), fields))


def with_fast_helper(resource: Any) -> Any:
    """A resource of a client as one whose helper is fast; only for a resource that was just made."""
    official: Any = type(resource)
    return _helped(official)(resource._client)  # noqa: SLF001 - the SDK's
